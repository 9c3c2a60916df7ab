import {
  ALL_ROUTES,
  type EvidenceArm,
  type EvidenceBlock,
  type EvidenceBlockArm,
  type EvidencePairs,
  type EvidenceRoute,
} from './evidence.ts';

/**
 * The sum of all routes. Blocks are matched by start. The sum's atOrBelow adds each route's count at its own quantile,
 * so it measures noise and not a changing mix of routes. Pairs exist when every route has them.
 */
export function sumRoutes(routes: readonly EvidenceRoute[]): EvidenceRoute {
  const pairs = routes.flatMap((route) => route.pairs ?? []);
  return {
    name: ALL_ROUTES,
    live: sumArms(routes.map((route) => route.live)),
    mirror: sumArms(routes.map((route) => route.mirror)),
    blocks: sumBlocks(routes.flatMap((route) => route.blocks)),
    pairs: pairs.length === routes.length ? sumPairs(pairs) : null,
  };
}

function sumArms(arms: readonly EvidenceArm[]): EvidenceArm {
  return {
    items: total(arms, (arm) => arm.items),
    errorItems: total(arms, (arm) => arm.errorItems),
    requests: total(arms, (arm) => arm.requests),
    errors: total(arms, (arm) => arm.errors),
    sumSquaredWeights: total(arms, (arm) => arm.sumSquaredWeights),
    successSumSquaredWeights: total(arms, (arm) => arm.successSumSquaredWeights),
    histogram: sumCounts(arms.map((arm) => arm.histogram)),
  };
}

function sumBlocks(blocks: readonly EvidenceBlock[]): EvidenceBlock[] {
  const byStart = Map.groupBy(blocks, (block) => block.start);
  return [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([start, same]) => ({
      start,
      live: sumBlockArms(same.map((block) => block.live)),
      mirror: sumBlockArms(same.map((block) => block.mirror)),
    }));
}

function sumBlockArms(arms: readonly EvidenceBlockArm[]): EvidenceBlockArm {
  return {
    items: total(arms, (arm) => arm.items),
    errorItems: total(arms, (arm) => arm.errorItems),
    atOrBelow: sumCounts(arms.map((arm) => arm.atOrBelow)),
  };
}

function sumPairs(pairs: readonly EvidencePairs[]): EvidencePairs {
  return {
    count: total(pairs, (pair) => pair.count),
    onlyMirrorFailed: total(pairs, (pair) => pair.onlyMirrorFailed),
    onlyLiveFailed: total(pairs, (pair) => pair.onlyLiveFailed),
    slower: total(pairs, (pair) => pair.slower),
  };
}

function sumCounts(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const count of counts) {
    // Object.entries would make an array for each of thousands of blocks.
    for (const key in count) sum[key] = (sum[key] ?? 0) + (count[key] ?? 0);
  }
  return sum;
}

function total<T>(parts: readonly T[], of: (part: T) => number): number {
  let sum = 0;
  for (const part of parts) sum += of(part);
  return sum;
}
