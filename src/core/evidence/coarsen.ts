import type { EvidenceBlock, EvidenceBlockArm, EvidenceDocument } from '../verdict/evidence.ts';

/**
 * The document with half as many blocks: every two that follow one another become one. All sums stay; only the noise that
 * is counted block by block (phi) may change.
 * @param blockSeconds distance of the blocks' starts
 */
export function coarsen(document: EvidenceDocument, blockSeconds: number): EvidenceDocument {
  const pair = 2 * blockSeconds;
  return {
    ...document,
    routes: document.routes.map((route) => ({ ...route, blocks: merged(route.blocks, pair) })),
  };
}

/** The smallest distance of two blocks of a route, in seconds; 1 when no route has two. */
export function blockDistance({ routes }: EvidenceDocument): number {
  const distances = routes.flatMap(({ blocks }) =>
    blocks.slice(1).map((block, index) => block.start - (blocks[index]?.start ?? 0)),
  );
  return distances.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY) || 1;
}

function merged(blocks: readonly EvidenceBlock[], seconds: number): EvidenceBlock[] {
  const groups = Map.groupBy(blocks, ({ start }) => Math.floor(start / seconds) * seconds);
  return [...groups].map(([start, same]) => ({
    start,
    live: same.map(({ live }) => live).reduce(add),
    mirror: same.map(({ mirror }) => mirror).reduce(add),
  }));
}

function add(a: EvidenceBlockArm, b: EvidenceBlockArm): EvidenceBlockArm {
  const percentiles = Object.keys(a.atOrBelow);
  return {
    items: a.items + b.items,
    errorItems: a.errorItems + b.errorItems,
    atOrBelow: Object.fromEntries(percentiles.map((p) => [p, (a.atOrBelow[p] ?? 0) + (b.atOrBelow[p] ?? 0)])),
  };
}
