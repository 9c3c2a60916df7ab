import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardBlockSeconds, guardWindowAt, nextGuardLook } from '../../src/core/guardSchedule.ts';

const times = fc.record({
  intervalSeconds: fc.integer({ min: 5, max: 3600 }),
  baselineSeconds: fc.integer({ min: 60, max: 86_400 }),
});
const switchOn = fc.integer({ min: 1.6e12, max: 1.9e12 });
const later = fc.integer({ min: -86_400_000, max: 14 * 86_400_000 });

describe('the window of the guard', () => {
  it('is the baseline and, beside the first, half to a whole baseline of what has been', () => {
    fc.assert(
      fc.property(times, switchOn, later, (given, on, after) => {
        const window = guardWindowAt(on + after, on, given);
        const block = guardBlockSeconds(given) * 1000;
        if (window === undefined) {
          expect(after).toBeLessThan(2 * block);
          return;
        }
        const { start, from, end, stretch } = window;
        const baseline = given.baselineSeconds * 1000;
        expect(on - start).toBe(baseline);
        expect(end).toBeLessThanOrEqual(on + after);
        expect(end).toBeGreaterThan(on + after - block);
        expect(from).toBeGreaterThanOrEqual(on);
        expect(end - from).toBeLessThanOrEqual(baseline);
        if (stretch === 1) expect(from).toBe(on);
        else expect(end - from).toBeGreaterThanOrEqual(Math.floor(baseline / 2));
      }),
    );
  });

  it('is found again from its own end, for the second read', () => {
    fc.assert(
      fc.property(times, switchOn, later, (given, on, after) => {
        const window = guardWindowAt(on + after, on, given);
        if (window !== undefined) expect(guardWindowAt(window.end, on, given)).toEqual(window);
      }),
    );
  });

  it('has at least ten blocks in the baseline', () => {
    fc.assert(
      fc.property(times, (given) => {
        const block = guardBlockSeconds(given);
        expect(Number.isInteger(block) && block >= 1 && block <= given.intervalSeconds).toBe(true);
        expect(given.baselineSeconds / block).toBeGreaterThanOrEqual(20);
      }),
    );
  });
});

describe('the next look', () => {
  const given = { intervalSeconds: 30, baselineSeconds: 600 };

  it('is the first when two blocks are there, whatever was seen in a former run', () => {
    expect(nextGuardLook(1_000_000, undefined, given)).toBe(1_060_000);
    expect(nextGuardLook(1_000_000, 999_999, given)).toBe(1_060_000);
    expect(guardWindowAt(1_059_999, 1_000_000, given)).toBeUndefined();
    expect(guardWindowAt(1_060_000, 1_000_000, given)).toBeDefined();
  });

  it('comes an interval later at first, and two later on', () => {
    expect(nextGuardLook(0, 60_000, given)).toBe(90_000);
    expect(nextGuardLook(0, 299_000, given)).toBe(329_000);
    expect(nextGuardLook(0, 300_000, given)).toBe(360_000);
  });
});
