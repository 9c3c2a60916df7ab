import { bucketUpperEdge, type Histogram, shareAtOrBelow } from './histogram.ts';
import type { ToleranceMap } from './toleranceMap.ts';

const FEWEST_BEYOND = 20; // requests on either side; with fewer, a gap is only a thin tail
const EMPTY_SHARE = 0.002; // a few strays between two modes do not join them
const CLOSE_SHARE = 0.005;

/**
 * True when the p-quantile lies between two modes: next to p (within three standard errors) is a stretch, longer than
 * the tolerance, in which there are almost no requests. The quantile is then not determined by the data, and no test can
 * tell whether it rose by less than the tolerance; another percentile decides at once.
 */
export function isInValley(histogram: Histogram, p: number, tolerance: ToleranceMap): boolean {
  const { buckets, cumulative, total, effectiveSize } = histogram;
  if (total === 0) return false;
  const close = Math.max(CLOSE_SHARE, 3 * Math.sqrt((p * (1 - p)) / effectiveSize));
  for (let k = 0; k < buckets.length; k++) {
    const share = (cumulative[k + 1] as number) / total;
    if (Math.abs(share - p) > close || Math.min(share, 1 - share) * effectiveSize < FEWEST_BEYOND) continue;
    const beyond = shareAtOrBelow(histogram, tolerance.allowed(bucketUpperEdge(buckets[k] as number)));
    if (beyond - share <= EMPTY_SHARE) return true;
  }
  return false;
}
