import { describe, expect, it } from 'vitest';
import { SCENARIOS, type Scenario } from '../../../bench/decisions/scenarios.ts';
import { allRoutes, type RouteInterval, requestCount, traffic } from '../../../bench/decisions/traffic.ts';
import { seededRandom } from '../../support/random.ts';

const HOUR = 120;

function scenario(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

function intervals(name: string, { seed = 1, count = HOUR } = {}): (readonly RouteInterval[])[] {
  return Array.from({ length: count }, traffic(scenario(name), seededRandom(seed), 0));
}

function hour(name: string, seed = 1) {
  const all = intervals(name, { seed }).flat();
  const arm = (which: 'live' | 'mirror') => {
    const requests = allRoutes(all, which);
    const ascending = [...requests.latencies].sort((a, b) => a - b);
    return {
      count: requestCount(requests),
      errorRate: requests.failures / requestCount(requests),
      at: (p: number) => ascending[Math.floor(p * ascending.length)] ?? Number.NaN,
      mean: ascending.reduce((sum, each) => sum + each, 0) / ascending.length,
    };
  };
  return { live: arm('live'), mirror: arm('mirror') };
}

/** By which share a value is off. */
const off = (value: number, expected: number): number => Math.abs(value / expected - 1);

const mediansOf = (all: readonly (readonly RouteInterval[])[], arm: 'live' | 'mirror'): number[] =>
  all.map((each) => allRoutes(each, arm).latencies.sort((a, b) => a - b)).map((each) => each[each.length >> 1] ?? 0);

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  const product = (x: readonly number[], mx: number, y: readonly number[], my: number) =>
    x.reduce((sum, each, index) => sum + (each - mx) * ((y[index] ?? 0) - my), 0);
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}

describe('identical versions', () => {
  it('independent: 10 requests a second, 100 ms log-normal, 0.5 % errors in both', () => {
    const { live, mirror } = hour('independent');
    expect(live.count).toBe(mirror.count);
    for (const arm of [live, mirror]) {
      // Four standard errors or more.
      expect(off(arm.count, 36_000)).toBeLessThan(0.022);
      expect(off(arm.at(0.5), 100)).toBeLessThan(0.015);
      expect(off(arm.at(0.95), 100 * Math.exp(0.5 * 1.6449))).toBeLessThan(0.025);
      expect(Math.abs(arm.errorRate - 0.005)).toBeLessThan(0.0015);
    }
  });

  it('a seed gives the same traffic again, and another seed another', () => {
    expect(intervals('bursty', { count: 3 })).toEqual(intervals('bursty', { count: 3 }));
    expect(intervals('bursty', { count: 3, seed: 2 })).not.toEqual(intervals('bursty', { count: 3 }));
  });

  it('drifting: both versions alike, by a good half between the slowest and the fastest', () => {
    const all = intervals('drifting');
    const live = mediansOf(all, 'live');
    expect(Math.max(...live) / Math.min(...live)).toBeGreaterThan(1.6);
    expect(correlation(live, mediansOf(all, 'mirror'))).toBeGreaterThan(0.9);
  });

  it('bursty: load, latency and failures come in bursts that both versions share', () => {
    const all = Array.from({ length: 10 }, (_, seed) => intervals('bursty', { seed })).flat();
    const counts = all.map((each) => requestCount(allRoutes(each, 'live')));
    const mean = counts.reduce((sum, each) => sum + each, 0) / counts.length;
    // A fifteenth of the time is a burst of three times the load.
    expect(off(mean, 300 * (1 + 2 / 15))).toBeLessThan(0.05);
    expect(Math.max(...counts)).toBeGreaterThan(600);
    expect(correlation(counts, mediansOf(all, 'live'))).toBeGreaterThan(0.5);
    const failures = (arm: 'live' | 'mirror') => all.map((each) => allRoutes(each, arm).failures);
    expect(Math.max(...failures('live'))).toBeGreaterThan(20);
    expect(correlation(failures('live'), failures('mirror'))).toBeGreaterThan(0.8);
  });

  it('heavy-tailed: Pareto with the exponent 1.5', () => {
    const { live, mirror } = hour('heavy-tailed');
    for (const arm of [live, mirror]) {
      expect(off(arm.at(0.5), 50 * 2 ** (1 / 1.5))).toBeLessThan(0.02);
      expect(off(arm.at(0.99), 50 * 100 ** (1 / 1.5))).toBeLessThan(0.15);
    }
  });

  it('correlated: a harder request is harder for both, and fails in both', () => {
    const pairsOf = (name: string) => {
      const logs: [number[], number[]] = [[], []];
      let both = 0;
      let failed = 0;
      // One request in most of these intervals, so that the two copies are known to belong together.
      const { service, ...rest } = scenario(name);
      const rare = { ...rest, service: { ...service, requestsPerSecond: 1 / 60, errorRate: 0.1 } };
      const next = traffic(rare, seededRandom(5), 0);
      for (let index = 0; index < 20_000; index++) {
        const [only] = next();
        if (only === undefined || requestCount(only.live) !== 1) continue;
        if (only.live.failures + only.mirror.failures > 0) failed++;
        if (only.live.failures + only.mirror.failures === 2) both++;
        const [a, b] = [only.live.latencies[0], only.mirror.latencies[0]];
        if (a === undefined || b === undefined) continue;
        logs[0].push(Math.log(a));
        logs[1].push(Math.log(b));
      }
      return { latency: correlation(...logs), errors: both / failed };
    };
    const correlated = pairsOf('correlated');
    expect(off(correlated.latency, 0.8)).toBeLessThan(0.03);
    expect(correlated.errors).toBeGreaterThan(0.5);
    const independent = pairsOf('independent');
    expect(Math.abs(independent.latency)).toBeLessThan(0.05);
    expect(independent.errors).toBeLessThan(0.15);
  });
});

describe('the noise of one pod', () => {
  it('mirror’s pod wanders by 5 %, and live’s does not', () => {
    const deviation = (values: readonly number[]) => {
      const logs = values.map(Math.log);
      const mean = logs.reduce((sum, each) => sum + each, 0) / logs.length;
      return Math.sqrt(logs.reduce((sum, each) => sum + (each - mean) ** 2, 0) / logs.length);
    };
    const all = Array.from({ length: 5 }, (_, seed) => intervals('mirror’s pod wanders', { seed })).flat();
    // 300 requests leave 3.6 % of noise in a median.
    expect(deviation(mediansOf(all, 'live'))).toBeLessThan(0.042);
    expect(deviation(mediansOf(all, 'mirror'))).toBeGreaterThan(0.05);
  });

  it('a pod pauses for 7 % of the time', () => {
    /** Of the mean: each second of a pause adds twice the mean. */
    const paused = (name: string, arm: 'live' | 'mirror') => {
      const runs = Array.from({ length: 10 }, (_, seed) => hour(name, seed)[arm].mean);
      const mean = runs.reduce((sum, each) => sum + each, 0) / runs.length;
      return (mean / (100 * Math.exp(0.5 ** 2 / 2)) - 1) / 2;
    };
    expect(Math.abs(paused('only mirror’s pod pauses', 'live'))).toBeLessThan(0.003);
    expect(off(paused('only mirror’s pod pauses', 'mirror'), 0.07)).toBeLessThan(0.12);
    expect(off(paused('each pod pauses', 'live'), 0.07)).toBeLessThan(0.12);
    expect(off(paused('each pod pauses', 'mirror'), 0.07)).toBeLessThan(0.12);
  });
});

describe('what the candidate does', () => {
  it.each([
    ['all ×1.5', 1.5],
    ['all ×1.2', 1.2],
    ['all ×1.2, drifting', 1.2],
    ['all ×1.05', 1.05],
    ['20 % faster', 0.8],
    ['all ×1.05 at 100 requests/s', 1.05],
  ])('%s', (name, factor) => {
    const { live, mirror } = hour(name);
    expect(off(mirror.at(0.5), factor * live.at(0.5))).toBeLessThan(0.02);
    expect(live.count).toBeGreaterThan(name.includes('100') ? 350_000 : 35_000);
  });

  it.each([
    ['errors +5 pp', 0.05],
    ['errors +2 pp', 0.02],
    ['errors +2 pp, bursty', 0.02],
    ['errors +0.5 pp', 0.005],
  ])('%s', (name, more) => {
    const { live, mirror } = hour(name);
    expect(Math.abs(mirror.errorRate - live.errorRate - more)).toBeLessThan(0.004);
    expect(off(mirror.at(0.5), live.at(0.5))).toBeLessThan(0.03);
  });

  it('2.2 % of requests ×9: the tail rises, the median stays', () => {
    const { live, mirror } = hour('2.2 % of requests ×9');
    expect(off(mirror.at(0.5), live.at(0.5))).toBeLessThan(0.03);
    expect(mirror.at(0.99) / live.at(0.99)).toBeGreaterThan(2.5);
  });

  it.each(['V3: reviews 15 → 1,208 ms', 'V4: half of the reviews fail'])('%s, on one of three routes only', (name) => {
    const all = intervals(name).flat();
    const byRoute = Object.groupBy(all, ({ route }) => route);
    expect(Object.keys(byRoute)).toHaveLength(3);
    const healthy = 15 * Math.exp(0.4 ** 2 / 2);
    for (const [route, each = []] of Object.entries(byRoute)) {
      const live = allRoutes(each, 'live');
      const mirror = allRoutes(each, 'mirror');
      const mean = ({ latencies }: typeof live) => latencies.reduce((sum, ms) => sum + ms, 0) / latencies.length;
      const changed = route === 'GET Reviews/Get';
      expect(live.failures).toBe(0);
      expect(off(requestCount(live), 12_000)).toBeLessThan(0.04);
      expect(off(mean(live), healthy)).toBeLessThan(0.02);
      if (name.startsWith('V3') && changed) expect(off(mean(mirror), 1208)).toBeLessThan(0.002);
      else expect(off(mean(mirror), healthy)).toBeLessThan(0.02);
      if (name.startsWith('V4') && changed) expect(off(mirror.failures / requestCount(mirror), 0.5)).toBeLessThan(0.04);
      else expect(mirror.failures).toBe(0);
    }
  });
});
