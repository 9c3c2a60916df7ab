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
  const limits = analysis.latency.map(({ percentile }) => ({
    percentile,
    bucket: quantileBucket(route.live, percentile / 100),
  }));
  const blockArm = ({ items, errorItems, buckets }: BlockCounts): EvidenceBlockArm => {
    const atOrBelow: Record<string, number> = {};
    for (const { percentile, bucket } of limits) {
      let count = 0;
      for (const [at, weight] of buckets) if (at <= bucket) count += weight;
      atOrBelow[percentile] = count;
    }
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
function quantileBucket(buckets: Map<number, number>, p: number): number {
  let total = 0;
  for (const weight of buckets.values()) total += weight;
  let cumulative = 0;
  for (const bucket of [...buckets.keys()].sort((a, b) => a - b)) {
    cumulative += buckets.get(bucket) ?? 0;
    if (cumulative >= p * total) return bucket;
  }
  return Number.NEGATIVE_INFINITY;
}

function emptyBlock(): BlockCounts {
  return { items: 0, errorItems: 0, buckets: new Map() };
}
