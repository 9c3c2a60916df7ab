import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  claim,
  millisecondsLeft,
  millisecondsUntilFree,
  observe,
  release,
  retryMilliseconds,
} from '../../src/engine/leadership.ts';
import type { LeaseRecord } from '../../src/engine/ports/lease.ts';

const timing = { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2 };
const held: LeaseRecord = { holder: 'a', durationSeconds: 15, acquireTime: 1000, renewTime: 1000, transitions: 3 };
const stored = (record: LeaseRecord, resourceVersion = '1') => ({ record, resourceVersion });

describe('a lease of another', () => {
  test('is free when it has not changed for its duration, however old its times are', () => {
    const longAgo = { ...held, renewTime: 0 };
    const seen = observe(undefined, stored(longAgo), 5000);
    expect(millisecondsUntilFree(seen, 'b', timing, 5000)).toBe(15_000);
    expect(millisecondsUntilFree(observe(seen, stored(longAgo, '9'), 19_999), 'b', timing, 19_999)).toBe(1);
    expect(millisecondsUntilFree(observe(seen, stored(longAgo), 20_000), 'b', timing, 20_000)).toBe(0);
  });

  test('counts anew from every renewal, also from one that sets the time back', () => {
    const seen = observe(undefined, stored(held), 0);
    const renewed = observe(seen, stored({ ...held, renewTime: -5_000_000 }, '2'), 14_000);
    expect(millisecondsUntilFree(renewed, 'b', timing, 15_000)).toBe(14_000);
  });

  test('has the duration that its holder gave it, or the usual one', () => {
    const until = (durationSeconds: number | undefined) =>
      millisecondsUntilFree(observe(undefined, stored({ ...held, durationSeconds }), 0), 'b', timing, 0);
    expect([until(60), until(undefined)]).toEqual([60_000, 15_000]);
  });

  test('that is deleted is free no sooner', () => {
    const seen = observe(observe(undefined, stored(held), 0), undefined, 3000);
    expect(millisecondsUntilFree(seen, 'b', timing, 3000)).toBe(12_000);
  });
});

test('a lease that nobody holds, that was released, or that is our own, is free at once', () => {
  const own = observe(undefined, stored(held), 0);
  const released = observe(undefined, stored(release(held, 5)), 0);
  for (const [seen, identity] of [[undefined, 'b'] as const, [own, 'a'] as const, [released, 'b'] as const])
    expect(millisecondsUntilFree(seen, identity, timing, 0)).toBe(0);
});

describe('a claim', () => {
  test('of a first holder, of the same, and of another', () => {
    const first = { holder: 'a', durationSeconds: 15, acquireTime: 7, renewTime: 7, transitions: 0 };
    expect(claim(undefined, 'a', timing, 7)).toEqual(first);
    expect(claim(first, 'a', timing, 8)).toEqual({ ...first, renewTime: 8 });
    expect(claim(first, 'b', timing, 9)).toEqual({
      ...first,
      holder: 'b',
      acquireTime: 9,
      renewTime: 9,
      transitions: 1,
    });
    expect(claim(release(first, 8), 'b', timing, 9).transitions).toBe(1);
  });

  test('is always seen as a change', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -2, max: 2 }), (time, step) => {
        const before = claim(undefined, 'a', timing, time);
        const seen = observe(undefined, stored(before), 0);
        const after = claim(before, 'a', timing, time + step);
        expect(observe(seen, stored(after), 77)?.since).toBe(77);
      }),
    );
  });
});

test('the holder stops before any other may begin, if no monotonic clock is a third slower', () => {
  const time = fc.double({ min: 0, max: 100_000, noNaN: true });
  fc.assert(
    fc.property(time, time, time, fc.double({ min: 0.67, max: 1, noNaN: true }), (sent, transit, later, rate) => {
      // The holder's clock may be slow, the other's runs true; the record is seen after it was sent.
      const seen = observe(undefined, stored(held), sent + transit);
      const now = sent + transit + later;
      if (millisecondsUntilFree(seen, 'b', timing, now) > 0) return;
      expect(millisecondsLeft(sent * rate, timing, now * rate)).toBe(0);
    }),
  );
});

test('tries are jittered, and never further apart than retrySeconds', () => {
  expect([retryMilliseconds(timing, () => 0), retryMilliseconds(timing, () => 0.999)]).toEqual([1500, 1999.5]);
});
