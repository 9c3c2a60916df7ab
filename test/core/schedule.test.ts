import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextIntervalAt, nextLookAt, windowAt } from '../../src/core/schedule.ts';

const times = { intervalSeconds: 30, warmupSeconds: 120, settleSeconds: 180, minDurationSeconds: 300 };

const arbitraryTimes = fc.record({
  intervalSeconds: fc.integer({ min: 5, max: 3600 }),
  warmupSeconds: fc.integer({ min: 0, max: 86_400 }),
  settleSeconds: fc.integer({ min: 1, max: 3600 }),
  minDurationSeconds: fc.integer({ min: 0, max: 86_400 }),
});

/** The lengths in intervals of all windows that are looked at, up to this one. */
function lengths(most: number, given = times): readonly number[] {
  const found: number[] = [];
  let now = nextLookAt(0, 0, given);
  for (;;) {
    const window = windowAt(now, 0, given);
    const length = ((window?.end ?? 0) - (window?.start ?? 0)) / 1000 / given.intervalSeconds;
    if (length > most) return found;
    found.push(length);
    now = nextLookAt(now, 0, given);
  }
}

describe('the analysed window', () => {
  it('begins after the warm-up and ends where telemetry has settled, in whole intervals', () => {
    expect(windowAt(329_999, 0, times)).toBeUndefined();
    expect(windowAt(330_000, 0, times)).toEqual({ start: 120_000, end: 150_000 });
    expect(windowAt(359_999, 0, times)).toEqual({ start: 120_000, end: 150_000 });
    expect(windowAt(360_000, 0, times)).toEqual({ start: 120_000, end: 180_000 });
  });

  it('is looked at at every interval first, and then whenever it has grown by a tenth', () => {
    expect(lengths(22)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 22]);
    expect(lengths(120).slice(-5)).toEqual([79, 86, 94, 103, 113]);
  });

  it('is looked at when minDurationSeconds are over, and in full when no look follows', () => {
    expect(lengths(120, { ...times, minDurationSeconds: 3000 })).toContain(100);
    expect(lengths(120)).not.toContain(100);
    const hour = 120_000 + 180_000 + 3_600_000;
    expect(windowAt(hour, 0, times)?.end).toBe(120_000 + 113 * 30_000);
    expect(windowAt(hour, 0, times, true)?.end).toBe(120_000 + 120 * 30_000);
  });

  it('never holds what has not settled or was warm-up, and grows at the next look and not before', () => {
    fc.assert(
      fc.property(arbitraryTimes, fc.nat({ max: 1e12 }), fc.nat({ max: 1e8 }), (given, since, age) => {
        const now = since + age;
        const window = windowAt(now, since, given);
        if (window !== undefined) {
          expect(window.start).toBe(since + given.warmupSeconds * 1000);
          expect(window.end).toBeLessThanOrEqual(now - given.settleSeconds * 1000);
          expect((window.end - window.start) % (given.intervalSeconds * 1000)).toBe(0);
        }
        const next = nextLookAt(now, since, given);
        expect(next).toBeGreaterThan(now);
        expect(windowAt(next, since, given)?.end).toBe(next - given.settleSeconds * 1000);
        expect(windowAt(next - 1, since, given)).toEqual(window);
      }),
      { numRuns: 5000 },
    );
  });

  it('of all looks together is at most 13 times that of the last, and no look waits for more than a tenth of it', () => {
    fc.assert(
      fc.property(arbitraryTimes, fc.integer({ min: 1, max: 2880 }), (given, most) => {
        const looks = lengths(most, given);
        const [last = 0, before = 0] = looks.toReversed();
        expect(looks.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(13 * last);
        expect(last - before).toBeLessThanOrEqual(Math.max(1, 0.1 * before));
      }),
    );
  });

  it('grows only when an interval has settled', () => {
    fc.assert(
      fc.property(arbitraryTimes, fc.nat({ max: 1e8 }), (given, now) => {
        const next = nextIntervalAt(now, 0, given);
        expect(next).toBeGreaterThan(now);
        expect(next).toBeLessThanOrEqual(nextLookAt(now, 0, given));
        expect(windowAt(next - 1, 0, given, true)).toEqual(windowAt(now, 0, given, true));
        expect(windowAt(next, 0, given, true)?.end).toBe(next - given.settleSeconds * 1000);
      }),
    );
  });
});
