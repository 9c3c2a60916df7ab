import { describe, expect, it } from 'vitest';
import { guardLive } from '../../../src/core/verdict/liveGuard.ts';
import {
  blockOf,
  type Condition,
  GUARD_DEFAULTS,
  type LiveRun,
  routeOf,
  stopsAt,
} from '../../support/liveSimulation.ts';
import { type Random, seededRandom } from '../../support/random.ts';

/** Enough to notice a fault; docs/statistics.md has the rates of a longer simulation. */
const RUNS = 12;
const steady: Condition = () => ({ factor: 1, errors: 0.005 });
/** From a second on. */
const harm =
  (from: number, factor: number, errors: number): Condition =>
  (second) =>
    second >= from ? { factor, errors } : { factor: 1, errors: 0.005 };

/** Latency that swings by a fifth in the period, beginning anywhere. */
const swinging = (hours: number) => (): Condition => {
  let phase: number | undefined;
  return (second, random) => {
    phase ??= random.uniform();
    return { factor: 1 + 0.2 * Math.sin(2 * Math.PI * (second / 3600 / hours + phase)), errors: 0.005 };
  };
};

/** Slow for `mean` seconds, now and then. */
const bursts = (factor: number, share: number, mean: number) => (): Condition => {
  let slow = true;
  let until = Number.NEGATIVE_INFINITY;
  const length = (random: Random) => -Math.log(1 - random.uniform()) * (slow ? mean : (mean * (1 - share)) / share);
  return (second, random) => {
    if (until === Number.NEGATIVE_INFINITY) {
      slow = random.chance(share);
      until = second + length(random);
    }
    while (second >= until) {
      slow = !slow;
      until += length(random);
    }
    return { factor: slow ? factor : 1, errors: 0.005 };
  };
};

function stops(make: () => Condition, run: LiveRun = {}, runs = RUNS): number[] {
  return Array.from({ length: runs }, (_, seed) => stopsAt(seed + 1, make(), run)).filter((time) => time !== undefined);
}

const LONG = { timeout: 120_000 };

describe('a guard that looks for an hour stops no healthy live service', () => {
  it.each([20, 100, 500])('that is steady, with a median of %d ms', LONG, (median) => {
    expect(stops(() => steady, { median })).toEqual([]);
  });

  it.each([20, 100, 500])('that swings by a fifth within a day, with a median of %d ms', LONG, (median) => {
    expect(stops(swinging(24), { median })).toEqual([]);
  });

  it.each([1, 0.25])('that swings by a fifth within %d h, where the tolerance in ms covers it', LONG, (hours) => {
    expect(stops(swinging(hours), { median: 100 })).toEqual([]);
  });

  it('that is three times as slow for half a minute, a tenth of the time', LONG, () => {
    expect(stops(bursts(3, 0.1, 30)).length).toBeLessThanOrEqual(1);
  });
});

describe('a guard stops, at 10 requests a second,', () => {
  it('after a minute when latency doubles with the switch', LONG, () => {
    const times = stops(() => harm(0, 2, 0.005));
    expect(times).toHaveLength(RUNS);
    expect(Math.max(...times)).toBeLessThanOrEqual(90);
  });

  it('within two minutes when 5 points more fail with the switch', LONG, () => {
    const times = stops(() => harm(0, 1, 0.055));
    expect(times).toHaveLength(RUNS);
    expect(Math.max(...times)).toBeLessThanOrEqual(120);
  });

  it.each([
    ['latency doubles', 2, 0.005],
    ['5 points more fail', 1, 0.055],
  ])('within half of the baseline when %s half an hour later', LONG, (_, factor, errors) => {
    const times = stops(() => harm(1800, factor, errors), {}, 10);
    expect(times).toHaveLength(10);
    for (const time of times) expect(time - 1800).toBeLessThanOrEqual(360);
    expect(Math.min(...times)).toBeGreaterThan(1800);
  });
});

describe('what is judged', () => {
  const random = seededRandom(3);
  const blocks = (count: number, requests: number, median: number, errors = 0) =>
    Array.from({ length: count }, () => blockOf(requests, { factor: 1, errors, median }, random));
  const settings = { ...GUARD_DEFAULTS, stretch: 1 };
  const judge = (...routes: ReturnType<typeof routeOf>[]) => guardLive({ routes, queries: [] }, settings);

  it('is nothing without enough requests, blocks or routes before and since', () => {
    expect(judge().state).toBe('TooLittleBefore');
    expect(judge(routeOf('a', blocks(20, 2, 10), blocks(20, 300, 900))).state).toBe('TooLittleBefore');
    expect(judge(routeOf('a', blocks(9, 300, 10), blocks(20, 300, 900))).state).toBe('TooLittleBefore');
    expect(judge(routeOf('a', blocks(10, 300, 10), blocks(1, 300, 900))).state).toBe('TooLittleSince');
    expect(judge(routeOf('a', blocks(10, 300, 10), blocks(2, 10, 900))).state).toBe('TooLittleSince');
    expect(judge(routeOf('a', blocks(10, 300, 10), [])).state).toBe('TooLittleSince');
    expect(judge(routeOf('a', blocks(10, 300, 10), blocks(2, 300, 900))).state).toBe('Degraded');
  });

  it('is not a mix of routes that changes: users who turn to a slow page have not made it slower', () => {
    const [fast, slow] = [
      routeOf('fast', blocks(20, 250, 20), blocks(20, 50, 20)),
      routeOf('slow', blocks(20, 50, 600), blocks(20, 250, 600)),
    ];
    expect(judge(fast, slow).state).toBe('Watching');
    const pooled = { ...fast, live: merged(fast.live, slow.live), mirror: merged(fast.mirror, slow.mirror) };
    expect(judge(pooled).state).toBe('Degraded');
  });

  it('is not a route that only one of the two stretches knows', () => {
    const steadyRoute = routeOf('a', blocks(20, 300, 20), blocks(20, 300, 20));
    expect(judge(steadyRoute, routeOf('new', [], blocks(20, 600, 900))).state).toBe('Watching');
    expect(judge(steadyRoute, routeOf('old', blocks(20, 600, 900), [])).state).toBe('Watching');
  });

  it('is each route with a tenth of the requests, and named', () => {
    const others = routeOf('others', blocks(20, 300, 20), blocks(20, 300, 20));
    const major = judge(others, routeOf('major', blocks(20, 50, 20), blocks(20, 50, 20, 0.5)));
    expect(major).toMatchObject({ state: 'Degraded' });
    const minor = judge(others, routeOf('minor', blocks(20, 8, 20), blocks(20, 8, 200)));
    expect(minor.state).toBe('Watching');
  });

  it('is not live that gets better', () => {
    expect(judge(routeOf('a', blocks(20, 300, 900, 0.2), blocks(20, 300, 20))).state).toBe('Watching');
  });

  it('needs more evidence in each later stretch, so that looking on does not add up to a false stop', () => {
    const route = routeOf('a', blocks(20, 300, 100), blocks(2, 300, 300));
    const thresholds = [1, 2, 10].map(
      (stretch) => guardLive({ routes: [route], queries: [] }, { ...settings, stretch }).worst?.threshold ?? 0,
    );
    expect(thresholds.map((threshold) => Math.exp(threshold))).toEqual(
      [1, 2, 10].map((stretch) => expect.closeTo((2 * 3 * stretch * (stretch + 1)) / 0.05, 3)),
    );
  });
});

type Arm = ReturnType<typeof routeOf>['live'];

function merged(a: Arm, b: Arm): Arm {
  const histogram = { ...a.histogram };
  for (const [bucket, count] of Object.entries(b.histogram)) histogram[bucket] = (histogram[bucket] ?? 0) + count;
  return {
    ...a,
    items: a.items + b.items,
    requests: a.requests + b.requests,
    sumSquaredWeights: a.sumSquaredWeights + b.sumSquaredWeights,
    successSumSquaredWeights: a.successSumSquaredWeights + b.successSumSquaredWeights,
    histogram,
  };
}
