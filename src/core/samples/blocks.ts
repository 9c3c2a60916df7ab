import type { BlockArmSamples, BlockSamples } from './samples.ts';
import { sparseCounts } from './sparseCounts.ts';
import { type AnswerTable, type CellReader, COUNT, column, SamplesError } from './table.ts';

export interface BlocksAsked {
  /** Number of routes; answers name them by position. */
  readonly routes: number;
  /** In the order of the gates. */
  readonly percentiles: readonly number[];
  readonly blockSeconds: number;
}

/**
 * Reads the rows of `blocksQuery`.
 * @returns per route, its blocks by ascending start
 * @throws SamplesError
 */
export function readBlocks(table: AnswerTable, asked: BlocksAsked): BlockSamples[][] {
  const answer = 'blocks';
  const route = column(table, answer, 'Route', COUNT);
  const block = column(table, answer, 'Block', COUNT);
  const live = armReader(table, answer, asked.percentiles, { items: 'LiveItems', failed: 'LiveFailed', gate: 'L' });
  const mirror = armReader(table, answer, asked.percentiles, {
    items: 'MirrorItems',
    failed: 'MirrorFailed',
    gate: 'M',
  });
  const routes: BlockSamples[][] = Array.from({ length: asked.routes }, () => []);
  for (const row of table.rows) {
    const blocks = routes[route(row)];
    if (blocks === undefined)
      throw new SamplesError(`the answer for blocks has the route ${route(row)} of ${asked.routes}`);
    blocks.push({ start: block(row) * asked.blockSeconds, live: live(row), mirror: mirror(row) });
  }
  for (const blocks of routes) {
    blocks.sort((a, b) => a.start - b.start);
    const twice = blocks.find(({ start }, index) => blocks[index + 1]?.start === start);
    if (twice !== undefined) throw new SamplesError(`the answer for blocks has the one at ${twice.start} s twice`);
  }
  return routes;
}

function armReader(
  table: AnswerTable,
  answer: string,
  percentiles: readonly number[],
  names: { items: string; failed: string; gate: string },
): CellReader<BlockArmSamples> {
  const items = column(table, answer, names.items, COUNT);
  const failed = column(table, answer, names.failed, COUNT);
  const gates = percentiles.map((percentile, gate) => {
    return { percentile: String(percentile), read: column(table, answer, `${names.gate}${gate}`, COUNT) };
  });
  return (row) => {
    const atOrBelow = sparseCounts();
    const arm = { items: items(row), errorItems: failed(row), atOrBelow };
    const successes = arm.items - arm.errorItems;
    let isPossible = successes >= 0;
    for (const { percentile, read } of gates) {
      const count = read(row);
      atOrBelow[percentile] = count;
      isPossible &&= count <= successes;
    }
    if (!isPossible) {
      throw new SamplesError(`the answer for blocks counts more parts than rows: ${JSON.stringify(arm)}`);
    }
    return arm;
  };
}
