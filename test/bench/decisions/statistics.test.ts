import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { clopperPearson } from '../../../bench/decisions/clopperPearson.ts';
import { incompleteBeta } from '../../../bench/decisions/incompleteBeta.ts';
import { mannWhitneyZ, PairwiseShifts } from '../../../bench/decisions/mannWhitney.ts';
import { momentsOf, momentsOfShare, welch } from '../../../bench/decisions/welch.ts';
import { seededRandom } from '../../support/random.ts';

// Expected values are those of SciPy 1.17.1.
const sorted = (values: readonly number[]) => Float64Array.from(values).sort();
const zerosAndOnes = (zeros: number, ones: number) => [...Array(zeros).fill(0), ...Array(ones).fill(1)] as number[];

test.each([
  [0.3, 2, 3, 0.3483],
  [0.5, 0.5, 0.5, 0.5],
  [0.97, 150.25, 0.5, 0.0025038012580669527],
  [0.01, 1, 2500, 0.9999999999877542],
  [0.999, 1000, 3, 0.9194224096397954],
])('scipy.special.betainc: I_%d(%d, %d) = %d', (x, a, b, expected) => {
  expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, 12);
});

test.each([
  [0, 200, 0, 0.018275340355148807],
  [200, 200, 0.9817246596448512, 1],
  [1, 60, 0.0004218744524641874, 0.08939905005729891],
  [7, 500, 0.005646761070671558, 0.02863161618333614],
  [250, 500, 0.4552855693242274, 0.5447144306757725],
  [0, 2500, 0, 0.0014744636903735089],
])('scipy.stats.binomtest(…).proportion_ci(0.95, "exact"): %d of %d', (count, of, lower, upper) => {
  const [low, high] = clopperPearson(count, of);
  expect(low).toBeCloseTo(lower, 12);
  expect(high).toBeCloseTo(upper, 12);
});

describe('scipy.stats.ttest_ind(equal_var=False)', () => {
  const first = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
  const second = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.9];

  it('equal sizes', () => {
    const { t, p, degreesOfFreedom } = welch(momentsOf(first), momentsOf(second));
    expect(t).toBeCloseTo(2.879714362876703, 10);
    expect(p).toBeCloseTo(0.00756139750239832, 10);
    expect(degreesOfFreedom).toBeCloseTo(27.904304538301975, 10);
  });

  it('tiny samples', () => {
    const { t, p, degreesOfFreedom } = welch(momentsOf([490.2, 340, 433.9]), momentsOf([3, 4, 1, 2.1]));
    expect(t).toBeCloseTo(-9.559497721932658, 10);
    expect(p).toBeCloseTo(0.010751561149784488, 10);
    expect(degreesOfFreedom).toBeCloseTo(2.0008523488562844, 10);
  });

  it('failures, as zeros and ones', () => {
    const { t, p, degreesOfFreedom } = welch(momentsOfShare(5, 300), momentsOfShare(12, 300));
    expect(t).toBeCloseTo(1.7237176670854042, 10);
    expect(p).toBeCloseTo(0.0853590991173197, 10);
    expect(degreesOfFreedom).toBeCloseTo(514.8965707219933, 8);
    expect(momentsOfShare(5, 300).variance).toBeCloseTo(momentsOf(zerosAndOnes(295, 5)).variance, 12);
  });

  it('nothing that varies, or nothing at all, is no difference', () => {
    expect(welch(momentsOfShare(0, 300), momentsOfShare(0, 280))).toMatchObject({ t: 0, p: 1 });
    expect(welch(momentsOf([]), momentsOf([]))).toMatchObject({ t: 0, p: 1 });
  });
});

describe('scipy.stats.mannwhitneyu(method="asymptotic")', () => {
  test.each([
    ['its example', [20, 11, 17, 12], [19, 22, 16, 29, 24], 1.592168332809066],
    ['ties', [1, 2, 2, 3, 3, 3, 4], [2, 3, 3, 4, 4, 5, 5, 5], 1.9665165903190343],
    ['zeros and ones', zerosAndOnes(295, 5), zerosAndOnes(288, 12), 1.7200689530748106],
  ])('%s', (_, first, second, z) => {
    expect(mannWhitneyZ(sorted(first), sorted(second))).toBeCloseTo(z, 10);
    expect(mannWhitneyZ(sorted(second), sorted(first))).toBeCloseTo(-z, 10);
  });

  it('one value everywhere, or nothing, is no difference', () => {
    expect(mannWhitneyZ(sorted([0, 0, 0]), sorted([0, 0]))).toBe(0);
    expect(mannWhitneyZ(sorted([]), sorted([]))).toBe(0);
  });
});

describe('the shifts of all pairs', () => {
  // Without ties: the correction for them is the test's alone.
  const values = fc
    .tuple(fc.integer(), fc.integer({ min: 8, max: 40 }))
    .map(([seed, size]) => ({ random: seededRandom(seed), size }))
    .map(({ random, size }) => Array.from({ length: size }, () => [random.normal(), random.normal()] as const));
  const shiftsOf = (pairs: readonly (readonly [number, number])[]): PairwiseShifts => {
    const shifts = new PairwiseShifts();
    for (const [first, second] of pairs) shifts.add(first, second);
    return shifts;
  };

  it('have Hodges and Lehmann’s estimate as their median', () => {
    fc.assert(
      fc.property(values, (pairs) => {
        const all = sorted(pairs.flatMap(([first]) => pairs.map(([, second]) => second - first)));
        const middle = (all.length - 1) / 2;
        expect(shiftsOf(pairs).median).toBe(((all[Math.floor(middle)] ?? 0) + (all[Math.ceil(middle)] ?? 0)) / 2);
      }),
    );
  });

  it('have as lower limit the shift up to which the test rejects', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.5, max: 2.5, noNaN: true }), (pairs, z) => {
        const first = sorted(pairs.map(([each]) => each));
        const second = pairs.map(([, each]) => each);
        const limit = shiftsOf(pairs).lowerLimit(z);
        fc.pre(Number.isFinite(limit));
        const shifted = (shift: number) => mannWhitneyZ(first, sorted(second.map((each) => each - shift)));
        expect(shifted(limit - 1e-10)).toBeGreaterThanOrEqual(z);
        expect(shifted(limit + 1e-10)).toBeLessThanOrEqual(z);
      }),
    );
  });

  it('have no lower limit while there are too few', () => {
    expect(shiftsOf([[1, 2]]).lowerLimit(2.3)).toBe(Number.NEGATIVE_INFINITY);
  });
});
