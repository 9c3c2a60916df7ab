import type { Cell, Column, Table } from '../../demo/azure-monitor/contract.ts';
import { bucketOf } from '../../src/core/stats/histogram.ts';

/**
 * Answers the operator's own queries from made-up traffic, in place of an engine that executes any KQL: at a thousand
 * experiments on two cores that would be what is measured. It reads the texts that src/core/query writes, line by line, and
 * throws on every other. Every version has the same two routes, each with two requests a second that never fail, and
 * durations from 10 to 60 ms.
 */
export function answer(kql: string): Table {
  const batch = /^let Leg0 = \(\) \{\n/.test(kql) ? legsOf(kql) : undefined;
  return batch === undefined ? answerOne(kql) : joined(batch.map(answerOne));
}

/** What a text asks about: one for each experiment that shares it. */
export function asked(kql: string): readonly Asked[] {
  return (/^let Leg0 = \(\) \{\n/.test(kql) ? legsOf(kql) : [kql]).map((leg) => ({
    kind: kindOf(leg),
    version: versionsOf(leg)[0] ?? '',
    versions: versionsOf(leg).length,
  }));
}

export interface Asked {
  readonly kind: Kind;
  /** Live's. */
  readonly version: string;
  readonly versions: number;
}

type Kind = 'probe' | 'firstCopy' | 'cells' | 'blocks' | 'pairs';

const ROUTES = ['GET Books/Get', 'GET Reviews/Get'];
const PER_SECOND = 2;

function legsOf(kql: string): readonly string[] {
  const legs = [...kql.matchAll(/^let Leg(\d+) = \(\) \{\n([\s\S]*?)\n\};$/gm)];
  const last = kql.slice(kql.lastIndexOf('\nunion '));
  const used = [...last.matchAll(/\(Leg(\d+)\(\) \| extend Leg = (\d+)\)/g)].map(([, name, number]) => {
    if (name !== number) throw new Error(`leg ${name} is called ${number}`);
    return Number(number);
  });
  if (legs.length === 0 || used.length !== legs.length) throw new Error(`not a batch: ${kql.slice(0, 200)}`);
  return legs.map(([, , body = '']) => body);
}

function joined(tables: readonly Table[]): Table {
  const columns: Column[] = [];
  for (const column of tables.flatMap((table) => table.columns)) {
    if (!columns.some(({ name }) => name === column.name)) columns.push(column);
  }
  const rows = tables.flatMap((table, leg) => {
    const positions = columns.map(({ name }) => table.columns.findIndex((column) => column.name === name));
    return table.rows.map((row) => [...positions.map((position) => row[position] ?? null), leg]);
  });
  return { name: 'PrimaryResult', columns: [...columns, { name: 'Leg', type: 'long' }], rows };
}

function answerOne(kql: string): Table {
  switch (kindOf(kql)) {
    case 'probe':
      return table({ Timestamp: 'datetime' }, []);
    case 'firstCopy':
      return table({ First: 'datetime' }, [[new Date(instants(kql)[0] ?? 0).toISOString()]]);
    case 'cells':
      return cells(kql);
    case 'blocks':
      return blocks(kql);
    case 'pairs':
      return pairs(kql);
  }
}

function kindOf(kql: string): Kind {
  if (/^AppRequests\n\| project [^\n]*\n(\| where [^\n]*\n)+\| take 0$/.test(kql)) return 'probe';
  if (!kql.startsWith('let Rows = AppRequests\n| where TimeGenerated >= ')) throw refusal(kql);
  if (kql.endsWith('Rows\n| summarize First = min(Timestamp)')) return 'firstCopy';
  if (kql.includes('\nlet Cells = materialize(Rows\n')) return 'cells';
  if (kql.includes(', Block = tolong(floor(')) return 'blocks';
  if (kql.includes('hint.shufflekey = Operation')) return 'pairs';
  throw refusal(kql);
}

function refusal(kql: string): Error {
  return new Error(`this stand-in does not know the query: ${kql.slice(0, 300)}`);
}

function versionsOf(kql: string): readonly string[] {
  const list = /\| where Version in \(("[^)]*")\)/.exec(kql)?.[1];
  if (list === undefined) throw refusal(kql);
  return list.split(', ').map((text) => JSON.parse(text));
}

/** The times of the first condition. */
function instants(kql: string): readonly number[] {
  const [, line = ''] = /\| where (TimeGenerated >= [^\n]*)/.exec(kql) ?? [];
  return [...line.matchAll(/datetime\(([^)]*)\)/g)].map(([, text = '']) => Date.parse(text));
}

interface Request {
  readonly route: number;
  readonly live: boolean;
  readonly milliseconds: number;
  readonly bucket: number;
  /** Seconds since the window's start, what is left out not counted. */
  readonly at: number;
}

/** All requests that a query is about. */
function* requests(kql: string): Generator<Request> {
  const [start = 0, end = 0, switchOn, from] = instants(kql);
  const isGuard = switchOn !== undefined && from !== undefined;
  for (let second = Math.ceil(start / 1000); second * 1000 < end; second++) {
    const time = second * 1000;
    if (isGuard && time >= switchOn && time < from) continue;
    const at = (time - start - (isGuard && time >= from ? from - switchOn : 0)) / 1000;
    const arms = isGuard ? [time < switchOn] : [true, false];
    for (let number = 0; number < PER_SECOND * ROUTES.length; number++) {
      for (const live of arms) {
        const milliseconds = 10 + (((second * 7919 + number * 104_729 + (live ? 0 : 31)) % 997) / 997) ** 2 * 50;
        yield { route: number % ROUTES.length, live, milliseconds, bucket: bucketOf(milliseconds), at };
      }
    }
  }
}

const CELLS: Readonly<Record<string, Column['type']>> = {
  ...{ Route: 'string', Live: 'bool', Code: 'string', Ok: 'bool', Bucket: 'long', First: 'real' },
  ...{ Items: 'long', Requests: 'long', SquaredWeights: 'long', SumMs: 'real', SumMs2: 'real' },
};

function cells(kql: string): Table {
  const sums = new Map<string, { first: number; items: number; ms: number; ms2: number; key: Cell[] }>();
  for (const { route, live, bucket, milliseconds, at } of requests(kql)) {
    const key = `${route} ${live} ${bucket}`;
    const sum = sums.get(key) ?? {
      first: at * 1000,
      items: 0,
      ms: 0,
      ms2: 0,
      key: [ROUTES[route] ?? '', live, bucket],
    };
    sums.set(key, sum);
    sum.items += 1;
    sum.ms += milliseconds;
    sum.ms2 += milliseconds ** 2;
  }
  const rows = [...sums.values()].map(({ first, items, ms, ms2, key: [route = '', live = false, bucket = 0] }) => {
    return [route, live, '200', true, bucket, first, items, items, items, ms, ms2];
  });
  return table(CELLS, rows);
}

function blocks(kql: string): Table {
  const seconds = Number(/\) \/ (\d+)s, 1\.0\)\)/.exec(kql)?.[1]);
  const names = [...kql.matchAll(/L(\d+) = countif/g)].map(([, gate]) => Number(gate));
  const routes = /let Routes = datatable\([^)]*\) \[([^\]]*)\];/.exec(kql)?.[1] ?? '';
  const numbers = new Map(ROUTES.map((name, route) => [route, rowOf(routes, name)]));
  const sums = new Map<string, number[]>();
  for (const { route, live, bucket, at } of requests(kql)) {
    const [number = 0, ...thresholds] = numbers.get(route) ?? [];
    const block = Math.floor(at / seconds);
    const key = `${number} ${block}`;
    const row = sums.get(key) ?? [number, block, 0, 0, 0, 0, ...names.flatMap(() => [0, 0])];
    sums.set(key, row);
    add(row, live ? 2 : 4);
    for (const gate of names) if (bucket <= (thresholds[gate] ?? 0)) add(row, 6 + 2 * gate + (live ? 0 : 1));
  }
  const counts = ['Route', 'Block', 'LiveItems', 'LiveFailed', 'MirrorItems', 'MirrorFailed'];
  return table(longs([...counts, ...names.flatMap((gate) => [`L${gate}`, `M${gate}`])]), [...sums.values()]);
}

/** The number and the thresholds of a route in the table of a query. */
function rowOf(routes: string, name: string): number[] {
  const at = routes.indexOf(JSON.stringify(name));
  if (at < 0) throw new Error(`the query does not name ${name}`);
  const [row = ''] = routes.slice(at + name.length + 4).split(', "');
  return row.split(', ').map(Number);
}

function pairs(kql: string): Table {
  const [start = 0, end = 0] = instants(kql);
  const count = Math.floor(((end - start) / 1000) * PER_SECOND);
  return table(
    longs(['Route', 'Pairs', 'OnlyMirrorFailed', 'OnlyLiveFailed', 'Slower']),
    ROUTES.map((_, route) => [route, count, 0, 0, 0]),
  );
}

function add(row: number[], index: number): void {
  row[index] = (row[index] ?? 0) + 1;
}

function longs(names: readonly string[]): Record<string, Column['type']> {
  return Object.fromEntries(names.map((name) => [name, 'long']));
}

function table(columns: Readonly<Record<string, Column['type']>>, rows: Cell[][]): Table {
  return { name: 'PrimaryResult', columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}
