import type { PairSamples } from './samples.ts';
import { type AnswerTable, COUNT, column, SamplesError } from './table.ts';

/**
 * Reads the rows of `pairsQuery`.
 * @param routes number of routes; answers name them by position
 * @returns per route its pairs; null for all of them when there is not one pair, as where operation ids are not recorded
 * @throws SamplesError
 */
export function readPairs(table: AnswerTable, routes: number): (PairSamples | null)[] {
  const answer = 'pairs';
  const route = column(table, answer, 'Route', COUNT);
  const count = column(table, answer, 'Pairs', COUNT);
  const onlyMirrorFailed = column(table, answer, 'OnlyMirrorFailed', COUNT);
  const onlyLiveFailed = column(table, answer, 'OnlyLiveFailed', COUNT);
  const slower = column(table, answer, 'Slower', COUNT);
  const found = new Map<number, PairSamples>();
  for (const row of table.rows) {
    const pairs = {
      count: count(row),
      onlyMirrorFailed: onlyMirrorFailed(row),
      onlyLiveFailed: onlyLiveFailed(row),
      slower: slower(row),
    };
    if (pairs.onlyMirrorFailed + pairs.onlyLiveFailed + pairs.slower > pairs.count) {
      throw new SamplesError(`the answer for pairs counts more parts than pairs: ${JSON.stringify(pairs)}`);
    }
    if (route(row) >= routes || found.has(route(row))) {
      throw new SamplesError(
        `the answer for pairs has the route ${route(row)} twice, or beyond the ${routes} asked for`,
      );
    }
    found.set(route(row), pairs);
  }
  const none = found.size === 0;
  return Array.from({ length: routes }, (_, index) => (none ? null : (found.get(index) ?? NO_PAIRS)));
}

const NO_PAIRS: PairSamples = { count: 0, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 };
