import { type AnswerTable, COUNT, column, SamplesError } from '../samples/table.ts';

/** Column that tells to which of the queries a row belongs. */
const LEG = 'Leg';

/**
 * Several queries as one. Each is the body of a function, word for word, so that its names are its own; the answer has all
 * rows, with the query's place in `queries`. To be used for queries whose columns of the same name have the same type.
 */
export function sharedQuery(queries: readonly string[]): string {
  const functions = queries.map((kql, leg) => `let Leg${leg} = () {\n${kql}\n};`);
  return `${functions.join('\n')}\nunion ${queries.map((_, leg) => `(Leg${leg}() | extend ${LEG} = ${leg})`).join(', ')}`;
}

/**
 * The answers to `count` queries from that to their shared one. Each may have columns of the others.
 * @throws SamplesError when a row belongs to none of them
 */
export function sharedAnswers(table: AnswerTable, count: number): readonly AnswerTable[] {
  const legOf = column(table, 'several queries', LEG, COUNT);
  const rows = Array.from({ length: count }, (): (readonly unknown[])[] => []);
  for (const row of table.rows) {
    const leg = legOf(row);
    const own = rows[leg];
    if (own === undefined)
      throw new SamplesError(`the answer for several queries has a row of query ${leg} of ${count}`);
    own.push(row);
  }
  return rows.map((own) => ({ columns: table.columns, rows: own }));
}
