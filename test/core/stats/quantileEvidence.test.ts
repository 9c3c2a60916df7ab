import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { histogramFrom, quantileOf, shareAtOrBelow } from '../../../src/core/stats/histogram.ts';
import { logOver, logUnder } from '../../../src/core/stats/mixture.ts';
import {
  type QuantileComparison,
  quantileEvidence,
  quantileFailEvidence,
  quantilePassEvidence,
} from '../../../src/core/stats/quantileEvidence.ts';
import { quantileDifferenceInterval, quantileRatioInterval } from '../../../src/core/stats/quantileInterval.ts';
import { increaseTolerance, shiftTolerance } from '../../../src/core/stats/toleranceMap.ts';
import { histogramWeights, neighbouringHistograms } from '../../support/histograms.ts';

const percentile = fc.constantFrom(0.5, 0.75, 0.9, 0.95, 0.99);
const phi = fc.oneof(fc.constant(1), fc.double({ min: 1, max: 5, noNaN: true }), fc.constant(1e6));
const keep = fc.double({ min: 0.01, max: 1, noNaN: true });
const tolerance = fc
  .tuple(fc.constantFrom(0, 0.1, 0.25, 1), fc.constantFrom(0, 2, 20, 50))
  .map(([share, ms]) => increaseTolerance(share, ms));

const comparison: fc.Arbitrary<QuantileComparison> = fc
  .tuple(neighbouringHistograms, percentile, tolerance, phi, keep)
  .map(([[live, mirror], p, T, deflation, kept]) => ({
    live: histogramFrom(live),
    mirror: histogramFrom(mirror),
    p,
    tolerance: T,
    phi: deflation,
    keep: kept,
  }));

describe('quantileEvidence', () => {
  it('is nothing when an arm is empty', () => {
    const some = histogramFrom({ '100': 500 });
    const none = histogramFrom({});
    const common = { p: 0.5, tolerance: increaseTolerance(0.1, 20), phi: 1, keep: 1 };
    for (const [live, mirror] of [
      [some, none],
      [none, some],
      [none, none],
    ] as const) {
      expect(quantileEvidence({ ...common, live, mirror })).toEqual({ logFail: 0, logPass: 0 });
    }
  });

  it('is the smallest over every possible quantile of live, as an exhaustive search finds it', () => {
    fc.assert(
      fc.property(comparison, (compared) => {
        const fast = quantileEvidence(compared);
        const slow = exhaustiveEvidence(compared);
        expect(Math.abs(fast.logFail - slow.logFail)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(slow.logFail)));
        expect(Math.abs(fast.logPass - slow.logPass)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(slow.logPass)));
      }),
      { numRuns: 60 },
    );
  });

  it('is finite for any counts', () => {
    fc.assert(
      fc.property(
        histogramWeights,
        histogramWeights,
        percentile,
        tolerance,
        phi,
        keep,
        (live, mirror, p, T, d, kept) => {
          const compared = {
            live: histogramFrom(live),
            mirror: histogramFrom(mirror),
            p,
            tolerance: T,
            phi: d,
            keep: kept,
          };
          const { logFail, logPass } = quantileEvidence(compared);
          expect(Number.isFinite(logFail) && Number.isFinite(logPass)).toBe(true);
        },
      ),
    );
  });

  it('is never above what the deflation by phi leaves of the evidence at phi = 1', () => {
    fc.assert(
      fc.property(comparison, fc.double({ min: 1, max: 100, noNaN: true }), (compared, deflation) => {
        const plain = quantileEvidence({ ...compared, phi: 1 });
        const deflated = quantileEvidence({ ...compared, phi: deflation });
        expect(deflated.logFail).toBeLessThanOrEqual(plain.logFail / deflation + 1e-6);
        expect(deflated.logPass).toBeLessThanOrEqual(plain.logPass / deflation + 1e-6);
      }),
    );
  });

  it('for a pass, never rises when copies are lost; for a fail, does not change', () => {
    fc.assert(
      fc.property(comparison, keep, (compared, fewer) => {
        const some = quantileEvidence(compared);
        const lost = quantileEvidence({ ...compared, keep: compared.keep * fewer });
        expect(lost.logPass).toBeLessThanOrEqual(some.logPass + 1e-6 * Math.max(1, Math.abs(some.logPass)));
        expect(lost.logFail).toBe(some.logFail);
      }),
    );
  });

  it('falls for a fail, and rises for a pass, with a larger tolerance', () => {
    fc.assert(
      fc.property(comparison, fc.double({ min: 0, max: 200, noNaN: true }), fc.nat(100), (compared, base, more) => {
        const tight = quantileEvidence({ ...compared, tolerance: shiftTolerance(base) });
        const loose = quantileEvidence({ ...compared, tolerance: shiftTolerance(base + more) });
        expect(loose.logFail).toBeLessThanOrEqual(tight.logFail + 1e-6 * Math.max(1, Math.abs(tight.logFail)));
        expect(loose.logPass).toBeGreaterThanOrEqual(tight.logPass - 1e-6 * Math.max(1, Math.abs(tight.logPass)));
      }),
    );
  });

  it('stops early only below what is enough', () => {
    fc.assert(
      fc.property(comparison, fc.double({ min: -5, max: 20, noNaN: true }), (compared, enough) => {
        const { logFail, logPass } = quantileEvidence(compared);
        fc.pre(Math.abs(logFail - enough) > 1e-5 && Math.abs(logPass - enough) > 1e-5);
        expect(quantileFailEvidence(compared, enough) >= enough).toBe(logFail >= enough);
        expect(quantilePassEvidence(compared, enough) >= enough).toBe(logPass >= enough);
      }),
    );
  });
});

describe('quantile intervals', () => {
  const levels = { lower: 0.0125, upper: 0.05 };

  it('agree with the evidence: no shift inside is rejected, shifts outside are', () => {
    fc.assert(
      fc.property(comparison, (compared) => {
        const { lower, upper } = quantileDifferenceInterval(compared, levels);
        const rejects = (shift: number) => {
          const { logFail, logPass } = quantileEvidence({ ...compared, tolerance: shiftTolerance(shift) });
          return { above: logFail >= Math.log(1 / levels.lower), below: logPass >= Math.log(1 / levels.upper) };
        };
        if (lower !== null) {
          expect(rejects(lower).above).toBe(true);
          expect(rejects(lower + 0.01).above).toBe(false);
        }
        if (upper !== null) {
          expect(rejects(upper).below).toBe(true);
          expect(rejects(upper - 0.01).below).toBe(false);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('contain the observed difference and ratio when no copy is lost', () => {
    fc.assert(
      fc.property(comparison, (compared) => {
        const whole = { ...compared, keep: 1 };
        const live = quantileOf(whole.live, whole.p) ?? Number.NaN;
        const mirror = quantileOf(whole.mirror, whole.p) ?? Number.NaN;
        const delta = quantileDifferenceInterval(whole, levels);
        expect(delta.lower ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(mirror - live);
        expect(delta.upper ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(mirror - live);
        const ratio = quantileRatioInterval(whole, levels);
        expect(ratio.lower ?? 0).toBeLessThanOrEqual(mirror / live);
        expect(ratio.upper ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(mirror / live);
      }),
      { numRuns: 40 },
    );
  });

  it('have no bound for an empty arm', () => {
    const compared = { live: histogramFrom({ '1': 9 }), mirror: histogramFrom({}), p: 0.5, phi: 1, keep: 1 };
    expect(quantileDifferenceInterval(compared, levels)).toEqual({ lower: null, upper: null });
    expect(quantileRatioInterval(compared, levels)).toEqual({ lower: null, upper: null });
  });
});

/** Every candidate, and a ternary search in every segment: what the branch and bound must not miss. */
function exhaustiveEvidence({ live, mirror, p, tolerance: T, phi: deflation, keep: kept }: QuantileComparison) {
  const n1 = live.effectiveSize / deflation;
  const n2 = mirror.effectiveSize / deflation;
  const edges = (buckets: Float64Array) => [...buckets].flatMap((bucket) => [1.02 ** (bucket - 1), 1.02 ** bucket]);
  const inner = [...edges(live.buckets), ...edges(mirror.buckets).map(T.inverse)].filter((a) => a > 0);
  const candidates = [0, ...inner.sort((a, b) => a - b), Number.POSITIVE_INFINITY];
  const smallest = (at: (a: number) => number): number => {
    let best = Math.min(...candidates.map(at));
    for (let k = 1; k + 2 < candidates.length; k++) {
      let low = Math.log(candidates[k] ?? 0);
      let high = Math.log(candidates[k + 1] ?? 0);
      for (let step = 0; step < 40; step++) {
        const [a, b] = [low + (high - low) / 3, high - (high - low) / 3];
        if (at(Math.exp(a)) <= at(Math.exp(b))) high = b;
        else low = a;
      }
      best = Math.min(best, at(Math.exp((low + high) / 2)));
    }
    return best;
  };
  const first = (a: number) => n1 * shareAtOrBelow(live, a);
  const second = (a: number) => n2 * shareAtOrBelow(mirror, T.allowed(a));
  return {
    logFail: smallest((a) => logOver(first(a), n1, p) + logUnder(second(a), n2, p)),
    logPass: smallest((a) => logUnder(first(a), n1, p) + logOver(kept * second(a), n2, p)),
  };
}
