import { kishSize } from './kishSize.ts';

/** Bucket i covers (1.02^(i−1), 1.02^i] milliseconds: 2 % wide. */
export const GAMMA = 1.02;
/** About one microsecond; 0 ms and everything below falls into it. */
export const LOWEST_BUCKET = -349;

const LN_GAMMA = Math.log(GAMMA);
const TABLE_FROM = LOWEST_BUCKET - 1;
const TABLE_TO = 1250; // 15.6 hours
const EDGES = Float64Array.from({ length: TABLE_TO - TABLE_FROM + 1 }, (_, i) => GAMMA ** (TABLE_FROM + i));

/** A log-bucketed histogram of durations, ready for look-ups. All arrays are ordered by bucket. */
export interface Histogram {
  /** Occupied buckets, ascending. */
  readonly buckets: Float64Array;
  /** Weight in each occupied bucket. */
  readonly weights: Float64Array;
  /** cumulative[k] is the weight below buckets[k]; one entry more than buckets. */
  readonly cumulative: Float64Array;
  readonly total: number;
  /** Kish's effective sample size, total² / Σ weight². */
  readonly effectiveSize: number;
}

/**
 * The bucket of a duration in milliseconds: ceil(ln(ms) / ln(1.02) − 1e-9), at least −349. The 1e-9 keeps a duration
 * that is an edge (1.02 ms) in the bucket below it; the query has the same formula.
 * @throws RangeError when ms is negative or not finite
 */
export function bucketOf(ms: number): number {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`a duration must be 0 ms or more, and is ${ms}`);
  if (ms === 0) return LOWEST_BUCKET;
  return Math.max(LOWEST_BUCKET, Math.ceil(Math.log(ms) / LN_GAMMA - 1e-9)) + 0; // + 0 turns −0 into 0
}

/** The largest duration of a bucket in milliseconds. */
export function bucketUpperEdge(bucket: number): number {
  return EDGES[bucket - TABLE_FROM] ?? GAMMA ** bucket;
}

/**
 * A histogram from bucket → weight, as JSON carries it (keys are integers as strings, in any order).
 * @param sumSquaredWeights Σ itemCount² of the same rows; without sampling this is the number of rows
 * @throws RangeError when a key is not an integer or a weight not a number
 */
export function histogramFrom(weights: Readonly<Record<string, number>>, sumSquaredWeights?: number): Histogram {
  const keys = Object.keys(weights);
  const listed = new Float64Array(keys.length);
  let occupied = 0;
  let isPlain = true;
  for (const key of keys) {
    const weight = weights[key] ?? Number.NaN;
    const bucket = Number(key);
    if (key.trim() === '' || !Number.isInteger(bucket)) throw new RangeError(`histogram bucket "${key}" is no integer`);
    if (!Number.isFinite(weight)) throw new RangeError(`histogram bucket "${key}" has the weight ${weight}`);
    if (weight > 0) listed[occupied++] = bucket;
    isPlain &&= String(bucket) === key;
  }
  // Otherwise "7" and "07" would be two buckets.
  if (!isPlain) return histogramFrom(merged(weights), sumSquaredWeights);
  const buckets = listed.slice(0, occupied).sort();
  const ordered = buckets.map((bucket) => weights[bucket] ?? 0);
  const cumulative = new Float64Array(buckets.length + 1);
  ordered.forEach((weight, k) => {
    cumulative[k + 1] = (cumulative[k] ?? 0) + weight;
  });
  const total = cumulative[buckets.length] ?? 0;
  const effectiveSize = kishSize(total, sumSquaredWeights ?? total);
  return { buckets, weights: ordered, cumulative, total, effectiveSize };
}

/** The same by the plain text of each bucket's number. */
function merged(weights: Readonly<Record<string, number>>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, weight] of Object.entries(weights)) {
    const bucket = String(Number(key)); // −0 becomes 0
    sums[bucket] = (sums[bucket] ?? 0) + Math.max(0, weight);
  }
  return sums;
}

/** The share of the weight at or below a duration (0 … ∞ ms), log-linear inside a bucket. The histogram is not empty. */
export function shareAtOrBelow(histogram: Histogram, ms: number): number {
  if (!(ms > 0)) return 0;
  if (ms === Number.POSITIVE_INFINITY) return 1;
  const { buckets, weights, cumulative, total } = histogram;
  const position = Math.log(ms) / LN_GAMMA;
  const k = firstAtLeast(buckets, position, buckets.length);
  if (k === buckets.length) return 1;
  const inside = Math.min(1, Math.max(0, position - ((buckets[k] as number) - 1)));
  return ((cumulative[k] as number) + (weights[k] as number) * inside) / total;
}

/** The p-quantile in milliseconds, log-linear inside a bucket; null when the histogram is empty. */
export function quantileOf(histogram: Histogram, p: number): number | null {
  const { buckets, weights, cumulative, total } = histogram;
  if (total === 0) return null;
  const target = p * total;
  const k = Math.min(firstAtLeast(cumulative.subarray(1), target, buckets.length), buckets.length - 1);
  const inside = Math.min(1, Math.max(0, (target - (cumulative[k] as number)) / (weights[k] as number)));
  return GAMMA ** ((buckets[k] as number) - 1 + inside);
}

/** Both edges of every occupied bucket in milliseconds, ascending, each once. Made once for each histogram. */
export function edgesOf(histogram: Histogram): Float64Array {
  const known = EDGES_OF.get(histogram);
  if (known !== undefined) return known;
  const edges = makeEdges(histogram);
  EDGES_OF.set(histogram, edges);
  return edges;
}

const EDGES_OF = new WeakMap<Histogram, Float64Array>();

function makeEdges({ buckets }: Histogram): Float64Array {
  const edges = new Float64Array(2 * buckets.length);
  let size = 0;
  for (let k = 0; k < buckets.length; k++) {
    const bucket = buckets[k] as number;
    if (k === 0 || (buckets[k - 1] as number) < bucket - 1) edges[size++] = bucketUpperEdge(bucket - 1);
    edges[size++] = bucketUpperEdge(bucket);
  }
  return edges.subarray(0, size);
}

function firstAtLeast(sorted: Float64Array, value: number, length: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
