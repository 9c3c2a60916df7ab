import { incompleteBeta } from './incompleteBeta.ts';

/** The exact 95 % interval of a share (Clopper and Pearson, Biometrika 26, 1934) of which `count` of `of` were seen. */
export function clopperPearson(count: number, of: number): readonly [number, number] {
  const lower = count === 0 ? 0 : betaQuantile(0.025, count, of - count + 1);
  const upper = count === of ? 1 : betaQuantile(0.975, count + 1, of - count);
  return [lower, upper];
}

function betaQuantile(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
