import { edgesOf, type Histogram, shareAtOrBelow } from './histogram.ts';
import type { LogEvidence } from './logEvidence.ts';
import { type MonotoneSum, minimumOf } from './minimumOf.ts';
import { mixtureAt, overMixture, underMixture } from './mixture.ts';
import type { ToleranceMap } from './toleranceMap.ts';

/** What one latency gate compares: is mirror's p-quantile at most tolerance(live's p-quantile)? */
export interface QuantileComparison {
  readonly live: Histogram;
  readonly mirror: Histogram;
  /** 0 < p < 1. */
  readonly p: number;
  readonly tolerance: ToleranceMap;
  /** Over-dispersion, at least 1; both sample sizes are divided by it. */
  readonly phi: number;
  /** Share of mirror's requests that left a trace. For a pass the others count as slower than anything. */
  readonly keep: number;
}

/**
 * Evidence for "mirror's quantile is above T(live's quantile)" and for its opposite. Live's quantile a is unknown, so the
 * e-value is the minimum, over every a, of the product of two one-arm e-values: live against "its quantile is a" and
 * mirror against "its quantile is on the tolerated side of T(a)". The product at a common point is the A/B test of
 * Howard & Ramdas, Bernoulli 28(3), 2022, one-sided and with a tolerance between the arms. An empty arm is no evidence: 0.
 */
export function quantileEvidence(comparison: QuantileComparison): LogEvidence {
  return { logFail: quantileFailEvidence(comparison), logPass: quantilePassEvidence(comparison) };
}

/** The search may stop, with any value below `enough`, once it knows that the evidence is below `enough`. */
export function quantileFailEvidence(comparison: QuantileComparison, enough = Number.NEGATIVE_INFINITY): number {
  const { live, mirror, p, phi } = comparison;
  if (live.total === 0 || mirror.total === 0) return 0;
  const liveSize = live.effectiveSize / phi;
  const mirrorSize = mirror.effectiveSize / phi;
  const liveMixture = overMixture(liveSize, p);
  const mirrorMixture = underMixture(mirrorSize, p);
  return minimise(
    comparison,
    {
      first: (share) => mixtureAt(liveMixture, liveSize * share),
      second: (share) => mixtureAt(mirrorMixture, mirrorSize * share),
      firstRises: true,
    },
    enough,
  );
}

/** As quantileFailEvidence, for "mirror's quantile is within tolerance". */
export function quantilePassEvidence(comparison: QuantileComparison, enough = Number.NEGATIVE_INFINITY): number {
  const { live, mirror, p, phi, keep } = comparison;
  if (live.total === 0 || mirror.total === 0) return 0;
  const liveSize = live.effectiveSize / phi;
  const mirrorSize = mirror.effectiveSize / phi;
  const liveMixture = underMixture(liveSize, p);
  const mirrorMixture = overMixture(mirrorSize, p);
  return minimise(
    comparison,
    {
      first: (share) => mixtureAt(liveMixture, liveSize * share),
      second: (share) => mixtureAt(mirrorMixture, mirrorSize * keep * share),
      firstRises: false,
    },
    enough,
  );
}

type Sides = Pick<MonotoneSum, 'first' | 'second' | 'firstRises'>;

function minimise({ live, mirror, tolerance }: QuantileComparison, sides: Sides, enough: number): number {
  const sum: MonotoneSum = {
    ...sides,
    candidates: candidatesOf(live, mirror, tolerance),
    firstShare: (a) => shareAtOrBelow(live, a),
    secondShare: (a) => shareAtOrBelow(mirror, tolerance.allowed(a)),
    secondPosition: (a) => Math.log(tolerance.allowed(a)),
  };
  return minimumOf(sum, enough);
}

/** 0, ∞, live's bucket edges and the durations whose tolerated limit is an edge of mirror's: between neighbours nothing bends. */
function candidatesOf(live: Histogram, mirror: Histogram, tolerance: ToleranceMap): Float64Array {
  const liveEdges = edgesOf(live);
  const mirrorEdges = edgesOf(mirror);
  const candidates = new Float64Array(liveEdges.length + mirrorEdges.length + 2);
  let size = 1; // candidates[0] is 0
  let i = 0;
  let j = 0;
  while (i < liveEdges.length || j < mirrorEdges.length) {
    const a = liveEdges[i] ?? Number.POSITIVE_INFINITY;
    const b = j < mirrorEdges.length ? tolerance.inverse(mirrorEdges[j] as number) : Number.POSITIVE_INFINITY;
    if (a <= b) i++;
    else j++;
    const next = Math.min(a, b);
    if (next > (candidates[size - 1] as number)) candidates[size++] = next;
  }
  candidates[size++] = Number.POSITIVE_INFINITY;
  return candidates.subarray(0, size);
}
