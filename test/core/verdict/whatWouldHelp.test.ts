import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceAnalysis, EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import { whatWouldHelp } from '../../../src/core/verdict/whatWouldHelp.ts';
import { DEFAULT_ANALYSIS, EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { type Random, seededRandom } from '../../support/random.ts';

type Answer = (random: Random) => number | null;

interface RouteTraffic {
  readonly name?: string;
  readonly requests: number;
  readonly live?: Answer;
  /** undefined: the copy is lost. */
  readonly mirror?: (random: Random) => number | null | undefined;
}

const usual: Answer = (random) => 100 * Math.exp(0.3 * random.normal());
const wide: Answer = (random) => 100 * Math.exp(0.5 * random.normal());

function record(blocks: number, ...routes: RouteTraffic[]): EvidenceDocument {
  const random = seededRandom(11);
  const recorder = new EvidenceRecorder();
  for (let block = 0; block < blocks; block++) {
    for (const { name = 'GET /', requests, live = usual, mirror = live } of routes) {
      for (let i = 0; i < requests; i++) {
        recorder.record(name, 'live', live(random));
        const answer = mirror(random);
        if (answer !== undefined) recorder.record(name, 'mirror', answer);
      }
    }
    recorder.endBlock();
  }
  return recorder.document(DEFAULT_ANALYSIS, true);
}

function advise(document: EvidenceDocument, analysis: EvidenceAnalysis = DEFAULT_ANALYSIS): string[] {
  const judged = { ...document, analysis };
  const evaluation = evaluate(judged);
  expect(evaluation.verdict).toBe('Inconclusive');
  return whatWouldHelp(judged, evaluation);
}

describe('whatWouldHelp', () => {
  it('says nothing about a verdict that is final', () => {
    const passed = record(40, { requests: 300 });
    const failed = record(4, { requests: 300, mirror: () => null });
    for (const document of [passed, failed]) expect(whatWouldHelp(document, evaluate(document))).toEqual([]);
  });

  it('asks for traffic when there is none', () => {
    expect(advise(record(20))).toEqual([expect.stringMatching(/^No live request was seen/)]);
  });

  it('asks for traffic when a route has less than minRequests', () => {
    expect(advise(record(20, { requests: 2 }))).toEqual([
      'GET / had 40 live requests and needs at least 50: send more traffic.',
    ]);
  });

  it('says that the candidate is silent', () => {
    expect(advise(record(5, { requests: 50, mirror: () => undefined }))).toEqual([
      expect.stringMatching(/^The candidate reported none of the copies of GET \//),
    ]);
  });

  it('asks for more time when there are too few intervals', () => {
    expect(advise(record(6, { requests: 300 }))).toEqual([
      expect.stringMatching(/^GET \/ had live requests in 6 intervals and a Pass needs 10/),
    ]);
  });

  it('estimates the requests that the open gate needs, and that many do decide it', () => {
    const [sentence, ...rest] = advise(record(12, { requests: 60, live: wide }));
    expect(rest).toEqual([]);
    const needed = /^p95 of GET \/ needs about ([\d,]+) requests in each version and has 720/.exec(sentence ?? '')?.[1];
    const perBlock = Math.ceil(Number(needed?.replaceAll(',', '')) / 12);
    expect(perBlock).toBeGreaterThan(60);
    expect(evaluate(record(12, { requests: Math.ceil(1.5 * perBlock), live: wide })).verdict).toBe('Pass');
  });

  it('names another percentile for one that lies between two modes, and that one does decide', () => {
    const twoModes: Answer = (random) => (random.chance(0.05) ? 200 : 10) * Math.exp(0.1 * random.normal());
    const document = record(20, { requests: 200, live: twoModes });
    const sentences = advise(document);
    expect(sentences).toEqual([
      'p95 of GET / lies between two modes, where the percentile is not determined: compare p90 or p97 instead.',
    ]);
  });

  it('does not take a thin tail for a mode', () => {
    const heavy: Answer = (random) => 100 / (1 - random.uniform()) ** (1 / 1.5);
    const sentences = advise(record(12, { requests: 40, live: heavy }));
    expect(sentences.join()).not.toContain('two modes');
    expect(sentences.join()).toContain('send more traffic');
  });

  it('tells to exclude a route on which live itself never succeeds', () => {
    const document = record(20, { requests: 60, live: () => null });
    expect(advise(document)).toContainEqual(
      expect.stringMatching(/^Live itself never succeeded on GET \/ \(1,200 requests\).*exclude the route/),
    );
  });

  it('names the sum when no route by itself is open', () => {
    const document = record(20, { name: 'a', requests: 400 }, { name: 'b', requests: 400 });
    const evaluation = evaluate(document);
    expect(evaluation.verdict).toBe('Pass');
    const routes = evaluation.routes.map((route) =>
      route.name === '(all)'
        ? {
            ...route,
            gates: route.gates.map((gate) =>
              gate.gate === 'p95' ? { ...gate, verdict: 'Inconclusive' as const } : gate,
            ),
          }
        : route,
    );
    expect(whatWouldHelp(document, { verdict: 'Inconclusive', reason: 'NotEnoughEvidence', routes })).toEqual([
      expect.stringMatching(/^p95 of all routes together/),
    ]);
  });

  it('asks for traffic when the candidate is beyond the tolerance but not yet proven to be', () => {
    const slower: Answer = (random) => 140 * Math.exp(0.3 * random.normal());
    const [sentence] = advise(record(12, { requests: 6, mirror: slower }), {
      ...DEFAULT_ANALYSIS,
      errors: { maxIncreaseBasisPoints: 2000 },
    });
    expect(sentence).toMatch(/^p\d\d of GET \/ needs about/);
    expect(evaluate(record(12, { requests: 100, mirror: slower })).verdict).toBe('Fail');
  });

  it('names lost copies once when coverage is open, and by gate when it is not', () => {
    const losing = (share: number) =>
      record(20, { requests: 300, mirror: (random) => (random.chance(share) ? undefined : usual(random)) });
    expect(advise(losing(0.2))).toEqual([
      expect.stringMatching(/^The candidate reported (79|80)\.\d % of the copies of GET \//),
    ]);
    const few = advise(losing(0.03));
    expect(few).toContainEqual(
      expect.stringMatching(/^The error rate of GET \/ stays open because \d+ lost copies count as failed/),
    );
  });

  it('says when the difference is too close to the tolerance for any traffic', () => {
    const analysis = {
      ...DEFAULT_ANALYSIS,
      latency: [{ percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 0 }],
    };
    const slower: Answer = (random) => 110 * Math.exp(0.3 * random.normal());
    const [sentence] = advise(record(40, { requests: 200, mirror: slower }), analysis);
    expect(sentence).toMatch(/^p50 of GET \/ went from \d+ ms to \d+ ms, too close to the tolerated \d+ ms/);
  });

  it('names pairs where both versions have errors', () => {
    const failing: Answer = (random) => (random.chance(0.06) ? null : usual(random));
    const sentences = advise(record(12, { requests: 120, live: failing }));
    expect(sentences).toContainEqual(
      expect.stringMatching(/^The error rate of GET \/ needs about .* \(pairs\) would need less\.$/),
    );
  });

  it('names the route and not the sum, and only routes that a Pass needs', () => {
    const sentences = advise(
      record(20, { name: 'a', requests: 400 }, { name: 'b', requests: 50 }, { name: 'c', requests: 1 }),
    );
    expect(sentences.length).toBeGreaterThan(0);
    expect(sentences.every((sentence) => sentence.includes(' of b '))).toBe(true);
  });

  it('does not repeat for the sum what a route explains', () => {
    const document = record(12, { name: 'a', requests: 15 }, { name: 'b', requests: 15 });
    expect(evaluate(document).routes[0]).toMatchObject({ name: '(all)', verdict: 'Inconclusive' });
    expect(advise(document)).toEqual([
      expect.stringMatching(/^p95 of a needs about/),
      expect.stringMatching(/^p95 of b needs about/),
    ]);
  });

  it('counts what the candidate reported when that is less than minRequests', () => {
    const document = record(12, {
      requests: 100,
      mirror: (random) => (random.chance(0.98) ? undefined : usual(random)),
    });
    const early = {
      ...document,
      deadline: true,
      routes: document.routes.map((route) => ({ ...route, blocks: route.blocks.slice(0, 9) })),
    };
    expect(advise(early)).toEqual([
      expect.stringMatching(/^The candidate reported \d\d of the 1,200 requests of GET \/ and needs at least 50/),
    ]);
  });

  it('is bounded', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const sentences = advise(record(12, ...names.map((name) => ({ name, requests: 10 }))));
    expect(sentences).toHaveLength(6);
    expect(sentences.at(-1)).toMatch(/^And \d more\.$/);
  });
});
