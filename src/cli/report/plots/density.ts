import { GAMMA, type Histogram } from '../../../core/stats/histogram.ts';

const LEAST_WIDTH = 1.5; // buckets of 2 %
const MOST_WIDTH = 6; // wider, and modes run together
const REACH = 3.5; // standard deviations of the kernel

/**
 * Density of a histogram on a logarithmic axis from `low` to `high` (ms), at `points` equal steps, the ends included.
 * Its integral over the axis, in steps of one bucket, is 1. Smoothed with a normal kernel of Silverman's width (robust
 * form, Density Estimation, 1986, eq. 3.31), within bounds, because a log-normal body may be one mode of several.
 */
export function density(histogram: Histogram, low: number, high: number, points: number): Float64Array {
  const { buckets, weights, total } = histogram;
  const result = new Float64Array(points);
  if (total === 0) return result;
  const start = Math.log(low) / Math.log(GAMMA);
  const step = (Math.log(high) / Math.log(GAMMA) - start) / (points - 1);
  const width = Math.max(kernelWidth(histogram), step); // narrower would fall between the points
  const peak = 1 / (width * Math.sqrt(2 * Math.PI));
  buckets.forEach((bucket, k) => {
    const centre = bucket - 0.5;
    const from = Math.max(0, Math.ceil((centre - REACH * width - start) / step));
    const to = Math.min(points - 1, Math.floor((centre + REACH * width - start) / step));
    for (let i = from; i <= to; i++) {
      const distance = (start + i * step - centre) / width;
      result[i] = (result[i] ?? 0) + (((weights[k] ?? 0) / total) * peak) / Math.exp(0.5 * distance * distance);
    }
  });
  return result;
}

function kernelWidth(histogram: Histogram): number {
  const spread = (bucketAt(histogram, 0.75) - bucketAt(histogram, 0.25)) / 1.34;
  const silverman = 0.9 * spread * Math.max(1, histogram.effectiveSize) ** -0.2;
  return Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, silverman));
}

function bucketAt({ buckets, cumulative, total }: Histogram, p: number): number {
  const index = cumulative.findIndex((below) => below >= p * total);
  return buckets[Math.max(0, index - 1)] ?? 0;
}
