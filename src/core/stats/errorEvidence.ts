import { bisect } from './bisect.ts';
import type { Interval, Levels } from './interval.ts';
import type { LogEvidence } from './logEvidence.ts';
import { NULL_BET_WEIGHT } from './mixture.ts';

/** Request pairs by outcome. Counts may be fractions: they are deflated by the over-dispersion. */
export interface PairCounts {
  readonly onlyMirrorFailed: number;
  readonly onlyLiveFailed: number;
  readonly pairs: number;
}

const BETS = 20;
const BET_RATIO = Math.SQRT1_2;
const LARGEST_BET = 0.99; // of the bet at which a single loss would ruin the bettor
const BISECTIONS = 30;
const RANGE_MARGIN = 1e-9;

const logWeights = logWeightsOfBets();
const scratch = new Float64Array(BETS + 1);

/**
 * Evidence that the expected difference of the error rates (mirror − live) is above `delta`, and that it is below.
 * Betting martingales (Waudby-Smith & Ramdas, JRSS-B 86(1), 2024) on D = +1 when only mirror failed, −1 when only live
 * failed, else 0, mixed over 20 bets and the null bet.
 * @param delta −1 < delta < 1
 */
export function errorEvidence(counts: PairCounts, delta: number): LogEvidence {
  return { logFail: errorFailEvidence(counts, delta), logPass: errorPassEvidence(counts, delta) };
}

export function errorFailEvidence(counts: PairCounts, delta: number): number {
  const { onlyMirrorFailed, onlyLiveFailed, pairs } = counts;
  const others = pairs - onlyMirrorFailed - onlyLiveFailed;
  return mixBets(1 / (1 + delta), (bet) => {
    // log1p of each factor as written: 1 − bet·(…) loses digits at small bets
    const win = onlyMirrorFailed * Math.log1p(bet * (1 - delta));
    return win + onlyLiveFailed * Math.log1p(-bet * (1 + delta)) + others * Math.log1p(-bet * delta);
  });
}

export function errorPassEvidence(counts: PairCounts, delta: number): number {
  const { onlyMirrorFailed, onlyLiveFailed, pairs } = counts;
  const others = pairs - onlyMirrorFailed - onlyLiveFailed;
  return mixBets(1 / (1 - delta), (bet) => {
    const loss = onlyMirrorFailed * Math.log1p(-bet * (1 - delta));
    return loss + onlyLiveFailed * Math.log1p(bet * (1 + delta)) + others * Math.log1p(bet * delta);
  });
}

/** Errors of one arm. `size` is the effective number of requests and `errors` scaled to it. */
export interface ErrorCount {
  readonly errors: number;
  readonly size: number;
}

/**
 * The pairing of two unpaired totals that gives the least evidence, thinned to min(sizes)/phi pairs. Evidence falls as
 * both discordant counts grow with their difference fixed, so this bounds every true pairing.
 */
export function leastFavourablePairing(live: ErrorCount, mirror: ErrorCount, phi: number): PairCounts {
  const size = Math.min(live.size, mirror.size);
  if (size <= 0) return { onlyMirrorFailed: 0, onlyLiveFailed: 0, pairs: 0 };
  const pairs = size / phi;
  const liveShare = live.errors / live.size;
  const mirrorShare = mirror.errors / mirror.size;
  const discordant = Math.min(liveShare + mirrorShare, 2 - liveShare - mirrorShare);
  return {
    onlyMirrorFailed: (pairs * (discordant + mirrorShare - liveShare)) / 2,
    onlyLiveFailed: (pairs * (discordant - mirrorShare + liveShare)) / 2,
    pairs,
  };
}

/**
 * The interval for the difference of the error rates (mirror − live), as shares in −1 … 1.
 * @param forFail the counts that a Fail is judged by, which bound the interval from below
 * @param forPass the counts that a Pass is judged by (lost copies count as failed), which bound it from above
 */
export function errorInterval(
  forFail: PairCounts,
  forPass: PairCounts,
  levels: Levels,
  bisections = BISECTIONS,
): Interval {
  const enoughBelow = Math.log(1 / levels.lower);
  const enoughAbove = Math.log(1 / levels.upper);
  const limit = 1 - RANGE_MARGIN;
  return {
    lower: bisect((delta) => errorFailEvidence(forFail, delta) >= enoughBelow, -limit, limit, bisections),
    upper: bisect((delta) => errorPassEvidence(forPass, delta) >= enoughAbove, limit, -limit, bisections),
  };
}

function mixBets(ruin: number, logValue: (bet: number) => number): number {
  let largest = 0;
  scratch[0] = logWeights[0] as number;
  largest = scratch[0];
  for (let j = 0; j < BETS; j++) {
    const value = (logWeights[j + 1] as number) + logValue(LARGEST_BET * ruin * BET_RATIO ** j);
    scratch[j + 1] = value;
    if (value > largest) largest = value;
  }
  let sum = 0;
  for (let j = 0; j <= BETS; j++) sum += Math.exp((scratch[j] as number) - largest);
  return largest + Math.log(sum);
}

/** Weights proportional to the square root of the bet, summing to 0.9, after the null bet's 0.1. */
function logWeightsOfBets(): Float64Array {
  const weights = new Float64Array(BETS + 1);
  let total = 0;
  for (let j = 0; j < BETS; j++) total += BET_RATIO ** (0.5 * j);
  weights[0] = Math.log(NULL_BET_WEIGHT);
  for (let j = 0; j < BETS; j++) weights[j + 1] = Math.log(((1 - NULL_BET_WEIGHT) * BET_RATIO ** (0.5 * j)) / total);
  return weights;
}
