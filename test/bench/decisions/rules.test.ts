import { describe, expect, it, test } from 'vitest';
import {
  fixedThreshold,
  kayentaJudge,
  mannWhitneyPerInterval,
  welchPerInterval,
} from '../../../bench/decisions/baselines.ts';
import { failsAt } from '../../../bench/decisions/rules.ts';
import type { Requests } from '../../../bench/decisions/traffic.ts';
import { seededRandom } from '../../support/random.ts';

/** 300 requests, of which some fail; the others answer in 100 ms (median). */
function requests(seed: number, { factor = 1, failures = 0 } = {}): Requests {
  const random = seededRandom(seed);
  const latencies = Array.from({ length: 300 - failures }, () => 100 * factor * Math.exp(0.5 * random.normal()));
  return { latencies, failures };
}

test.each([
  ['no bad interval', '.....', 1, false, null],
  ['the first', '..x..', 1, false, 3],
  ['three in all', 'x.x..x.', 3, false, 6],
  ['three in a row, interrupted', 'xx.xx.x', 3, true, null],
  ['three in a row', 'xx.xxx', 3, true, 6],
])('%s', (_, intervals, times, inARow, expected) => {
  expect(
    failsAt(
      [...intervals].map((each) => each === 'x'),
      { times, inARow },
    ),
  ).toBe(expected);
});

describe('the fixed threshold', () => {
  const before = { latencies: Array.from({ length: 1000 }, (_, index) => index + 1), failures: 10 }; // p50 500, p95 950
  const live = requests(1);
  const interval = (median: number, failures = 0): Requests => ({
    latencies: [...Array<number>(60).fill(1), ...Array<number>(120).fill(median)],
    failures,
  });

  it('is live’s quantile before and the tolerance', () => {
    expect(fixedThreshold(before)(live, interval(549.9))).toBe(false);
    expect(fixedThreshold(before)(live, interval(550.1))).toBe(true);
  });

  it('tolerates 20 ms where a tenth is less', () => {
    const fast = fixedThreshold({ latencies: [10, 10, 10], failures: 0 });
    expect(fast(live, { latencies: [29.9, 29.9], failures: 0 })).toBe(false);
    expect(fast(live, { latencies: [30.1, 30.1], failures: 0 })).toBe(true);
  });

  it('looks at p95 too', () => {
    const tail = { latencies: [...Array<number>(94).fill(1), ...Array<number>(6).fill(1046)], failures: 0 };
    expect(fixedThreshold(before)(live, tail)).toBe(true);
  });

  it('tolerates one percentage point more errors than live had before', () => {
    // 10 of 1,010 failed before.
    expect(fixedThreshold(before)(live, { latencies: Array(981).fill(1), failures: 19 })).toBe(false);
    expect(fixedThreshold(before)(live, { latencies: Array(979).fill(1), failures: 21 })).toBe(true);
  });
});

describe.each([
  ['Mann and Whitney', mannWhitneyPerInterval],
  ['Welch', welchPerInterval],
])('%s per interval', (_, start) => {
  it('finds a slower and a failing candidate, and no faster one', () => {
    const isBad = start();
    expect(isBad(requests(1), requests(2, { factor: 1.3 }))).toBe(true);
    expect(isBad(requests(1), requests(2, { factor: 0.7 }))).toBe(false);
    expect(isBad(requests(1, { failures: 2 }), requests(2, { failures: 20 }))).toBe(true);
    expect(isBad(requests(1, { failures: 20 }), requests(2, { failures: 2 }))).toBe(false);
  });

  it('is wrong about equal versions about as often as its level says', () => {
    const isBad = start();
    let alarms = 0;
    for (let seed = 0; seed < 2000; seed++) if (isBad(requests(2 * seed), requests(2 * seed + 1))) alarms++;
    const level = start === welchPerInterval ? 0.025 : 0.01;
    expect(Math.abs(alarms / 2000 - level)).toBeLessThan(4 * Math.sqrt(level / 2000));
  });
});

describe('Kayenta’s use of Mann and Whitney', () => {
  const judged = (count: number, options: { factor?: number; failures?: number }) => {
    const isBad = kayentaJudge();
    return Array.from({ length: count }, (_, index) => isBad(requests(2 * index), requests(2 * index + 1, options)));
  };

  it('finds a clear shift with the tenth value, not before', () => {
    expect(judged(11, { factor: 1.5 }).indexOf(true)).toBe(9);
    expect(judged(11, { failures: 30 }).indexOf(true)).toBe(9);
  });

  it('finds none in equal versions, and none in a faster one', () => {
    expect(judged(40, {})).not.toContain(true);
    expect(judged(40, { factor: 0.8 })).not.toContain(true);
  });
});
