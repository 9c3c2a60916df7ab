import { guardWindowAt, nextGuardLook } from '../../src/core/guardSchedule.ts';
import type { ArmSamples, BlockArmSamples, RouteSamples } from '../../src/core/samples/samples.ts';
import { percentileBucket } from '../../src/core/samples/thresholds.ts';
import { bucketOf } from '../../src/core/stats/histogram.ts';
import { guardLive } from '../../src/core/verdict/liveGuard.ts';
import { type Random, seededRandom } from './random.ts';

/** Live at a second since the switch; before it, seconds are negative. */
export type Condition = (second: number, random: Random) => { readonly factor: number; readonly errors: number };

export interface LiveRun {
  readonly requestsPerSecond?: number;
  /** Milliseconds; the latency is log-normal with sigma 0.5 about it. */
  readonly median?: number;
  readonly hours?: number;
}

/** The defaults of spec.analysis.liveGuard and of the settings that it shares. */
export const GUARD_DEFAULTS = {
  falseAlarmPercent: 5,
  minRequests: 50,
  latency: [
    { percentile: 50, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50 },
    { percentile: 95, maxIncreasePercent: 50, maxIncreaseMilliseconds: 100 },
  ],
  maxIncreaseBasisPoints: 100,
};

const TIMES = { intervalSeconds: 30, baselineSeconds: 600 };
const BEFORE = TIMES.baselineSeconds / TIMES.intervalSeconds;

interface Block {
  readonly items: number;
  readonly errorItems: number;
  readonly buckets: ReadonlyMap<number, number>;
}

/**
 * One run of the guard, with every look that it takes: requests of one route arrive by chance (Poisson), block after block.
 * @returns the second since the switch at which it stops mirroring; undefined: it never does
 */
export function stopsAt(
  seed: number,
  condition: Condition,
  { requestsPerSecond = 10, median = 100, hours = 1 }: LiveRun = {},
): number | undefined {
  const random = seededRandom(seed);
  const blocks = Array.from({ length: BEFORE + (hours * 3600) / TIMES.intervalSeconds }, (_, index) => {
    const now = condition((index - BEFORE + 0.5) * TIMES.intervalSeconds, random);
    return blockOf(requestsPerSecond * TIMES.intervalSeconds, { ...now, median }, random);
  });
  const routeAt = routeSince('GET Books/Get', blocks.slice(0, BEFORE));
  let look: number | undefined;
  for (;;) {
    look = nextGuardLook(0, look, TIMES);
    if (look > hours * 3_600_000) return undefined;
    const window = guardWindowAt(look, 0, TIMES);
    if (window === undefined) continue;
    const [from, to] = [window.from, window.end].map(
      (time) => BEFORE + Math.floor(time / 1000 / TIMES.intervalSeconds),
    );
    const route = routeAt(blocks.slice(from, to));
    const { state } = guardLive({ routes: [route], queries: [] }, { ...GUARD_DEFAULTS, stretch: window.stretch });
    if (state === 'Degraded') return look / 1000;
  }
}

/** A route as telemetry tells it when live is compared with itself. */
export function routeOf(name: string, before: readonly Block[], since: readonly Block[]): RouteSamples {
  return routeSince(name, before)(since);
}

/** The same for many looks, each of which counts only what is new. */
function routeSince(name: string, before: readonly Block[]): (since: readonly Block[]) => RouteSamples {
  const live = armOf(before);
  const limits = GUARD_DEFAULTS.latency.map(({ percentile }) => {
    return [percentile, percentileBucket(live.histogram, percentile) ?? Number.NEGATIVE_INFINITY] as const;
  });
  const counted = new Map<Block, BlockArmSamples>();
  const count = (block: Block): BlockArmSamples => {
    const known = counted.get(block);
    if (known !== undefined) return known;
    const atOrBelow = Object.fromEntries(
      limits.map(([percentile, limit]) => [String(percentile), below(block, limit)]),
    );
    counted.set(block, { items: block.items, errorItems: block.errorItems, atOrBelow });
    return count(block);
  };
  const none = count({ items: 0, errorItems: 0, buckets: new Map() });
  const past = before.map((block, index) => ({ start: index * 30, live: count(block), mirror: none }));
  return (since) => ({
    name,
    live,
    mirror: armOf(since),
    blocks: [
      ...past,
      ...since.map((block, index) => ({ start: (before.length + index) * 30, live: none, mirror: count(block) })),
    ],
    pairs: null,
  });
}

function below({ buckets }: Block, limit: number): number {
  let sum = 0;
  for (const [bucket, requests] of buckets) if (bucket <= limit) sum += requests;
  return sum;
}

/** The requests of one block: about `requests` of them. */
export function blockOf(
  requests: number,
  { factor, errors, median }: { factor: number; errors: number; median: number },
  random: Random,
): Block {
  const items = Math.max(0, Math.round(requests + Math.sqrt(requests) * random.normal()));
  const buckets = new Map<number, number>();
  let errorItems = 0;
  for (let index = 0; index < items; index++) {
    if (random.chance(errors)) {
      errorItems += 1;
      continue;
    }
    const bucket = bucketOf(median * factor * Math.exp(0.5 * random.normal()));
    buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
  }
  return { items, errorItems, buckets };
}

function armOf(blocks: readonly Block[]): ArmSamples {
  const histogram: Record<string, number> = {};
  for (const { buckets } of blocks) {
    for (const [bucket, count] of buckets) histogram[bucket] = (histogram[bucket] ?? 0) + count;
  }
  const items = blocks.reduce((sum, block) => sum + block.items, 0);
  const errorItems = blocks.reduce((sum, block) => sum + block.errorItems, 0);
  return {
    items,
    errorItems,
    requests: items,
    errors: errorItems,
    sumSquaredWeights: items,
    successSumSquaredWeights: items - errorItems,
    histogram,
    sumMilliseconds: 0,
    sumSquaredMilliseconds: 0,
    resultCodes: {},
  };
}
