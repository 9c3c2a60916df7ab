import type { Table, Timespan } from './contract.ts';
import type { Database } from './database.ts';
import { toCell } from './kql/cells.ts';
import { KqlError } from './kql/errors.ts';
import { createParser, type Parser } from './kql/parser.ts';
import { translate } from './kql/translate.ts';
import { baseTable, type RequestTable, resourceTables, workspaceTables } from './tables.ts';
import { parseTimespan } from './timespan.ts';

/** More rows than that make the answer partial. https://learn.microsoft.com/azure/azure-monitor/service-limits */
const MAX_ROWS = 500_000;

export interface QueryRequest {
  kql: string;
  timespan?: Timespan | undefined;
  scope: 'workspace' | 'resource' | 'all';
  /** Index of the workspace or resource; undefined for the rows of all. */
  component: number | undefined;
}

export interface QueryResult {
  table: Table;
  /** There were more rows than the service gives. */
  truncated: boolean;
}

export type Engine = (request: QueryRequest) => Promise<QueryResult>;

/** Throws KqlError for a query that is refused, RangeError for a timespan that cannot be read. */
export function createEngine(database: Database): Engine {
  const workspace = lazily(() => parserOf(workspaceTables));
  const resource = lazily(() => parserOf(resourceTables));
  return async ({ kql, timespan, scope, component }) => {
    const tables = scope === 'workspace' ? workspaceTables : resourceTables;
    const now = new Date();
    const { from, to } = parseTimespan(timespan, now);
    const statement = translate((scope === 'workspace' ? workspace() : resource())(kql), {
      now,
      maxRows: MAX_ROWS + 1,
      baseTable: (name) => {
        const table = tables.find((candidate) => candidate.name === name);
        return table === undefined ? undefined : baseTable(table, { component, now, from, to });
      },
    });
    const rows = await read(database, statement.sql);
    const columns = statement.columns.map(({ name, type }) => ({ name, type }));
    const cells = rows.slice(0, MAX_ROWS).map((row) => columns.map(({ type }, index) => toCell(row[index], type)));
    return { table: { name: 'PrimaryResult', columns, rows: cells }, truncated: rows.length > MAX_ROWS };
  };
}

/** What fails on the data, as a number out of range or a regular expression, is the query's fault. */
async function read(database: Database, sql: string): Promise<unknown[][]> {
  try {
    return await database.read(sql);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (/^(Out of Range|Invalid Input|Conversion) Error/.test(message)) {
      throw new KqlError('SemanticError', 'STANDIN', message);
    }
    throw new Error(`the translation of the query failed: ${message}\n${sql}`, { cause: error });
  }
}

function parserOf(tables: readonly RequestTable[]): Parser {
  return createParser(
    tables.map(({ name, columns }) => ({
      name,
      columns: columns.map(([column, type]) => ({ name: column, type })),
    })),
  );
}

function lazily<T>(create: () => T): () => T {
  let value: T | undefined;
  return () => {
    value ??= create();
    return value;
  };
}
