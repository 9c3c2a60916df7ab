import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextLookAt, windowAt } from '../../src/core/schedule.ts';

const times = { intervalSeconds: 30, warmupSeconds: 120, settleSeconds: 180 };

describe('the analysed window', () => {
  it('begins after the warm-up and ends where telemetry has settled, in whole intervals', () => {
    expect(windowAt(329_999, 0, times)).toBeUndefined();
    expect(windowAt(330_000, 0, times)).toEqual({ start: 120_000, end: 150_000 });
    expect(windowAt(359_999, 0, times)).toEqual({ start: 120_000, end: 150_000 });
    expect(windowAt(360_000, 0, times)).toEqual({ start: 120_000, end: 180_000 });
  });

  it('never holds what has not settled or was warm-up, and grows at the next look', () => {
    const arbitrary = fc.record({
      intervalSeconds: fc.integer({ min: 5, max: 3600 }),
      warmupSeconds: fc.integer({ min: 0, max: 86_400 }),
      settleSeconds: fc.integer({ min: 1, max: 3600 }),
    });
    fc.assert(
      fc.property(
        arbitrary,
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 0, max: 1e8 }),
        (given, since, age) => {
          const now = since + age;
          const window = windowAt(now, since, given);
          if (window !== undefined) {
            expect(window.start).toBe(since + given.warmupSeconds * 1000);
            expect(window.end).toBeLessThanOrEqual(now - given.settleSeconds * 1000);
            expect((window.end - window.start) % (given.intervalSeconds * 1000)).toBe(0);
          }
          const next = nextLookAt(now, since, given);
          expect(next).toBeGreaterThan(now);
          const grown = windowAt(next, since, given);
          expect(grown?.end).toBe((window?.end ?? since + given.warmupSeconds * 1000) + given.intervalSeconds * 1000);
          expect(windowAt(next - 1, since, given)).toEqual(window);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
