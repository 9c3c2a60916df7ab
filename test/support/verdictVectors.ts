import { coverageEvidence } from '../../src/core/stats/coverageEvidence.ts';
import { dispersion } from '../../src/core/stats/dispersion.ts';
import { errorEvidence, errorInterval, leastFavourablePairing } from '../../src/core/stats/errorEvidence.ts';
import { bucketOf, type Histogram, histogramFrom, quantileOf, shareAtOrBelow } from '../../src/core/stats/histogram.ts';
import { meanInterval } from '../../src/core/stats/meanInterval.ts';
import { logOver, logUnder, tiltGrid } from '../../src/core/stats/mixture.ts';
import { quantileEvidence } from '../../src/core/stats/quantileEvidence.ts';
import { quantileDifferenceInterval, quantileRatioInterval } from '../../src/core/stats/quantileInterval.ts';
import { signEvidence } from '../../src/core/stats/signEvidence.ts';
import { increaseTolerance } from '../../src/core/stats/toleranceMap.ts';
import { alphaShare } from '../../src/core/verdict/alphaSplit.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';
import vectors from '../vectors/verdict.json' with { type: 'json' };

type Count =
  | 'S'
  | 'n'
  | 'b'
  | 'c'
  | 'k1'
  | 'n1'
  | 'k2'
  | 'n2'
  | 'sum1'
  | 'sumsq1'
  | 'sum2'
  | 'sumsq2'
  | 'slower'
  | 'pairs';
type Setting = 'p' | 'delta' | 'alpha' | 'phi' | 'rel' | 'absMs' | 'keep' | 'fraction' | 'maxLoss' | 'rank' | 'metrics';
type Other = 'routes' | 'ms' | 'w2' | 'h' | 'h1' | 'h2' | 'counts';
type Input = Record<Count | Setting, number> & Record<Other, number & string & Record<string, number>>;

const histograms: Record<string, Record<string, number>> = vectors.histograms;
const EXACT_BISECTIONS = 60; // what the vectors were made with

const functions: Readonly<Record<string, (input: Input) => object>> = {
  tiltGrid: ({ p }) => {
    const { tilts, logWeights } = tiltGrid(p);
    const weights = [...logWeights].map(Math.exp);
    return { first: [...tilts.slice(0, 4)], last: tilts.at(-1), w_first: weights.slice(0, 4), w_last: weights.at(-1) };
  },
  'logOver/logUnder': ({ S, n, p }) => ({ logOver: logOver(S, n, p), logUnder: logUnder(S, n, p) }),
  diffEvidence: ({ b, c, n, delta }) => errorEvidence({ onlyMirrorFailed: b, onlyLiveFailed: c, pairs: n }, delta),
  'worstCoupling+diffEvidence(0.01)': (input) => unpairedErrors(input),
  'worstCoupling+diffEvidence(0.01)+diffInterval(0.0125)': (input) => {
    const pairs = pairing(input);
    const levels = { lower: input.alpha, upper: input.alpha };
    const { lower, upper } = errorInterval(pairs, pairs, levels, EXACT_BISECTIONS);
    return { ...unpairedErrors(input), lo: lower ?? -1, hi: upper ?? 1 };
  },
  quantileEvidence: (input) => quantileEvidence(comparison(input)),
  'quantileEvidence+quantileInterval(0.0125)': (input) => {
    const compared = comparison({ ...input, keep: 1 });
    const levels = { lower: input.alpha, upper: input.alpha };
    const delta = quantileDifferenceInterval(compared, levels, { bisections: EXACT_BISECTIONS });
    const ratio = quantileRatioInterval(compared, levels, EXACT_BISECTIONS);
    return {
      q1: quantileOf(compared.live, input.p),
      q2: quantileOf(compared.mirror, input.p),
      ...quantileEvidence(compared),
      delta: [delta.lower, delta.upper],
      ratio: [ratio.lower ?? 0, ratio.upper],
    };
  },
  quantile: (input) => ({ ms: quantileOf(histogram(input.h), input.p) }),
  Hist: (input) => {
    const built = histogramFrom(input.counts, input.w2);
    return { n: built.effectiveSize, p50: quantileOf(built, 0.5), fracLe_10ms: shareAtOrBelow(built, 10) };
  },
  dispersion: (input) => {
    const column = (name: string): Float64Array => Float64Array.from(Reflect.get(input, name));
    return {
      phi: dispersion({
        liveCounts: column('x1'),
        liveSizes: column('n1'),
        mirrorCounts: column('x2'),
        mirrorSizes: column('n2'),
      }),
    };
  },
  meanInterval: ({ n1, sum1, sumsq1, n2, sum2, sumsq2, alpha }) => {
    const result = meanInterval(
      { weight: n1, size: n1, sum: sum1, sumOfSquares: sumsq1 },
      { weight: n2, size: n2, sum: sum2, sumOfSquares: sumsq2 },
      alpha,
    );
    return { diff: result?.difference, lo: result?.lower, hi: result?.upper };
  },
  coverageEvidence: ({ n1, n2, fraction, maxLoss }) => ({ logE: coverageEvidence(n1, n2, fraction, maxLoss) }),
  signEvidence: ({ slower, pairs }) => signEvidence(slower, pairs),
  failAlpha: ({ alpha, rank, metrics, routes }) => ({ alpha: alphaShare(alpha, rank, metrics, routes) }),
  binIndex: ({ ms }) => ({ bin: bucketOf(ms) }),
  evaluate: (input) => ({ ...evaluate(input as unknown as EvidenceDocument) }),
};

/** One of test/vectors/verdict.json, which come from an independent implementation (numpy), written before this one. */
export type Vector = (typeof vectors.vectors)[number];

export const VECTORS: readonly Vector[] = vectors.vectors;

/** Where this implementation differs from a vector; undefined: nowhere. */
export function differenceFrom(vector: Vector): string | undefined {
  const actual = functions[vector.function]?.(vector.input as unknown as Input);
  return difference(actual, vector.expected, vector.tolerance);
}

/**
 * The first difference: same shape and key order, equal texts, and numbers within the tolerance relative to
 * max(1, |expected|). Undefined when there is none.
 */
export function difference(actual: unknown, expected: unknown, tolerance: number, path = 'result'): string | undefined {
  const told = `${path}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;
  if (typeof expected === 'number' && typeof actual === 'number') {
    const error = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
    return error <= tolerance ? undefined : told;
  }
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    return actual === expected ? undefined : told;
  }
  if (Object.keys(actual).join() !== Object.keys(expected).join()) return told;
  for (const [key, value] of Object.entries(expected)) {
    const found = difference(Reflect.get(actual, key), value, tolerance, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function histogram(name: unknown): Histogram {
  return histogramFrom(histograms[String(name)] ?? {});
}

function comparison(input: Input) {
  const { h1, h2, p, rel, absMs, phi, keep } = input;
  return { live: histogram(h1), mirror: histogram(h2), p, tolerance: increaseTolerance(rel, absMs), phi, keep };
}

function pairing({ k1, n1, k2, n2, phi }: Input) {
  return leastFavourablePairing({ errors: k1, size: n1 }, { errors: k2, size: n2 }, phi);
}

function unpairedErrors(input: Input): object {
  const pairs = pairing(input);
  const { logFail, logPass } = errorEvidence(pairs, input.delta);
  return { b: pairs.onlyMirrorFailed, c: pairs.onlyLiveFailed, n: pairs.pairs, logFail, logPass };
}
