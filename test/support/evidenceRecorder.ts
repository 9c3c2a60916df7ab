import { bucketOf } from '../../src/core/stats/histogram.ts';
import {
  EVIDENCE_VERSION,
  type EvidenceAnalysis,
  type EvidenceArm,
  type EvidenceBlock,
  type EvidenceBlockArm,
  type EvidenceDocument,
  type EvidenceRoute,
} from '../../src/core/verdict/evidence.ts';

const BLOCK_SECONDS = 30;

/** The defaults of spec.analysis. */
export const DEFAULT_ANALYSIS: EvidenceAnalysis = {
  falseAlarmPercent: 5,
  minRequests: 50,
  latency: [
    { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
    { percentile: 95, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
    { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50, failOnly: true },
  ],
  errors: { maxIncreaseBasisPoints: 100 },
  coverage: { maxLossPercent: 5 },
};

type ArmName = 'live' | 'mirror';

interface BlockCounts {
  items: number;
  errorItems: number;
  buckets: Map<number, number>;
  /** Of `buckets`; made when it is asked for. */
  cumulative?: Cumulative | undefined;
}

/** Buckets in ascending order, and how many requests are at or below each. */
interface Cumulative {
  readonly buckets: readonly number[];
  readonly counts: readonly number[];
}

interface RouteCounts {
  name: string;
  blocks: { live: BlockCounts; mirror: BlockCounts }[];
  live: Map<number, number>;
  mirror: Map<number, number>;
}

/** Collects single unsampled requests, block after block, and makes the evidence document that telemetry would give. */
export class EvidenceRecorder {
  readonly #routes: RouteCounts[] = [];
  readonly #byName = new Map<string, RouteCounts>();
  #block = 0;

  /** Adds a request to the current block. ms null: the request failed. */
  record(name: string, arm: ArmName, ms: number | null): void {
    const route = this.#route(name);
    while (route.blocks.length <= this.#block) route.blocks.push({ live: emptyBlock(), mirror: emptyBlock() });
    const block = route.blocks[this.#block]?.[arm] ?? emptyBlock();
    block.items++;
    block.cumulative = undefined;
    if (ms === null) {
      block.errorItems++;
      return;
    }
    const bucket = bucketOf(ms);
    block.buckets.set(bucket, (block.buckets.get(bucket) ?? 0) + 1);
    route[arm].set(bucket, (route[arm].get(bucket) ?? 0) + 1);
  }

  endBlock(): void {
    this.#block++;
  }

  document(analysis: EvidenceAnalysis = DEFAULT_ANALYSIS, deadline = false): EvidenceDocument {
    return {
      apiVersion: EVIDENCE_VERSION,
      analysis,
      mirrorPercent: 100,
      elapsedSeconds: this.#block * BLOCK_SECONDS,
      deadline,
      routes: this.#routes.map((route) => routeEvidence(route, analysis)),
    };
  }

  #route(name: string): RouteCounts {
    const known = this.#byName.get(name);
    if (known) return known;
    const route = { name, blocks: [], live: new Map(), mirror: new Map() };
    this.#routes.push(route);
    this.#byName.set(name, route);
    return route;
  }
}

function routeEvidence(route: RouteCounts, analysis: EvidenceAnalysis): EvidenceRoute {
  const live = cumulativeOf(route.live);
  const limits = analysis.latency.map(({ percentile }) => ({
    percentile,
    bucket: quantileBucket(live, percentile / 100),
  }));
  const blockArm = (block: BlockCounts): EvidenceBlockArm => {
    const { items, errorItems } = block;
    block.cumulative ??= cumulativeOf(block.buckets);
    const atOrBelow: Record<string, number> = {};
    for (const { percentile, bucket } of limits) atOrBelow[percentile] = countAtOrBelow(block.cumulative, bucket);
    return { items, errorItems, atOrBelow };
  };
  const blocks: EvidenceBlock[] = route.blocks.flatMap(({ live, mirror }, index) =>
    live.items + mirror.items > 0
      ? [{ start: index * BLOCK_SECONDS, live: blockArm(live), mirror: blockArm(mirror) }]
      : [],
  );
  return { name: route.name, live: arm(route, 'live'), mirror: arm(route, 'mirror'), blocks, pairs: null };
}

function arm(route: RouteCounts, name: ArmName): EvidenceArm {
  let items = 0;
  let errorItems = 0;
  for (const block of route.blocks) {
    items += block[name].items;
    errorItems += block[name].errorItems;
  }
  return {
    items,
    errorItems,
    requests: items,
    errors: errorItems,
    sumSquaredWeights: items,
    successSumSquaredWeights: items - errorItems,
    histogram: Object.fromEntries(route[name]),
  };
}

/** The first bucket at which the cumulative weight reaches p of the whole; below every bucket when there is none. */
function quantileBucket({ buckets, counts }: Cumulative, p: number): number {
  const total = counts.at(-1) ?? 0;
  return buckets[firstAtLeast(counts, p * total)] ?? Number.NEGATIVE_INFINITY;
}

function cumulativeOf(weights: Map<number, number>): Cumulative {
  const buckets = [...weights.keys()].sort((a, b) => a - b);
  let total = 0;
  const counts = buckets.map((bucket) => {
    total += weights.get(bucket) ?? 0;
    return total;
  });
  return { buckets, counts };
}

function countAtOrBelow({ buckets, counts }: Cumulative, bucket: number): number {
  // Buckets are integers.
  return counts[firstAtLeast(buckets, bucket + 1) - 1] ?? 0;
}

function firstAtLeast(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function emptyBlock(): BlockCounts {
  return { items: 0, errorItems: 0, buckets: new Map() };
}
