/**
 * The test of Mann and Whitney (Wilcoxon's rank sum) by the normal approximation, with correction for ties and for
 * continuity as in R's wilcox.test(exact = FALSE): the z-score, positive when the second sample is larger. 0 where all values
 * are one.
 * @param first ascending, as second
 */
export function mannWhitneyZ(first: Float64Array, second: Float64Array): number {
  const m = first.length;
  const n = second.length;
  const total = m + n;
  let i = 0;
  let j = 0;
  let u = 0;
  let ties = 0;
  while (i < m || j < n) {
    const value = Math.min(first[i] ?? Number.POSITIVE_INFINITY, second[j] ?? Number.POSITIVE_INFINITY);
    const below = i;
    const from = j;
    while (i < m && first[i] === value) i++;
    while (j < n && second[j] === value) j++;
    // Each of the second's counts the first's below it, and half of those that are equal.
    u += (j - from) * (below + (i - below) / 2);
    const tied = i - below + j - from;
    ties += tied ** 3 - tied;
  }
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return 0;
  const shift = u - (m * n) / 2;
  return (shift - 0.5 * Math.sign(shift)) / Math.sqrt(variance);
}

/**
 * The shifts (second − first) of all pairs, kept in order while both samples grow together: Hodges and Lehmann's estimate is
 * their median, and the limits that the test gives are order statistics of them.
 */
export class PairwiseShifts {
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  #shifts = new Float64Array();

  add(first: number, second: number): void {
    const more = [
      ...this.#first.map((each) => second - each),
      ...this.#second.map((each) => each - first),
      second - first,
    ];
    this.#first.push(first);
    this.#second.push(second);
    this.#shifts = merged(this.#shifts, Float64Array.from(more).sort());
  }

  get median(): number {
    const { length } = this.#shifts;
    const upper = this.#shifts[length >> 1] ?? Number.NaN;
    return length % 2 === 1 ? upper : (upper + (this.#shifts[(length >> 1) - 1] ?? Number.NaN)) / 2;
  }

  /** The lower limit of the shift by the normal approximation: what the test at this z-score just rejects. */
  lowerLimit(z: number): number {
    const size = this.#first.length;
    const rank = Math.floor((size * size) / 2 - 0.5 - z * Math.sqrt((size * size * (2 * size + 1)) / 12));
    return rank < 0 ? Number.NEGATIVE_INFINITY : (this.#shifts[rank] ?? Number.NaN);
  }
}

function merged(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const result = new Float64Array(a.length + b.length);
  let i = 0;
  let j = 0;
  for (let k = 0; k < result.length; k++) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[j] ?? Number.POSITIVE_INFINITY;
    if (left <= right) {
      result[k] = left;
      i++;
    } else {
      result[k] = right;
      j++;
    }
  }
  return result;
}
