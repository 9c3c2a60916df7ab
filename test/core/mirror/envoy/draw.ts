import fc from 'fast-check';

/**
 * Draws of one generated case. A config takes thousands of them, which is more than fast-check's own generators can keep
 * for shrinking, so that a case is one seed: a failure is run again with it.
 */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to `max`. */
  nat(max: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % (max + 1);
  }

  coin(): boolean {
    return this.nat(1) === 1;
  }

  pick<T>(...options: [T, ...T[]]): T {
    return options[this.nat(options.length - 1)] ?? options[0];
  }

  shuffle<T>(list: readonly T[]): T[] {
    const keyed = list.map((value) => ({ value, order: this.nat(2 ** 30) }));
    return keyed.toSorted((a, b) => a.order - b.order).map(({ value }) => value);
  }
}

export const draws: fc.Arbitrary<{ draw: Draw; seed: number }> = fc
  .noShrink(fc.nat())
  .map((seed) => ({ draw: new Draw(seed), seed }));
