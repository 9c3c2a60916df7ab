import type { Cell, RequestRow, Table, Timespan } from '../../../demo/azure-monitor/contract.ts';
import { openDatabase } from '../../../demo/azure-monitor/database.ts';
import { createEngine } from '../../../demo/azure-monitor/engine.ts';

export interface TestEngine {
  /** Visible at once, unless said otherwise. */
  insert(rows: readonly RequestRow[], visibleAt?: Date): Promise<void>;
  ask(kql: string, timespan?: Timespan): Promise<Table>;
  /** The cells of the one row of `print …`. */
  print(expressions: string): Promise<Cell[]>;
  close(): Promise<void>;
}

/** The engine without HTTP, over a database of its own. Loads the parser, which takes seconds. */
export async function openTestEngine(): Promise<TestEngine> {
  const database = await openDatabase();
  const engine = createEngine(database);
  const ask = async (kql: string, timespan?: Timespan) =>
    (await engine({ kql, timespan, scope: 'all', component: undefined })).table;
  await ask('print 1');
  return {
    insert: (rows, visibleAt = new Date(0)) =>
      database.insert(rows.map((request) => ({ component: 0, visibleAt, request }))),
    ask,
    async print(expressions) {
      const { rows } = await ask(`print ${expressions}`);
      return rows[0] ?? [];
    },
    close: () => database.close(),
  };
}

export const START = Date.parse('2025-03-01T00:00:00Z');

/** Live and mirror copies of `pairs` requests over a few routes, with a few failures: the same every time. */
export function copies(pairs: number): RequestRow[] {
  return Array.from({ length: pairs * 2 }, (_, index) => {
    const pair = index >> 1;
    const live = index % 2 === 0;
    const failed = live ? pair % 50 === 7 : pair % 10 === 3;
    return {
      timestamp: new Date(START + pair * 700 + (live ? 0 : 3)),
      name: ROUTES[pair % ROUTES.length] ?? '',
      durationMilliseconds: live ? (pair * 7) % 40 : ((pair * 7) % 40) + (pair % 3 === 0 ? 1200 : 2),
      success: !failed,
      resultCode: failed ? '500' : pair % 11 === 0 ? '304' : '200',
      itemCount: 1 + (pair % 4),
      id: `id-${index}`,
      operationId: `operation-${pair}`,
      parentId: `parent-${pair}`,
      roleName: live ? 'bookservice' : 'bookservicemirror',
      properties: { VersionTag: live ? 'V1MIR-BookService' : 'V3MIR-BookService' },
    };
  });
}

/** Names that differ in case only, and that hold what ends a string in KQL or in SQL. */
const ROUTES = [
  'GET Books/Get',
  'GET books/get',
  'GET Reviews/Get [id]',
  `GET it's "quoted"`,
  'POST a\\b\n| take 0 //',
  'GET naïve/日本/😀',
];

export function groupBy<T>(items: readonly T[], key: (item: T) => unknown[]): Map<string, T[]> {
  return Map.groupBy(items, (item) => JSON.stringify(key(item)));
}
