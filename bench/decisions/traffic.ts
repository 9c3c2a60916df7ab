import type { Random } from '../../test/support/random.ts';
import type { Conditions } from './conditions.ts';
import type { Answer, Latency, Scenario, Service } from './scenarios.ts';

export const INTERVAL_SECONDS = 30;

/** What one version's telemetry says of one interval. */
export interface Requests {
  /** Of the successful requests, in milliseconds, in the order of arrival. */
  readonly latencies: number[];
  failures: number;
}

export interface RouteInterval {
  readonly route: string;
  readonly live: Requests;
  readonly mirror: Requests;
}

/** Interval after interval, from `firstSecond` (which may be before the copying begins, at 0). */
export function traffic(
  { service, conditions, candidate }: Scenario,
  random: Random,
  firstSecond: number,
): () => readonly RouteInterval[] {
  const conditionsAt = conditions(random);
  let second = firstSecond;
  return () => {
    const routes = service.routes.map((route) => ({ route, live: emptyRequests(), mirror: emptyRequests() }));
    for (const end = second + INTERVAL_SECONDS; second < end; second++) {
      const now = conditionsAt(second);
      for (let left = poisson(random, service.requestsPerSecond * now.load); left > 0; left--) {
        const to = routes[routes.length === 1 ? 0 : random.integer(routes.length)];
        if (to === undefined) throw new RangeError('a service has at least one route');
        const [live, mirror] = answers(service, now, random);
        add(to.live, live);
        add(to.mirror, candidate(mirror, to.route, random));
      }
    }
    return routes;
  };
}

/** All routes as one. */
export function allRoutes(intervals: readonly RouteInterval[], arm: 'live' | 'mirror'): Requests {
  return {
    latencies: intervals.flatMap((each) => each[arm].latencies),
    failures: intervals.reduce((sum, each) => sum + each[arm].failures, 0),
  };
}

export function requestCount({ latencies, failures }: Requests): number {
  return latencies.length + failures;
}

function emptyRequests(): Requests {
  return { latencies: [], failures: 0 };
}

function add(requests: Requests, { ms, failed }: Answer): void {
  if (failed) requests.failures++;
  else requests.latencies.push(ms);
}

/** What both copies of one request would get from live's code. */
function answers({ latency, errorRate, sharedErrors }: Service, now: Conditions, random: Random): [Answer, Answer] {
  const [liveMs, mirrorMs] = latencies(latency, random);
  const bothFail = sharedErrors > 0 && random.chance(sharedErrors * errorRate);
  const ownErrors = (errorRate * (1 - sharedErrors)) / (1 - errorRate * sharedErrors);
  const fails = (): boolean => bothFail || random.chance(1 - (1 - ownErrors) * (1 - now.moreErrors));
  return [
    { ms: liveMs * now.slowdown * now.liveSlowdown, failed: fails() },
    { ms: mirrorMs * now.slowdown * now.mirrorSlowdown, failed: fails() },
  ];
}

function latencies(latency: Latency, random: Random): [number, number] {
  if (latency.kind === 'pareto') {
    const draw = (): number => latency.minimum * (1 - random.uniform()) ** (-1 / latency.shape);
    return [draw(), draw()];
  }
  const { median, sigma, sharedVariance } = latency;
  const shared = sharedVariance > 0 ? Math.sqrt(sharedVariance) * random.normal() : 0;
  const own = Math.sqrt(1 - sharedVariance);
  const draw = (): number => median * Math.exp(sigma * (shared + own * random.normal()));
  return [draw(), draw()];
}

/** Knuth's method; for means well below 700. */
function poisson(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; product *= random.uniform()) count++;
  return count;
}
