import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorEvidence, errorInterval, leastFavourablePairing } from '../../../src/core/stats/errorEvidence.ts';

const size = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 1e9 }));
const delta = fc.constantFrom(0, 0.001, 0.01, 0.1, 0.5);
const phi = fc.oneof(fc.constant(1), fc.double({ min: 1, max: 1e6, noNaN: true }));
const arm = fc
  .tuple(size, fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]) => ({ errors: n * share, size: n }));

describe('errorEvidence', () => {
  it('is finite for any counts', () => {
    fc.assert(
      fc.property(arm, arm, phi, delta, (live, mirror, deflation, tolerated) => {
        const { logFail, logPass } = errorEvidence(leastFavourablePairing(live, mirror, deflation), tolerated);
        expect(Number.isFinite(logFail) && Number.isFinite(logPass)).toBe(true);
      }),
    );
  });

  it('is nothing without pairs', () => {
    const { logFail, logPass } = errorEvidence({ onlyMirrorFailed: 0, onlyLiveFailed: 0, pairs: 0 }, 0.01);
    expect(logFail).toBeCloseTo(0, 12);
    expect(logPass).toBeCloseTo(0, 12);
  });

  it('for a pass, is never higher for a lost copy than for one that succeeded', () => {
    fc.assert(
      fc.property(
        arm,
        arm,
        phi,
        delta,
        fc.integer({ min: 1, max: 1000 }),
        (live, mirror, deflation, tolerated, lost) => {
          const all = mirror.size + lost;
          const passWith = (errors: number) =>
            errorEvidence(leastFavourablePairing(live, { errors, size: all }, deflation), tolerated).logPass;
          const recorded = passWith(mirror.errors);
          expect(passWith(mirror.errors + lost)).toBeLessThanOrEqual(recorded + 1e-9 * Math.max(1, Math.abs(recorded)));
        },
      ),
    );
  });

  it('for a pass, never rises when copies are lost and live has no errors', () => {
    fc.assert(
      fc.property(arm, phi, delta, fc.integer({ min: 1, max: 1000 }), (mirror, deflation, tolerated, lost) => {
        const live = { errors: 0, size: mirror.size + lost };
        const more = { errors: mirror.errors + lost, size: mirror.size + lost };
        const before = errorEvidence(leastFavourablePairing(live, mirror, deflation), tolerated).logPass;
        const after = errorEvidence(leastFavourablePairing(live, more, deflation), tolerated).logPass;
        expect(after).toBeLessThanOrEqual(before + 1e-9 * Math.max(1, Math.abs(before)));
      }),
    );
  });

  it('is bounded by every true pairing of the same totals', () => {
    fc.assert(
      fc.property(
        fc.nat(200),
        fc.nat(200),
        fc.nat(200),
        fc.nat(200),
        delta,
        (both, onlyMirror, onlyLive, none, tolerated) => {
          const pairs = both + onlyMirror + onlyLive + none;
          fc.pre(pairs > 0);
          const truth = errorEvidence({ onlyMirrorFailed: onlyMirror, onlyLiveFailed: onlyLive, pairs }, tolerated);
          const live = { errors: both + onlyLive, size: pairs };
          const mirror = { errors: both + onlyMirror, size: pairs };
          const bound = errorEvidence(leastFavourablePairing(live, mirror, 1), tolerated);
          expect(bound.logFail).toBeLessThanOrEqual(truth.logFail + 1e-9);
          expect(bound.logPass).toBeLessThanOrEqual(truth.logPass + 1e-9);
        },
      ),
    );
  });

  it('deflates by phi at least as much as its root', () => {
    fc.assert(
      fc.property(
        arm,
        arm,
        delta,
        fc.double({ min: 1, max: 100, noNaN: true }),
        (live, mirror, tolerated, deflation) => {
          const plain = errorEvidence(leastFavourablePairing(live, mirror, 1), tolerated);
          const deflated = errorEvidence(leastFavourablePairing(live, mirror, deflation), tolerated);
          const slack = 1e-9 * Math.max(1, Math.abs(plain.logFail), Math.abs(plain.logPass));
          expect(deflated.logFail).toBeLessThanOrEqual(plain.logFail / deflation + slack);
          expect(deflated.logPass).toBeLessThanOrEqual(plain.logPass / deflation + slack);
        },
      ),
    );
  });
});

describe('errorInterval', () => {
  it('contains the observed difference and rejects what is outside', () => {
    fc.assert(
      fc.property(arm, arm, (live, mirror) => {
        fc.pre(live.size > 0 && mirror.size > 0);
        const pairs = leastFavourablePairing(live, mirror, 1);
        const levels = { lower: 0.01, upper: 0.05 };
        const { lower, upper } = errorInterval(pairs, pairs, levels);
        const difference = mirror.errors / mirror.size - live.errors / live.size;
        expect(lower ?? -1).toBeLessThanOrEqual(difference + 1e-6);
        expect(upper ?? 1).toBeGreaterThanOrEqual(difference - 1e-6);
        if (lower !== null) expect(errorEvidence(pairs, lower).logFail).toBeGreaterThanOrEqual(Math.log(1 / 0.01));
        if (upper !== null) expect(errorEvidence(pairs, upper).logPass).toBeGreaterThanOrEqual(Math.log(1 / 0.05));
      }),
    );
  });

  it('has no bound without requests', () => {
    const nothing = leastFavourablePairing({ errors: 0, size: 0 }, { errors: 0, size: 0 }, 1);
    expect(errorInterval(nothing, nothing, { lower: 0.05, upper: 0.05 })).toEqual({ lower: null, upper: null });
  });
});
