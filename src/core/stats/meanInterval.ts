import { TIGHTEST_AT } from './mixture.ts';

/** First two moments of one arm's durations. */
export interface Moments {
  /** Σ itemCount of the rows. */
  readonly weight: number;
  /** Σ itemCount · duration, in milliseconds. */
  readonly sum: number;
  /** Σ itemCount · duration², in milliseconds². */
  readonly sumOfSquares: number;
  /** Effective number of requests; the weight when nothing is sampled. */
  readonly size: number;
}

/** Mean of mirror minus mean of live, and its confidence limits, in milliseconds. */
export interface MeanDifference {
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Asymptotic confidence sequence (normal mixture: Waudby-Smith et al., Annals of Statistics 52(6), 2024) for the
 * difference of the means. For information only: an unbounded mean has no guarantee free of assumptions. null when an
 * arm is empty.
 */
export function meanInterval(live: Moments, mirror: Moments, alpha: number, phi = 1): MeanDifference | null {
  if (!(live.weight > 0 && mirror.weight > 0 && live.size > 0 && mirror.size > 0)) return null;
  const liveSize = live.size / phi;
  const mirrorSize = mirror.size / phi;
  const pairs = 2 / (1 / liveSize + 1 / mirrorSize);
  const variance = pairs * (varianceOf(live) / liveSize + varianceOf(mirror) / mirrorSize); // of one pair
  const tightness = (2 * Math.log(1 / alpha) + Math.log(1 + 2 * Math.log(1 / alpha))) / TIGHTEST_AT;
  const growth = pairs * tightness + 1;
  const radius = Math.sqrt(
    ((variance * growth) / (pairs * pairs * tightness)) * 2 * Math.log(Math.sqrt(growth) / alpha),
  );
  const difference = mirror.sum / mirror.weight - live.sum / live.weight;
  return { difference, lower: difference - radius, upper: difference + radius };
}

function varianceOf({ weight, sum, sumOfSquares }: Moments): number {
  const mean = sum / weight;
  return Math.max(sumOfSquares / weight - mean * mean, 0);
}
