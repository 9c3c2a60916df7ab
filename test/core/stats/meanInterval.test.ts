import { describe, expect, it } from 'vitest';
import { meanInterval } from '../../../src/core/stats/meanInterval.ts';

const arm = { weight: 1000, size: 1000, sum: 15_000, sumOfSquares: 300_000 };

describe('meanInterval', () => {
  it('is null when an arm is empty', () => {
    const none = { weight: 0, size: 0, sum: 0, sumOfSquares: 0 };
    expect(meanInterval(arm, none, 0.05)).toBeNull();
    expect(meanInterval(none, arm, 0.05)).toBeNull();
  });

  it('surrounds the difference and widens with phi and with certainty', () => {
    const plain = meanInterval(arm, { ...arm, sum: 16_000 }, 0.05);
    const noisy = meanInterval(arm, { ...arm, sum: 16_000 }, 0.05, 3);
    const certain = meanInterval(arm, { ...arm, sum: 16_000 }, 0.001);
    expect(plain?.difference).toBeCloseTo(1, 9);
    expect(plain?.lower).toBeLessThan(1);
    expect(noisy?.upper).toBeGreaterThan(plain?.upper ?? Number.POSITIVE_INFINITY);
    expect(certain?.upper).toBeGreaterThan(plain?.upper ?? Number.POSITIVE_INFINITY);
  });

  it('knows less when rows are weighted than when they are single', () => {
    const weighted = { ...arm, size: 100 };
    expect(meanInterval(weighted, weighted, 0.05)?.upper).toBeGreaterThan(
      meanInterval(arm, arm, 0.05)?.upper ?? Number.POSITIVE_INFINITY,
    );
  });

  it('stays finite when rounding makes the variance negative', () => {
    const constant = { weight: 3, size: 3, sum: 0.3, sumOfSquares: 0.03 - 1e-9 };
    expect(meanInterval(constant, constant, 0.05)).toEqual({ difference: 0, lower: 0, upper: 0 });
  });
});
