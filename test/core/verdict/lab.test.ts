import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { Evaluation } from '../../../src/core/verdict/evaluation.ts';
import { worstGate } from '../../../src/core/verdict/worstGate.ts';
import { EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { type Random, seededRandom } from '../../support/random.ts';

// The bookstore: live answers in about 15 ms; V3 delays and V4 faults one route only, the others are healthy.
const ROUTES = ['GET Books/Get', 'GET Books/GetById', 'GET Reviews/Get'] as const;
const FAULTY_ROUTE = 'GET Reviews/Get';
const REQUESTS_PER_BLOCK = 60; // per route: two a second
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const HOUR = 120; // blocks

type Answer = (route: string, random: Random) => number | null;

const healthy: Answer = (_, random) => 15 * Math.exp(0.4 * random.normal());

const answers: Record<'V2' | 'V3' | 'V4', Answer> = {
  V2: healthy,
  V3: (route, random) => (route === FAULTY_ROUTE ? 1208 * Math.exp(0.02 * random.normal()) : healthy(route, random)),
  V4: (route, random) => (route === FAULTY_ROUTE && random.integer(10) % 2 === 0 ? null : healthy(route, random)),
};

describe('the lab', () => {
  for (const seed of SEEDS) {
    it(`passes V2 (seed ${seed})`, () => {
      const { evaluation } = run('V2', seed, HOUR);
      expect(evaluation).toMatchObject({ verdict: 'Pass', reason: 'WithinTolerance' });
      expect(worstGate(evaluation)).toBeNull();
    });

    it(`fails V3 within two intervals for the latency of its slow route (seed ${seed})`, () => {
      const { evaluation, blocks } = run('V3', seed, HOUR);
      expect(blocks).toBeLessThanOrEqual(2);
      expect(evaluation).toMatchObject({ verdict: 'Fail', reason: 'Latency' });
      expect(worstGate(evaluation)).toMatchObject({ route: FAULTY_ROUTE, gate: { gate: 'p50' } });
    });

    it(`fails V4 within two intervals for the errors of its faulty route (seed ${seed})`, () => {
      const { evaluation, blocks } = run('V4', seed, HOUR);
      expect(blocks).toBeLessThanOrEqual(2);
      expect(evaluation).toMatchObject({ verdict: 'Fail', reason: 'Errors' });
      expect(worstGate(evaluation)).toMatchObject({ route: FAULTY_ROUTE, gate: { gate: 'errors' } });
    });
  }

  it('fails V3 on no healthy route', () => {
    const { evaluation } = run('V3', 1, HOUR);
    const failed = evaluation.routes.filter(({ verdict }) => verdict === 'Fail').map(({ name }) => name);
    expect(failed).toContain(FAULTY_ROUTE);
    expect(failed).not.toContain('GET Books/Get');
    expect(failed).not.toContain('GET Books/GetById');
  });
});

/** Polls after every block until there is a verdict. */
function run(version: keyof typeof answers, seed: number, most: number): { evaluation: Evaluation; blocks: number } {
  const random = seededRandom(seed);
  const recorder = new EvidenceRecorder();
  for (let blocks = 1; ; blocks++) {
    for (const route of ROUTES) {
      for (let i = 0; i < REQUESTS_PER_BLOCK; i++) {
        recorder.record(route, 'live', healthy(route, random));
        recorder.record(route, 'mirror', answers[version](route, random));
      }
    }
    recorder.endBlock();
    const evaluation = evaluate(recorder.document(undefined, blocks === most));
    if (evaluation.verdict !== 'Running') return { evaluation, blocks };
  }
}
