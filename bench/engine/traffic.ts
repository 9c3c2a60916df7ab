import type { AnswerTable } from '../../src/core/samples/table.ts';
import { percentileBucket } from '../../src/core/samples/thresholds.ts';
import { bucketOf } from '../../src/core/stats/histogram.ts';
import { seededRandom } from '../../test/support/random.ts';

/** What Log Analytics answers to the three queries of one look, for traffic of which nothing is wrong. */
export interface Answers {
  readonly cells: AnswerTable;
  readonly blocks: AnswerTable;
  readonly pairs: AnswerTable;
}

/** The requests of one route, in the order of time; NaN: it failed. Durations in milliseconds. */
interface Route {
  readonly name: string;
  readonly live: Float64Array;
  readonly mirror: Float64Array;
}

/** Of one route and version in a block of 30 s. */
export const PER_BLOCK = 20;
export const PERCENTILES = [50, 95, 99];
const KEPT = 49;

/**
 * Two versions that do the same: log-normal durations (σ 0.5) around 15 to 50 ms, one request in 500 fails. The same at
 * every call.
 * @param fold true: as the queries answer, 49 names and the sum of all others; false: every name
 */
export function answersOf({ routes, blocks, fold }: { routes: number; blocks: number; fold: boolean }): Answers {
  const all = Array.from({ length: routes }, (_, index) => routeOf(index, blocks));
  return tablesOf(fold && routes > KEPT ? folded(all) : all, blocks);
}

/** Every name, in answers of at most 49 of them: what reads an answer refuses more. */
export function unboundedAnswersOf({ routes, blocks }: { routes: number; blocks: number }): readonly Answers[] {
  return Array.from({ length: Math.ceil(routes / KEPT) }, (_, part) => {
    const count = Math.min(KEPT, routes - part * KEPT);
    return tablesOf(
      Array.from({ length: count }, (_, index) => routeOf(part * KEPT + index, blocks)),
      blocks,
    );
  });
}

function routeOf(index: number, blocks: number): Route {
  const random = seededRandom(index + 1);
  const median = 15 + 5 * (index % 8);
  const arm = (): Float64Array =>
    Float64Array.from({ length: blocks * PER_BLOCK }, () =>
      random.chance(0.002) ? Number.NaN : median * Math.exp(0.5 * random.normal()),
    );
  return { name: `GET Resource${String(index).padStart(4, '0')}/Get`, live: arm(), mirror: arm() };
}

/** Block by block, so that the requests stay in the order of time. */
function folded(all: readonly Route[]): readonly Route[] {
  const rest = all.slice(KEPT);
  const sum = (arm: 'live' | 'mirror'): Float64Array => {
    const blocks = (rest[0]?.live.length ?? 0) / PER_BLOCK;
    return Float64Array.from(
      Array.from({ length: blocks }, (_, block) =>
        rest.flatMap((route) => [...route[arm].subarray(block * PER_BLOCK, (block + 1) * PER_BLOCK)]),
      ).flat(),
    );
  };
  return [...all.slice(0, KEPT), { name: '(other)', live: sum('live'), mirror: sum('mirror') }];
}

function tablesOf(routes: readonly Route[], blocks: number): Answers {
  return {
    cells: table(CELLS, routes.flatMap(cellsOf)),
    blocks: table(
      BLOCKS,
      routes.flatMap((route, index) => blocksOf(route, index, blocks)),
    ),
    pairs: table(PAIRS, routes.map(pairsOf)),
  };
}

const CELLS = {
  ...{ Route: 'string', Live: 'bool', Code: 'string', Ok: 'bool', First: 'real', Items: 'long' },
  ...{ Requests: 'long', SquaredWeights: 'long', SumMs: 'real', SumMs2: 'real', Buckets: 'dynamic' },
};
const BLOCKS = longs([
  ...['Route', 'Block', 'LiveItems', 'LiveFailed', 'MirrorItems', 'MirrorFailed'],
  ...PERCENTILES.flatMap((_, gate) => [`L${gate}`, `M${gate}`]),
]);
const PAIRS = longs(['Route', 'Pairs', 'OnlyMirrorFailed', 'OnlyLiveFailed', 'Slower']);

function cellsOf(route: Route): unknown[][] {
  return (['live', 'mirror'] as const).flatMap((arm) => {
    const ok = route[arm].filter((ms) => !Number.isNaN(ms));
    const failed = route[arm].length - ok.length;
    const row = (code: string, count: number, sum: number, squares: number, buckets: unknown) =>
      count === 0
        ? []
        : [[route.name, arm === 'live', code, code === '200', 0, count, count, count, sum, squares, buckets]];
    const sum = ok.reduce((total, ms) => total + ms, 0);
    const squares = ok.reduce((total, ms) => total + ms ** 2, 0);
    const buckets = Object.entries(histogramOf(ok)).map(([bucket, count]) => [Number(bucket), count]);
    return [...row('200', ok.length, sum, squares, buckets), ...row('500', failed, 0, 0, [])];
  });
}

function blocksOf(route: Route, index: number, blocks: number): number[][] {
  const thresholds = PERCENTILES.map((percentile) => percentileBucket(histogramOf(route.live), percentile) ?? 0);
  const size = route.live.length / blocks;
  return Array.from({ length: blocks }, (_, block) => {
    const counts = (arm: Float64Array) => {
      const own = arm.subarray(block * size, (block + 1) * size);
      const below = thresholds.map((threshold) => count(own, (ms) => bucketAt(ms) <= threshold));
      return { items: own.length, failed: count(own, Number.isNaN), below };
    };
    const [live, mirror] = [counts(route.live), counts(route.mirror)];
    const gates = PERCENTILES.flatMap((_, gate) => [live.below[gate] ?? 0, mirror.below[gate] ?? 0]);
    return [index, block, live.items, live.failed, mirror.items, mirror.failed, ...gates];
  });
}

function pairsOf(route: Route, index: number): number[] {
  const pairs = [...route.live].map((live, request) => ({ live, mirror: route.mirror[request] ?? Number.NaN }));
  return [
    ...[index, pairs.length],
    pairs.filter(({ live, mirror }) => !Number.isNaN(live) && Number.isNaN(mirror)).length,
    pairs.filter(({ live, mirror }) => Number.isNaN(live) && !Number.isNaN(mirror)).length,
    pairs.filter(({ live, mirror }) => mirror > live + Math.max(0.1 * live, 20)).length,
  ];
}

function histogramOf(arm: Float64Array): Record<string, number> {
  const histogram: Record<string, number> = {};
  for (const ms of arm) {
    if (!Number.isNaN(ms)) histogram[bucketOf(ms)] = (histogram[bucketOf(ms)] ?? 0) + 1;
  }
  return histogram;
}

/** Above every threshold: it failed. */
function bucketAt(ms: number): number {
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : bucketOf(ms);
}

function count(arm: Float64Array, holds: (ms: number) => boolean): number {
  return arm.reduce((total, ms) => total + (holds(ms) ? 1 : 0), 0);
}

function longs(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, 'long']));
}

function table(types: Readonly<Record<string, string>>, rows: unknown[][]): AnswerTable {
  return { columns: Object.entries(types).map(([name, type]) => ({ name, type })), rows };
}
