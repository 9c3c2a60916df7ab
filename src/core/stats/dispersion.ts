/** Indicator counts and sizes of both arms, one entry a block, in order of time. */
export interface BlockCounts {
  readonly liveCounts: Float64Array;
  readonly liveSizes: Float64Array;
  readonly mirrorCounts: Float64Array;
  readonly mirrorSizes: Float64Array;
}

const SCALES = [1, 4, 16] as const; // block lengths at which noise is looked for
const PRIOR = 2; // the value without data; at 2 the quantile evidence holds under any dependence of the arms
const PRIOR_BLOCKS = 4;

/**
 * The over-dispersion of the per-block difference of two proportions: its variance over the binomial one, at least 1.
 * Shocks that both arms share cancel in the difference. Each scale is shrunk towards the one before, the first to 2;
 * the largest is returned.
 */
export function dispersion(blocks: BlockCounts): number {
  let prior = PRIOR;
  let largest = 0;
  for (const scale of SCALES) {
    const chunks = chunksOf(blocks, scale);
    if (chunks.size < 2) break;
    prior = (chiSquared(chunks) + PRIOR_BLOCKS * prior) / (chunks.size - 1 + PRIOR_BLOCKS);
    largest = Math.max(largest, prior);
  }
  return Math.max(1, largest > 0 ? largest : PRIOR);
}

interface Chunks extends BlockCounts {
  readonly size: number;
}

/** Complete chunks of `scale` consecutive blocks, without those in which an arm is empty. */
function chunksOf(blocks: BlockCounts, scale: number): Chunks {
  const count = Math.floor(blocks.liveSizes.length / scale);
  const chunks = {
    liveCounts: new Float64Array(count),
    liveSizes: new Float64Array(count),
    mirrorCounts: new Float64Array(count),
    mirrorSizes: new Float64Array(count),
  };
  let size = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    const from = chunk * scale;
    const live = sumOf(blocks.liveSizes, from, scale);
    const mirror = sumOf(blocks.mirrorSizes, from, scale);
    if (!(live > 0 && mirror > 0)) continue;
    chunks.liveCounts[size] = sumOf(blocks.liveCounts, from, scale);
    chunks.liveSizes[size] = live;
    chunks.mirrorCounts[size] = sumOf(blocks.mirrorCounts, from, scale);
    chunks.mirrorSizes[size] = mirror;
    size++;
  }
  return { ...chunks, size };
}

function chiSquared(chunks: Chunks): number {
  const { liveCounts, liveSizes, mirrorCounts, mirrorSizes, size } = chunks;
  const liveShare = sumOf(liveCounts, 0, size) / sumOf(liveSizes, 0, size);
  const mirrorShare = sumOf(mirrorCounts, 0, size) / sumOf(mirrorSizes, 0, size);
  const liveVariance = liveShare * (1 - liveShare);
  const mirrorVariance = mirrorShare * (1 - mirrorShare);
  if (!(liveVariance + mirrorVariance > 0)) return size - 1; // no event in any block: nothing to learn

  const difference = (k: number): number =>
    (mirrorCounts[k] as number) / (mirrorSizes[k] as number) - (liveCounts[k] as number) / (liveSizes[k] as number);
  const precision = (k: number): number =>
    1 / (liveVariance / (liveSizes[k] as number) + mirrorVariance / (mirrorSizes[k] as number));
  let weighted = 0;
  let weight = 0;
  for (let k = 0; k < size; k++) {
    weighted += precision(k) * difference(k);
    weight += precision(k);
  }
  const mean = weighted / weight;
  let sum = 0;
  for (let k = 0; k < size; k++) sum += precision(k) * (difference(k) - mean) ** 2;
  return sum;
}

function sumOf(values: Float64Array, from: number, count: number): number {
  let sum = 0;
  for (let k = from; k < from + count; k++) sum += values[k] as number;
  return sum;
}
