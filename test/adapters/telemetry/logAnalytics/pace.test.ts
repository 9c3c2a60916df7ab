import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPace } from '../../../../src/adapters/telemetry/logAnalytics/pace.ts';

/** Asks as fast as it may, each query taking so long; the times at which they begin. */
function beginnings(latency: () => number, until: number): { starts: number[]; atOnce: number } {
  const pace = createPace();
  const starts: number[] = [];
  let ends: number[] = [];
  let atOnce = 0;
  for (let now = 0; now < until; ) {
    ends = ends.filter((end) => {
      if (end <= now) pace.end();
      return end > now;
    });
    const wait = pace.wait(now);
    if (wait === 0) {
      pace.begin(now);
      starts.push(now);
      ends.push(now + latency());
      atOnce = Math.max(atOnce, ends.length);
    } else {
      now = Math.min(now + wait, ...ends);
    }
  }
  return { starts, atOnce };
}

it('is never more than five queries at once and 200 in any 30 s, and little less when there is more to ask', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }), (latencies) => {
      let index = 0;
      const { starts, atOnce } = beginnings(() => latencies[index++ % latencies.length] ?? 1, 120_000);
      expect(atOnce).toBeLessThanOrEqual(5);
      for (const [from, start] of starts.entries()) {
        const within = starts.slice(from).filter((other) => other - start < 30_000);
        expect(within.length).toBeLessThanOrEqual(200);
      }
    }),
    { numRuns: 20 },
  );
  expect(beginnings(() => 1, 30_000).starts.length).toBeGreaterThan(160);
});

it('lets those who have not asked for a while begin at once', () => {
  const pace = createPace();
  for (let count = 0; count < 20; count++) {
    expect(pace.wait(1000)).toBe(0);
    pace.begin(1000);
    pace.end();
  }
  expect(pace.wait(1000)).toBe(200);
  expect(pace.wait(5000)).toBe(0);
});
