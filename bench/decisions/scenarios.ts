import type { Random } from '../../test/support/random.ts';
import { arPod, bursts, type Conditions, drift, mirrorPauses, pausesOfEachPod, STEADY } from './conditions.ts';

/** How the two versions of a service answer, and what happens to both meanwhile. */
export interface Scenario {
  readonly name: string;
  readonly kind: 'identical' | 'noise of one pod' | 'regression' | 'harmless';
  readonly service: Service;
  /** What is so in each second; asked for second after second. */
  readonly conditions: (random: Random) => (second: number) => Conditions;
  /** What the candidate makes of a copy that live's code would have answered so. */
  readonly candidate: Candidate;
}

export interface Service {
  /** Each gets the same share of the requests. */
  readonly routes: readonly string[];
  /** Of all routes. Requests arrive at random (Poisson). */
  readonly requestsPerSecond: number;
  readonly latency: Latency;
  /** Share of the requests that fail, and which share of those failures belongs to the request: then both copies fail. */
  readonly errorRate: number;
  readonly sharedErrors: number;
}

/** In milliseconds. sharedVariance: the share of the variance of the logarithm that belongs to the request. */
export type Latency =
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly sharedVariance: number }
  | { readonly kind: 'pareto'; readonly minimum: number; readonly shape: number };

export interface Answer {
  readonly ms: number;
  readonly failed: boolean;
}

export type Candidate = (answer: Answer, route: string, random: Random) => Answer;

const SHOP: Service = {
  routes: ['GET /'],
  requestsPerSecond: 10,
  latency: { kind: 'lognormal', median: 100, sigma: 0.5, sharedVariance: 0 },
  errorRate: 0.005,
  sharedErrors: 0,
};

/** The bookstore that answers in about 15 ms; of its three routes, one is slow in V3 and faulty in V4. */
const BOOKSTORE: Service = {
  ...SHOP,
  routes: ['GET Books/Get', 'GET Books/GetById', 'GET Reviews/Get'],
  latency: { kind: 'lognormal', median: 15, sigma: 0.4, sharedVariance: 0 },
  errorRate: 0,
};
const REVIEWS = 'GET Reviews/Get';

const same: Candidate = (answer) => answer;

const slower =
  (factor: number, share = 1): Candidate =>
  ({ ms, failed }, _, random) => ({ ms: share === 1 || random.chance(share) ? factor * ms : ms, failed });

/** Fails so many of the requests that live's code would have answered that the error rate rises by `more`. */
const moreErrors =
  (more: number): Candidate =>
  ({ ms, failed }, _, random) => ({ ms, failed: failed || random.chance(more / (1 - SHOP.errorRate)) });

const delayedReviews: Candidate = (answer, route, random) =>
  route === REVIEWS ? { ...answer, ms: 1208 * Math.exp(0.02 * random.normal()) } : answer;

const halfOfReviewsFail: Candidate = (answer, route, random) =>
  route === REVIEWS ? { ...answer, failed: random.chance(0.5) } : answer;

const identical = (name: string, conditions: Scenario['conditions'], service: Partial<Service> = {}): Scenario => ({
  name,
  kind: 'identical',
  service: { ...SHOP, ...service },
  conditions,
  candidate: same,
});

const onePod = (name: string, conditions: Scenario['conditions']): Scenario => ({
  ...identical(name, conditions),
  kind: 'noise of one pod',
});

const changed = (
  kind: 'regression' | 'harmless',
  name: string,
  candidate: Candidate,
  { service = SHOP, conditions = STEADY }: Partial<Pick<Scenario, 'service' | 'conditions'>> = {},
): Scenario => ({ name, kind, service, conditions, candidate });

/** Their order is a part of the seeds: new ones come last. */
export const SCENARIOS: readonly Scenario[] = [
  identical('independent', STEADY),
  identical('drifting', drift),
  identical('bursty', bursts),
  identical('heavy-tailed', STEADY, { latency: { kind: 'pareto', minimum: 50, shape: 1.5 } }),
  identical('correlated', STEADY, {
    latency: { kind: 'lognormal', median: 100, sigma: 0.5, sharedVariance: 0.8 },
    sharedErrors: 0.8,
  }),
  onePod('mirror’s pod wanders', arPod),
  onePod('each pod pauses', pausesOfEachPod),
  onePod('only mirror’s pod pauses', mirrorPauses),
  changed('regression', 'V3: reviews 15 → 1,208 ms', delayedReviews, { service: BOOKSTORE }),
  changed('regression', 'V4: half of the reviews fail', halfOfReviewsFail, { service: BOOKSTORE }),
  changed('regression', 'all ×1.5', slower(1.5)),
  changed('regression', 'all ×1.2', slower(1.2)),
  changed('regression', '2.2 % of requests ×9', slower(9, 0.022)),
  changed('regression', 'errors +5 pp', moreErrors(0.05)),
  changed('regression', 'errors +2 pp', moreErrors(0.02)),
  changed('harmless', 'all ×1.05', slower(1.05)),
  changed('harmless', 'errors +0.5 pp', moreErrors(0.005)),
  changed('harmless', '20 % faster', slower(0.8)),
  changed('harmless', 'all ×1.05 at 100 requests/s', slower(1.05), { service: { ...SHOP, requestsPerSecond: 100 } }),
  changed('regression', 'all ×1.2, drifting', slower(1.2), { conditions: drift }),
  changed('regression', 'errors +2 pp, bursty', moreErrors(0.02), { conditions: bursts }),
];
