import type { AnswerTable } from '../../../src/core/samples/table.ts';

/** A table from objects; every object has the same keys, in the order of the columns. */
export function table(types: Readonly<Record<string, string>>, rows: readonly Record<string, unknown>[]): AnswerTable {
  const names = Object.keys(types);
  return {
    columns: names.map((name) => ({ name, type: types[name] ?? '' })),
    rows: rows.map((row) => names.map((name) => row[name])),
  };
}

export const CELL_TYPES = {
  Route: 'string',
  Live: 'bool',
  Code: 'string',
  Ok: 'bool',
  First: 'real',
  Items: 'long',
  Requests: 'long',
  SquaredWeights: 'long',
  SumMs: 'real',
  SumMs2: 'real',
  Buckets: 'dynamic',
} as const;

/** A cell of one unsampled successful live row of 10 ms, changed as told; its successful requests are all in one bucket. */
export function cell({ Bucket = 117, ...changes }: Record<string, unknown> = {}): Record<string, unknown> {
  const items = changes.Items ?? 1;
  return {
    Route: 'GET a',
    Live: true,
    Code: '200',
    Ok: true,
    First: 0,
    Items: items,
    Requests: items,
    SquaredWeights: items,
    SumMs: 10,
    SumMs2: 100,
    Buckets: changes.Ok === false ? [] : [[Bucket, changes.Requests ?? items]],
    ...changes,
  };
}

export function cells(...rows: readonly Record<string, unknown>[]): AnswerTable {
  return table(CELL_TYPES, rows);
}

export function blockTypes(gates: number): Record<string, string> {
  const names = ['Route', 'Block', 'LiveItems', 'LiveFailed', 'MirrorItems', 'MirrorFailed'];
  for (let gate = 0; gate < gates; gate += 1) names.push(`L${gate}`, `M${gate}`);
  return Object.fromEntries(names.map((name) => [name, 'long']));
}

export const PAIR_TYPES = {
  Route: 'long',
  Pairs: 'long',
  OnlyMirrorFailed: 'long',
  OnlyLiveFailed: 'long',
  Slower: 'long',
};
