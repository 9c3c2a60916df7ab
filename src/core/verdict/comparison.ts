import { type BlockCounts, dispersion } from '../stats/dispersion.ts';
import { leastFavourablePairing, type PairCounts } from '../stats/errorEvidence.ts';
import { type Histogram, histogramFrom } from '../stats/histogram.ts';
import { kishSize } from '../stats/kishSize.ts';
import type { QuantileComparison } from '../stats/quantileEvidence.ts';
import { increaseTolerance } from '../stats/toleranceMap.ts';
import type {
  EvidenceAnalysis,
  EvidenceArm,
  EvidenceBlock,
  EvidenceBlockArm,
  EvidencePairs,
  EvidenceRoute,
  LatencyTolerance,
} from './evidence.ts';

const PAIRED_SHARE = 0.9; // pairs speak for the route when they cover this share of the smaller arm

/** One route made ready for the statistics. Verdict and intervals both start from it, so that they cannot disagree. */
export interface RouteComparison {
  readonly live: Histogram;
  readonly mirror: Histogram;
  /** Blocks in which live has rows. */
  readonly blocks: number;
  readonly latency: readonly LatencyComparison[];
  readonly errors: ErrorComparison;
}

export interface LatencyComparison extends QuantileComparison {
  readonly gate: string;
  readonly setting: LatencyTolerance;
}

export interface ErrorComparison {
  readonly effectiveLive: number;
  readonly effectiveMirror: number;
  readonly phi: number;
  /** The tolerated rise of the error rate, as a share. */
  readonly delta: number;
  readonly paired: boolean;
  readonly forFail: PairCounts;
  /** Lost copies count as failed. */
  readonly forPass: PairCounts;
}

/** @param fraction share of live requests that is copied, 0 … 1 */
export function compareRoute(route: EvidenceRoute, analysis: EvidenceAnalysis, fraction: number): RouteComparison {
  const live = histogramFrom(route.live.histogram, route.live.successSumSquaredWeights);
  const mirror = histogramFrom(route.mirror.histogram, route.mirror.successSumSquaredWeights);
  const lost = lostCopies(route, fraction);
  const succeeded = successes(route.mirror);
  const sizes = blockSizes(route, successes);
  const keep = succeeded > 0 ? succeeded / (succeeded + lost) : 1;
  return {
    live,
    mirror,
    blocks: route.blocks.reduce((count, block) => count + (block.live.items > 0 ? 1 : 0), 0),
    latency: analysis.latency.map((setting) => ({
      gate: `p${setting.percentile}`,
      setting,
      live,
      mirror,
      p: setting.percentile / 100,
      tolerance: increaseTolerance(setting.maxIncreasePercent / 100, setting.maxIncreaseMilliseconds),
      phi: dispersion(blockCounts(route, atOrBelow(route, setting.percentile), sizes)),
      keep,
    })),
    errors: compareErrors(route, analysis.errors.maxIncreaseBasisPoints / 1e4, lost),
  };
}

/** Copies that left no trace: visible only when every request is copied and neither arm is sampled; else 0. */
export function lostCopies({ live, mirror }: EvidenceRoute, fraction: number): number {
  const unsampled = live.items === live.requests && mirror.items === mirror.requests;
  return fraction === 1 && unsampled ? Math.max(0, live.items - mirror.items) : 0;
}

/** The route's pairs, when they cover enough of it to be used. */
function usablePairs({ live, mirror, pairs }: EvidenceRoute): EvidencePairs | null {
  const smaller = Math.min(live.items, mirror.items);
  return pairs && smaller > 0 && pairs.count >= PAIRED_SHARE * smaller ? pairs : null;
}

function compareErrors(route: EvidenceRoute, delta: number, lost: number): ErrorComparison {
  const effectiveLive = kishSize(route.live.requests, route.live.sumSquaredWeights);
  const effectiveMirror = kishSize(route.mirror.requests, route.mirror.sumSquaredWeights);
  const phi = dispersion(
    blockCounts(
      route,
      (arm) => arm.errorItems,
      blockSizes(route, (arm) => arm.items),
    ),
  );
  const pairs = usablePairs(route);
  const common = { effectiveLive, effectiveMirror, phi, delta };
  if (pairs) {
    const { count, onlyMirrorFailed, onlyLiveFailed } = pairs;
    const deflated = (more: number): PairCounts => ({
      onlyMirrorFailed: (onlyMirrorFailed + more) / phi,
      onlyLiveFailed: onlyLiveFailed / phi,
      pairs: (count + more) / phi,
    });
    return { ...common, paired: true, forFail: deflated(0), forPass: deflated(lost) };
  }
  const live = { errors: effectiveErrors(route.live, effectiveLive), size: effectiveLive };
  const mirror = { errors: effectiveErrors(route.mirror, effectiveMirror), size: effectiveMirror };
  const withLost = { errors: mirror.errors + lost, size: mirror.size + lost };
  return {
    ...common,
    paired: false,
    forFail: leastFavourablePairing(live, mirror, phi),
    forPass: leastFavourablePairing(live, withLost, phi),
  };
}

function effectiveErrors(arm: EvidenceArm, effectiveSize: number): number {
  return effectiveSize > 0 ? (effectiveSize * arm.errors) / arm.requests : 0;
}

function successes(arm: { readonly items: number; readonly errorItems: number }): number {
  return arm.items - arm.errorItems;
}

function atOrBelow({ name }: EvidenceRoute, percentile: number): (arm: EvidenceBlockArm) => number {
  const key = String(percentile);
  return (arm) => {
    const count = arm.atOrBelow[key];
    if (count === undefined) {
      throw new RangeError(`a block of route "${name}" has no atOrBelow count for percentile ${percentile}`);
    }
    return count;
  };
}

type Sizes = Pick<BlockCounts, 'liveSizes' | 'mirrorSizes'>;

function blockSizes({ blocks }: EvidenceRoute, of: (arm: EvidenceBlockArm) => number): Sizes {
  return { liveSizes: column(blocks, 'live', of), mirrorSizes: column(blocks, 'mirror', of) };
}

function blockCounts({ blocks }: EvidenceRoute, of: (arm: EvidenceBlockArm) => number, sizes: Sizes): BlockCounts {
  return { liveCounts: column(blocks, 'live', of), mirrorCounts: column(blocks, 'mirror', of), ...sizes };
}

function column(
  blocks: readonly EvidenceBlock[],
  arm: 'live' | 'mirror',
  of: (arm: EvidenceBlockArm) => number,
): Float64Array {
  const values = new Float64Array(blocks.length);
  for (const [index, block] of blocks.entries()) values[index] = of(block[arm]);
  return values;
}
