import { incompleteBeta } from './incompleteBeta.ts';

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Unbiased. */
  readonly variance: number;
}

export function momentsOf(values: readonly number[]): Moments {
  const count = values.length;
  let mean = 0;
  for (const value of values) mean += value / count;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { count, mean, variance: squares / (count - 1) };
}

/** Of `ones` ones and zeros. */
export function momentsOfShare(ones: number, count: number): Moments {
  const mean = ones / count;
  return { count, mean, variance: (count * mean * (1 - mean)) / (count - 1) };
}

export interface WelchTest {
  /** Positive: the second mean is larger. */
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. 1 where nothing varies and nothing can be said. */
  readonly p: number;
}

/** Welch's test of equal means with unequal variances (Biometrika 34, 1947). */
export function welch(first: Moments, second: Moments): WelchTest {
  const ofFirst = first.variance / first.count;
  const ofSecond = second.variance / second.count;
  const variance = ofFirst + ofSecond;
  if (!(variance > 0)) return { t: 0, degreesOfFreedom: Number.NaN, p: 1 };
  const t = (second.mean - first.mean) / Math.sqrt(variance);
  const degreesOfFreedom = variance ** 2 / (ofFirst ** 2 / (first.count - 1) + ofSecond ** 2 / (second.count - 1));
  const p = incompleteBeta(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
  return { t, degreesOfFreedom, p };
}
