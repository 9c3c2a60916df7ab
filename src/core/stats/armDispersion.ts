/** Indicator counts and sizes of one arm, one entry a block, in order of time. */
export interface ArmBlocks {
  readonly counts: readonly number[];
  readonly sizes: readonly number[];
}

const SCALES = [1, 4, 16] as const; // block lengths at which noise is looked for, as between two arms
const PRIOR = 2;
const PRIOR_BLOCKS = 4;

/**
 * The over-dispersion of proportions from block to block, within each arm: the variance about the arm's own share over
 * the binomial one, both arms taken together, at least 1. For arms that are not measured at the same time: nothing that
 * shakes them cancels, so all of it counts. What differs between the arms does not count. Each scale is shrunk towards
 * the one before, the first to 2; the largest is returned.
 */
export function armDispersion(arms: readonly ArmBlocks[]): number {
  let prior = PRIOR;
  let largest = 0;
  for (const scale of SCALES) {
    let sum = 0;
    let freedom = 0;
    for (const arm of arms) {
      const chunks = chunksOf(arm, scale);
      if (chunks.length < 2) continue;
      sum += chiSquared(chunks);
      freedom += chunks.length - 1;
    }
    if (freedom === 0) break;
    prior = (sum + PRIOR_BLOCKS * prior) / (freedom + PRIOR_BLOCKS);
    largest = Math.max(largest, prior);
  }
  return Math.max(1, largest > 0 ? largest : PRIOR);
}

interface Chunk {
  readonly count: number;
  readonly size: number;
}

/** Complete chunks of `scale` consecutive blocks, without the empty ones. */
function chunksOf({ counts, sizes }: ArmBlocks, scale: number): Chunk[] {
  return Array.from({ length: Math.floor(sizes.length / scale) }, (_, chunk) => ({
    count: total(counts.slice(chunk * scale, (chunk + 1) * scale)),
    size: total(sizes.slice(chunk * scale, (chunk + 1) * scale)),
  })).filter(({ size }) => size > 0);
}

function chiSquared(chunks: readonly Chunk[]): number {
  const share = total(chunks.map(({ count }) => count)) / total(chunks.map(({ size }) => size));
  const variance = share * (1 - share);
  if (!(variance > 0)) return chunks.length - 1; // the same in every block: nothing to learn
  return total(chunks.map(({ count, size }) => (size * (count / size - share) ** 2) / variance));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
