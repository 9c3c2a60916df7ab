import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type {
  EvidenceAnalysis,
  EvidenceArm,
  EvidenceDocument,
  EvidencePairs,
  EvidenceRoute,
} from '../../../src/core/verdict/evidence.ts';
import { DEFAULT_ANALYSIS, EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { seededRandom } from '../../support/random.ts';
import vectors from '../../vectors/verdict.json' with { type: 'json' };

const documents = vectors.vectors
  .filter((vector) => vector.function === 'evaluate')
  .map((vector) => [vector.name, vector.input as unknown as EvidenceDocument] as const);

describe('evaluate', () => {
  it.each(documents)('is a pure function: the same result again, and nothing changed (%s)', (_, document) => {
    const frozen = deepFreeze(structuredClone(document));
    expect(evaluate(frozen)).toEqual(evaluate(document));
  });

  it.each(documents)('does not depend on the order of JSON keys (%s)', (_, document) => {
    const expected = evaluate(document);
    for (let seed = 1; seed <= 5; seed++) expect(evaluate(shuffleKeys(document, seed))).toEqual(expected);
  });

  it('splits the false-alarm rate by the order of the routes, and by nothing else', () => {
    const document = healthy({ names: ['b', 'a'], blocks: 12 });
    const swapped = { ...document, routes: document.routes.toReversed() };
    const thresholds = (judged: EvidenceDocument) =>
      evaluate(judged).routes.map(({ name, gates }) => [name, gates[0]?.threshold]);
    const shares = [1 / 2, 1 / 6, 1 / 12].map((share) => Math.log(5 / (0.05 * share)));
    expect(thresholds(document)).toEqual([
      ['(all)', close(shares[0])],
      ['b', close(shares[1])],
      ['a', close(shares[2])],
    ]);
    expect(thresholds(swapped)).toEqual([
      ['(all)', close(shares[0])],
      ['a', close(shares[1])],
      ['b', close(shares[2])],
    ]);
  });

  it('judges a single route as the sum, with the whole first share', () => {
    const [only, ...rest] = evaluate(healthy({ names: ['a'], blocks: 12 })).routes;
    expect(only).toMatchObject({ name: 'a', gates: [{ threshold: close(Math.log(5 / 0.025)) }, {}, {}, {}, {}] });
    expect(rest).toEqual([]);
  });

  it('is undecided without routes, and without live requests', () => {
    const document = healthy({ names: ['a'], blocks: 12 });
    const silent = { ...document, routes: document.routes.map((route) => ({ ...route, live: emptyArm, blocks: [] })) };
    for (const judged of [{ ...document, routes: [] }, silent]) {
      expect(evaluate(judged)).toMatchObject({ verdict: 'Running', reason: 'NotEnoughEvidence' });
      expect(evaluate({ ...judged, deadline: true })).toMatchObject({ verdict: 'Inconclusive' });
    }
  });

  it('never passes without evidence: not with a silent candidate, however long', () => {
    const document = healthy({ names: ['a'], blocks: 40 });
    const routes = document.routes.map((route) => ({
      ...route,
      mirror: emptyArm,
      blocks: route.blocks.map((block) => ({ ...block, mirror: { items: 0, errorItems: 0, atOrBelow: zeros } })),
    }));
    expect(evaluate({ ...document, routes })).toMatchObject({ verdict: 'Fail', reason: 'LostCopies' });
  });

  it('passes only when every required route passes at the same poll', () => {
    const document = healthy({ names: ['a', 'b'], blocks: 40 });
    expect(evaluate(document).verdict).toBe('Pass');
    const starved = document.routes.map((route) => (route.name === 'b' ? firstBlocks(route, 9) : route));
    expect(evaluate({ ...document, routes: starved }).verdict).toBe('Running');
  });

  it('lets a minor route be undecided, unless it is declared', () => {
    const document = healthy({ names: ['a', 'rare'], blocks: 40, requests: { rare: 1 } });
    expect(evaluate(document).verdict).toBe('Pass');
    const declared: EvidenceAnalysis = { ...DEFAULT_ANALYSIS, routes: { include: ['a', 'rare'] } };
    expect(evaluate({ ...document, analysis: declared }).verdict).toBe('Running');
  });

  it('fails for one minor route alone', () => {
    const document = healthy({ names: ['a', 'rare'], blocks: 40, requests: { rare: 5 }, slow: 'rare' });
    const { verdict, reason, routes } = evaluate(document);
    expect({ verdict, reason }).toEqual({ verdict: 'Fail', reason: 'Latency' });
    expect(routes.find(({ name }) => name === 'rare')?.verdict).toBe('Fail');
  });

  it('does not decide in fewer than two blocks, nor with fewer than minRequests', () => {
    const slow = { names: ['a'], slow: 'a', requests: { a: 200 } };
    expect(evaluate(healthy({ ...slow, blocks: 1 })).verdict).toBe('Running');
    expect(evaluate(healthy({ ...slow, blocks: 2 })).verdict).toBe('Fail');
    const strict = { ...DEFAULT_ANALYSIS, minRequests: 401 };
    expect(evaluate({ ...healthy({ ...slow, blocks: 2 }), analysis: strict }).verdict).toBe('Running');
  });

  it('does not pass coverage with fewer than minRequests', () => {
    const coverage = (requests: number) =>
      evaluate(healthy({ names: ['a'], blocks: 12, requests: { a: requests } })).routes[0]?.gates.at(-1);
    expect(coverage(4)).toMatchObject({ gate: 'coverage', verdict: 'Running', effectiveLive: 48 });
    expect(coverage(5)).toMatchObject({ gate: 'coverage', verdict: 'Pass', effectiveLive: 60 });
  });

  it('counts only blocks in which live has rows', () => {
    const document = healthy({ names: ['a'], blocks: 9, requests: { a: 600 } });
    const late = (live: number) => ({
      ...document,
      routes: document.routes.map((route) => ({
        ...route,
        blocks: [
          ...route.blocks,
          {
            start: 270,
            live: { items: live, errorItems: 0, atOrBelow: zeros },
            mirror: { items: 1, errorItems: 0, atOrBelow: zeros },
          },
        ],
      })),
    });
    expect(evaluate(late(0)).verdict).toBe('Running');
    expect(evaluate(late(1)).verdict).toBe('Pass');
  });

  it('counts lost copies as failed, with pairs and without', () => {
    const document = healthy({ names: ['a'], blocks: 40, requests: { a: 100 } });
    const withLoss = (lost: number, pairs: EvidencePairs | null) => ({
      ...document,
      routes: document.routes.map((route) => {
        const live = { ...route.live, items: route.live.items + lost, requests: route.live.requests + lost };
        return { ...route, live: { ...live, sumSquaredWeights: live.items }, pairs };
      }),
    });
    const pairs = { count: 4000, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 };
    const errors = (judged: EvidenceDocument) =>
      evaluate(judged).routes[0]?.gates.find(({ gate }) => gate === 'errors');
    expect(errors(withLoss(0, pairs))?.verdict).toBe('Pass');
    expect(errors(withLoss(60, pairs))?.verdict).toBe('Running');
    const without = (lost: number) => errors(withLoss(lost, null))?.logEvidencePass ?? Number.NaN;
    expect(without(60)).toBeLessThan(without(0));
  });

  it('a mirrorPercent that is absent is 100', () => {
    const { mirrorPercent: _, ...document } = healthy({ names: ['a'], blocks: 12 });
    expect(evaluate(document)).toEqual(evaluate({ ...document, mirrorPercent: 100 }));
  });

  it('uses pairs from 90 % of the smaller arm on', () => {
    const document = healthy({ names: ['a'], blocks: 12, requests: { a: 100 } });
    const withPairs = (count: number) => ({
      ...document,
      routes: document.routes.map((route) => ({
        ...route,
        pairs: { count, onlyMirrorFailed: count / 2, onlyLiveFailed: 0, slower: 0 },
      })),
    });
    expect(evaluate(withPairs(1080))).toMatchObject({ verdict: 'Fail', reason: 'Errors' });
    expect(evaluate(withPairs(1078))).toEqual(evaluate(document));
  });

  it('merges −0 with 0 and negative buckets over the routes', () => {
    const document = healthy({ names: ['a', 'b'], blocks: 12 });
    const route = (name: string, histogram: Record<string, number>): EvidenceRoute => {
      const of = document.routes.find((candidate) => candidate.name === name) ?? document.routes[0];
      if (!of) throw new Error('no route');
      return { ...of, live: { ...of.live, histogram }, mirror: { ...of.mirror, histogram } };
    };
    const judge = (...routes: EvidenceRoute[]) => evaluate({ ...document, routes }).routes[0];
    const negative = { '-349': 100, '-5': 200, '40': 60 };
    expect(judge(route('a', { '-0': 300, '7': 60 }), route('b', negative))).toEqual(
      judge(route('a', { '0': 300, '7': 60 }), route('b', negative)),
    );
  });

  it('says which route lacks the counts of a percentile', () => {
    const document = healthy({ names: ['GET /'], blocks: 12 });
    const analysis = {
      ...DEFAULT_ANALYSIS,
      latency: [{ percentile: 75, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 }],
    };
    expect(() => evaluate({ ...document, analysis })).toThrow('route "GET /" has no atOrBelow count for percentile 75');
  });

  it('gives finite numbers for any counts', () => {
    const arm = fc
      .record({
        histogram: fc.dictionary(fc.integer({ min: -349, max: 763 }).map(String), fc.integer({ min: 0, max: 1e8 })),
        errors: fc.integer({ min: 0, max: 1e8 }),
        weight: fc.integer({ min: 1, max: 100 }),
      })
      .map(({ histogram, errors, weight }): EvidenceArm => {
        const successes = Object.values(histogram).reduce((sum, count) => sum + count, 0);
        return {
          items: Math.ceil((successes + errors) / weight),
          errorItems: Math.ceil(errors / weight),
          requests: successes + errors,
          errors,
          sumSquaredWeights: (successes + errors) * weight,
          successSumSquaredWeights: successes * weight,
          histogram,
        };
      });
    const blockArm = fc
      .tuple(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50))
      .map(([p99, p95, p50, above, bad]) => ({
        items: p99 + p95 + p50 + above + bad,
        errorItems: bad,
        atOrBelow: { '50': p50, '95': p50 + p95, '99': p50 + p95 + p99 },
      }));
    const blocks = fc
      .array(fc.record({ live: blockArm, mirror: blockArm }), { maxLength: 40 })
      .map((entries) => entries.map((entry, index) => ({ start: 30 * index, ...entry })));
    const route = fc.record({ name: fc.string(), live: arm, mirror: arm, blocks, pairs: fc.constant(null) });
    fc.assert(
      fc.property(
        fc.array(route, { maxLength: 3 }),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        (routes, mirrorPercent, deadline) => {
          const document = healthy({ names: ['a'], blocks: 1 });
          for (const { gates } of evaluate({ ...document, routes, mirrorPercent, deadline }).routes) {
            for (const { gate, verdict, ...numbers } of gates) {
              expect(
                Object.values(numbers).every(Number.isFinite),
                `${gate} ${verdict} ${JSON.stringify(numbers)}`,
              ).toBe(true);
            }
          }
        },
      ),
    );
  });
});

const zeros = { '50': 0, '95': 0, '99': 0 };
const emptyArm: EvidenceArm = {
  items: 0,
  errorItems: 0,
  requests: 0,
  errors: 0,
  sumSquaredWeights: 0,
  successSumSquaredWeights: 0,
  histogram: {},
};

interface Traffic {
  readonly names: readonly string[];
  readonly blocks: number;
  /** Requests per block; 60 where nothing is said. */
  readonly requests?: Readonly<Record<string, number>>;
  /** A route on which mirror takes a second longer. */
  readonly slow?: string;
}

function healthy({ names, blocks, requests = {}, slow }: Traffic): EvidenceDocument {
  const random = seededRandom(7);
  const recorder = new EvidenceRecorder();
  for (let block = 0; block < blocks; block++) {
    for (const name of names) {
      for (let i = 0; i < (requests[name] ?? 60); i++) {
        recorder.record(name, 'live', 15 * Math.exp(0.4 * random.normal()));
        recorder.record(name, 'mirror', 15 * Math.exp(0.4 * random.normal()) + (name === slow ? 1000 : 0));
      }
    }
    recorder.endBlock();
  }
  return recorder.document();
}

/** The route as if its telemetry had ended after some blocks: same totals, fewer blocks. */
function firstBlocks(route: EvidenceRoute, blocks: number): EvidenceRoute {
  return { ...route, blocks: route.blocks.slice(0, blocks) };
}

function close(expected: number | undefined) {
  return expect.closeTo(expected ?? Number.NaN, 9);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}

/** Integer-like keys are always iterated in numeric order by JavaScript, so histograms get them with a sign or zero in front. */
function shuffleKeys<T>(value: T, seed: number): T {
  const random = seededRandom(seed);
  const shuffle = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(shuffle);
    if (typeof part !== 'object' || part === null) return part;
    const entries = random.shuffled(Object.entries(part)).map(([key, inner]) => [key, shuffle(inner)] as const);
    const isHistogram =
      entries.length > 0 && entries.every(([key]) => /^-?\d+$/.test(key) && !/^(50|95|99)$/.test(key));
    return Object.fromEntries(
      isHistogram ? entries.map(([key, inner]) => [key.replace(/^(?=\d)/, '+'), inner]) : entries,
    );
  };
  return shuffle(value) as T;
}
