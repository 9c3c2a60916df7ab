import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import { documentIntervals, type RouteMoments } from '../../../src/core/verdict/intervals.ts';
import { DEFAULT_ANALYSIS, EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { seededRandom } from '../../support/random.ts';
import vectors from '../../vectors/verdict.json' with { type: 'json' };

const documents = vectors.vectors
  .filter((vector) => vector.function === 'evaluate')
  .map((vector) => [vector.name, vector.input as unknown as EvidenceDocument] as const);

/** A purely absolute tolerance: then the latency limits and the verdict ask the same question. */
function absolute(document: EvidenceDocument, ms: number, failOnly = false): EvidenceDocument {
  const latency = document.analysis.latency.map(({ percentile }) => ({
    percentile,
    maxIncreasePercent: 0,
    maxIncreaseMilliseconds: ms,
    failOnly,
  }));
  return { ...document, analysis: { ...document.analysis, latency } };
}

describe('documentIntervals', () => {
  it.each(documents)('never disagrees with the verdict (%s)', (_, original) => {
    for (const ms of [1, 5, 20]) {
      const document = absolute(original, ms);
      const { analysis } = document;
      const enough = Math.log(100 / analysis.falseAlarmPercent);
      for (const [index, route] of evaluate(document).routes.entries()) {
        const { latency, errors } = documentIntervals(document, index);
        for (const { percentile, deltaInterval } of latency) {
          const gate = route.gates.find((candidate) => candidate.gate === `p${percentile}`);
          expect(gate && gate.logEvidenceFail >= gate.threshold).toBe((deltaInterval.lower ?? -1) >= ms);
          expect(gate && gate.logEvidencePass >= enough).toBe((deltaInterval.upper ?? 1e9) <= ms);
        }
        const gate = route.gates.find((candidate) => candidate.gate === 'errors');
        const tolerated = analysis.errors.maxIncreaseBasisPoints / 100;
        if (errors.deltaPercentagePoints === null) continue;
        expect(gate && gate.logEvidenceFail >= gate.threshold).toBe((errors.deltaInterval.lower ?? -100) >= tolerated);
        expect(gate && gate.logEvidencePass >= enough).toBe((errors.deltaInterval.upper ?? 100) <= tolerated);
      }
    }
  });

  it.each(documents)(
    'has a lower limit above the absolute tolerance for every latency that fails (%s)',
    (_, document) => {
      for (const [index, route] of evaluate(document).routes.entries()) {
        for (const { percentile, deltaInterval } of documentIntervals(document, index).latency) {
          const setting = document.analysis.latency.find((latency) => latency.percentile === percentile);
          const gate = route.gates.find((candidate) => candidate.gate === `p${percentile}`);
          if (gate?.verdict !== 'Fail') continue;
          expect(deltaInterval.lower).toBeGreaterThanOrEqual(setting?.maxIncreaseMilliseconds ?? Number.NaN);
        }
      }
    },
  );

  it('measures a candidate that takes 30 ms longer and fails 5 % more often', () => {
    const { document, moments } = record({ slower: 30, mirrorErrors: 0.06, blocks: 20 });
    const { name, latency, errors, mean } = documentIntervals(document, 0, { moments });
    expect(name).toBe('GET /');
    for (const {
      percentile,
      liveMilliseconds,
      mirrorMilliseconds,
      deltaMilliseconds,
      deltaPercent,
      deltaInterval,
    } of latency) {
      expect(mirrorMilliseconds).toBeCloseTo((liveMilliseconds ?? 0) + (deltaMilliseconds ?? 0), 9);
      expect(deltaPercent).toBeCloseTo((100 * (deltaMilliseconds ?? 0)) / (liveMilliseconds ?? 0), 9);
      if (percentile === 99) continue; // too few requests beyond it for a limit
      expect(deltaInterval.lower, `p${percentile}`).toBeLessThan(30);
      expect(deltaInterval.upper, `p${percentile}`).toBeGreaterThan(30);
    }
    expect(errors.livePercent).toBeLessThan(2);
    expect(errors.deltaInterval.lower).toBeGreaterThan(1);
    expect(errors.deltaInterval.lower).toBeLessThan(5);
    expect(errors.deltaInterval.upper).toBeGreaterThan(5);
    expect(mean?.lower).toBeLessThan(30);
    expect(mean?.upper).toBeGreaterThan(30);
    expect(mean?.difference).toBeCloseTo(30, -1);
  });

  it('is as sure as the verdict: a later route, with a smaller share of the false-alarm rate, has wider lower limits', () => {
    const [, original] = documents.find(([name]) => name.includes('rare route beside')) ?? [];
    if (!original) throw new Error('no such vector');
    const [route] = original.routes;
    const alone = documentIntervals({ ...original, routes: route ? [route] : [] }, 0);
    const third = documentIntervals({ ...original, routes: original.routes.toReversed() }, 2);
    expect(third.name).toBe(alone.name);
    expect(third.latency[0]?.deltaInterval.lower).toBeLessThan((alone.latency[0]?.deltaInterval.lower ?? 0) - 0.01);
    expect(third.latency[0]?.deltaInterval.upper).toBeCloseTo(alone.latency[0]?.deltaInterval.upper ?? 0, 9);
  });

  it('has no numbers where there are none', () => {
    const { document } = record({ slower: 0, mirrorErrors: 1, blocks: 5 });
    const { latency, errors, mean } = documentIntervals(document, 0);
    const none = { lower: null, upper: null };
    expect(latency[0]).toMatchObject({
      mirrorMilliseconds: null,
      deltaMilliseconds: null,
      deltaPercent: null,
      deltaInterval: none,
    });
    expect(errors).toMatchObject({ mirrorPercent: 100 });
    expect(mean).toBeNull();
  });

  it('has no error interval for a silent candidate', () => {
    const { document } = record({ slower: 0, mirrorErrors: null, blocks: 5 });
    const { errors } = documentIntervals(document, 0);
    expect(errors).toMatchObject({
      mirrorPercent: null,
      deltaPercentagePoints: null,
      deltaInterval: { lower: null, upper: null },
    });
  });

  it('refuses an entry that the evaluation does not have', () => {
    const { document } = record({ slower: 0, mirrorErrors: 0, blocks: 1 });
    expect(() => documentIntervals(document, 1)).toThrow('the evaluation has no route at 1');
  });
});

/** mirrorErrors null: the candidate reports nothing. */
function record(options: { slower: number; mirrorErrors: number | null; blocks: number }) {
  const random = seededRandom(3);
  const recorder = new EvidenceRecorder();
  const moments = { live: { weight: 0, sum: 0, sumOfSquares: 0 }, mirror: { weight: 0, sum: 0, sumOfSquares: 0 } };
  const add = (arm: keyof RouteMoments, ms: number, errors: number): void => {
    const failed = random.chance(errors);
    recorder.record('GET /', arm, failed ? null : ms);
    if (failed) return;
    moments[arm].weight++;
    moments[arm].sum += ms;
    moments[arm].sumOfSquares += ms * ms;
  };
  for (let block = 0; block < options.blocks; block++) {
    for (let i = 0; i < 200; i++) {
      add('live', 100 * Math.exp(0.3 * random.normal()), 0.01);
      if (options.mirrorErrors === null) continue;
      add('mirror', 100 * Math.exp(0.3 * random.normal()) + options.slower, options.mirrorErrors);
    }
    recorder.endBlock();
  }
  return { document: recorder.document(DEFAULT_ANALYSIS), moments };
}
