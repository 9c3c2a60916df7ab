/** Mixture mass on the null bet (tilt 0). It keeps every log e-value above ln 0.1, however wrong the other bets are. */
export const NULL_BET_WEIGHT = 0.1;

/** Sample size at which the mixture is tightest. 1,000 to 20,000 change the data that a verdict needs by less than a quarter. */
export const TIGHTEST_AT = 5000;

const TILTS = 26;
const LARGEST_TILT = 20; // so that exp() cannot overflow
const MEMO_LIMIT = 256;
// exp(-40) is below half an ulp of the sum, even 25 times over
const NEGLIGIBLE = 40;

/** The bets of a one-arm e-value: 26 entries each, the null bet first. */
export interface TiltGrid {
  readonly tilts: Float64Array;
  readonly logWeights: Float64Array;
  /** ln E exp(+tilt·X) for X ~ Bernoulli(p). */
  readonly logMomentOver: Float64Array;
  /** ln E exp(−tilt·X) for X ~ Bernoulli(p). */
  readonly logMomentUnder: Float64Array;
  readonly negatedTilts: Float64Array;
}

/** A log e-value as a function of the count S: ln Σ exp(intercept + slope·S). */
export interface LogMixture {
  readonly intercepts: Float64Array;
  readonly slopes: Float64Array;
}

const memo = new Map<number, TiltGrid>();

/**
 * 25 positive tilts s·2^(j/2), j = −12…12, s = sqrt(14 / (5000 p (1−p))), with half-Cauchy weights that sum to 0.9,
 * and tilt 0 with weight 0.1. Each tilt is the exponential (Bernoulli) bet of Howard & Ramdas, Bernoulli 28(3), 2022.
 */
export function tiltGrid(p: number): TiltGrid {
  const known = memo.get(p);
  if (known) return known;
  if (memo.size >= MEMO_LIMIT) memo.clear();
  const grid = buildTiltGrid(p);
  memo.set(p, grid);
  return grid;
}

/** The log e-value against "P(indicator) ≤ p" for n trials: large when the count is too high for p. */
export function overMixture(n: number, p: number): LogMixture {
  const grid = tiltGrid(p);
  return { intercepts: interceptsOf(grid.logWeights, grid.logMomentOver, n), slopes: grid.tilts };
}

/** The log e-value against "P(indicator) ≥ p" for n trials: large when the count is too low for p. */
export function underMixture(n: number, p: number): LogMixture {
  const grid = tiltGrid(p);
  return { intercepts: interceptsOf(grid.logWeights, grid.logMomentUnder, n), slopes: grid.negatedTilts };
}

export function logOver(count: number, n: number, p: number): number {
  return mixtureAt(overMixture(n, p), count);
}

export function logUnder(count: number, n: number, p: number): number {
  return mixtureAt(underMixture(n, p), count);
}

/** Of the call that is under way. */
const EXPONENTS = new Float64Array(TILTS);

export function mixtureAt(mixture: LogMixture, count: number): number {
  const { intercepts, slopes } = mixture;
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < TILTS; j++) {
    const x = (intercepts[j] as number) + (slopes[j] as number) * count;
    EXPONENTS[j] = x;
    if (x > largest) largest = x;
  }
  let sum = 0;
  for (let j = 0; j < TILTS; j++) {
    const x = (EXPONENTS[j] as number) - largest;
    if (x > -NEGLIGIBLE) sum += Math.exp(x);
  }
  return largest + Math.log(sum);
}

function buildTiltGrid(p: number): TiltGrid {
  const scale = Math.sqrt(14 / (TIGHTEST_AT * p * (1 - p)));
  const tilts = new Float64Array(TILTS);
  const logWeights = new Float64Array(TILTS);
  let total = 0;
  for (let j = 1; j < TILTS; j++) {
    const x = 2 ** ((j - 13) / 2);
    tilts[j] = Math.min(scale * x, LARGEST_TILT);
    logWeights[j] = x / (1 + x * x);
    total += x / (1 + x * x);
  }
  logWeights.forEach((weight, j) => {
    logWeights[j] = Math.log(j === 0 ? NULL_BET_WEIGHT : ((1 - NULL_BET_WEIGHT) * weight) / total);
  });
  return {
    tilts,
    logWeights,
    logMomentOver: tilts.map((tilt) => Math.log1p(p * Math.expm1(tilt))),
    logMomentUnder: tilts.map((tilt) => Math.log1p(p * Math.expm1(-tilt))),
    negatedTilts: tilts.map((tilt) => -tilt),
  };
}

function interceptsOf(logWeights: Float64Array, logMoments: Float64Array, n: number): Float64Array {
  const intercepts = new Float64Array(TILTS);
  for (let j = 0; j < TILTS; j++) intercepts[j] = (logWeights[j] as number) - n * (logMoments[j] as number);
  return intercepts;
}
