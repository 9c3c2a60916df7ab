import type { BlockArmSamples, RouteSamples } from '../samples/samples.ts';
import { sparseCounts } from '../samples/sparseCounts.ts';
import { ALL_ROUTES, type EvidenceArm } from './evidence.ts';

/** Live before it was mirrored and since. */
export interface LiveStretches {
  readonly name: string;
  readonly before: EvidenceArm;
  readonly since: EvidenceArm;
  readonly blocks: readonly { readonly before: BlockArmSamples; readonly since: BlockArmSamples }[];
}

/**
 * The sum over routes, where each route's requests since are weighted to have the share that they had before: the two
 * stretches lie one after the other, and when users turn to a slower page, live has not got slower. Weights cost effective
 * size, which Σ weight² carries. A route that one of the stretches does not know is left out, as long
 * as there are others.
 * @param routes `live` is before, `mirror` is since
 */
export function standardise(routes: readonly RouteSamples[]): LiveStretches {
  const common = routes.filter(({ live, mirror }) => live.requests > 0 && mirror.requests > 0);
  const known = common.length > 0 ? common : routes;
  const before = sum(known, 'live');
  const since = sum(known, 'mirror');
  const scale = before.requests > 0 ? since.requests / before.requests : 1;
  const weights = known.map(({ live, mirror }) =>
    mirror.requests > 0 ? (scale * live.requests) / mirror.requests : 1,
  );
  return {
    name: routes.length === 1 ? (routes[0]?.name ?? ALL_ROUTES) : ALL_ROUTES,
    before,
    since: sum(known, 'mirror', weights),
    blocks: blocksOf(known),
  };
}

function sum(routes: readonly RouteSamples[], arm: 'live' | 'mirror', weights?: readonly number[]): EvidenceArm {
  const histogram: Record<string, number> = {};
  const total = { items: 0, errorItems: 0, requests: 0, errors: 0, sumSquaredWeights: 0, successSumSquaredWeights: 0 };
  routes.forEach((route, index) => {
    const weight = weights?.[index] ?? 1;
    const each = route[arm];
    total.items += each.items;
    total.errorItems += each.errorItems;
    total.requests += weight * each.requests;
    total.errors += weight * each.errors;
    total.sumSquaredWeights += weight * weight * each.sumSquaredWeights;
    total.successSumSquaredWeights += weight * weight * each.successSumSquaredWeights;
    // Object.entries would make an array for each of hundreds of buckets.
    for (const bucket in each.histogram) {
      histogram[bucket] = (histogram[bucket] ?? 0) + weight * (each.histogram[bucket] ?? 0);
    }
  });
  return { ...total, histogram };
}

/** Each route's rows are counted at the route's own percentile, so that a changing mix is no noise. */
function blocksOf(routes: readonly RouteSamples[]): LiveStretches['blocks'] {
  const byStart = Map.groupBy(
    routes.flatMap(({ blocks }) => blocks),
    ({ start }) => start,
  );
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([, same]) => ({ before: add(same.map(({ live }) => live)), since: add(same.map(({ mirror }) => mirror)) }));
}

function add(arms: readonly BlockArmSamples[]): BlockArmSamples {
  const atOrBelow = sparseCounts();
  let items = 0;
  let errorItems = 0;
  for (const arm of arms) {
    items += arm.items;
    errorItems += arm.errorItems;
    for (const percentile in arm.atOrBelow) {
      atOrBelow[percentile] = (atOrBelow[percentile] ?? 0) + (arm.atOrBelow[percentile] ?? 0);
    }
  }
  return { items, errorItems, atOrBelow };
}
