/** Seeded random numbers for simulations: the same seed gives the same run on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** An integer in 0 … below − 1. */
  integer(below: number): number;
  chance(probability: number): boolean;
  /** The elements in random order; the argument is left as it is. */
  shuffled<T>(elements: readonly T[]): T[];
}

/** sfc32 by Chris Doty-Humphrey, warmed up from one 32-bit seed. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = seed | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 15; i++) next();

  const integer = (below: number): number => Math.floor(next() * below);
  return {
    uniform: next,
    // Box and Muller; 1 − uniform keeps the logarithm finite
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    integer,
    chance: (probability) => next() < probability,
    shuffled: (elements) => {
      const result = [...elements];
      for (let i = result.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const moved = result[i];
        result.splice(i, 1, ...result.slice(j, j + 1));
        if (moved !== undefined) result.splice(j, 1, moved);
      }
      return result;
    },
  };
}
