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
    end: instants(leg)[1] ?? 0,
    versions: versionsOf(leg).length,
  }));
}

export interface Asked {
  readonly kind: Kind;
  /** Live's. */
  readonly version: string;
  /** Of the window, in ms since the epoch. */
  readonly end: number;
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

/** Everything that a query is about; `at` is in seconds since the window's start, what is left out not counted. */
function eachRequest(
  kql: string,
  visit: (route: number, live: boolean, milliseconds: number, bucket: number, at: number) => void,
): void {
  const [start = 0, end = 0, switchOn, from] = instants(kql);
  const isGuard = switchOn !== undefined && from !== undefined;
  for (let second = Math.ceil(start / 1000); second * 1000 < end; second++) {
    const time = second * 1000;
    if (isGuard && time >= switchOn && time < from) continue;
    const at = (time - start - (isGuard && time >= from ? from - switchOn : 0)) / 1000;
    for (let number = 0; number < PER_SECOND * ROUTES.length; number++) {
      const place = second * 7919 + number * 104_729;
      for (const live of isGuard ? [time < switchOn] : BOTH) {
        const position = (place + (live ? 0 : 31)) % DURATIONS.length;
        visit(number % ROUTES.length, live, DURATIONS[position] ?? 0, BUCKETS[position] ?? 0, at);
      }
    }
  }
}

const BOTH = [true, false];
/** In milliseconds, and their buckets: made once, so that they are not what is measured. */
const DURATIONS = Array.from({ length: 997 }, (_, position) => 10 + (position / 997) ** 2 * 50);
const BUCKETS = DURATIONS.map(bucketOf);
const MOST_BUCKETS = 1 + Math.max(...BUCKETS);

const CELLS: Readonly<Record<string, Column['type']>> = {
  ...{ Route: 'string', Live: 'bool', Code: 'string', Ok: 'bool', First: 'real' },
  ...{ Items: 'long', Requests: 'long', SquaredWeights: 'long', SumMs: 'real', SumMs2: 'real', Buckets: 'dynamic' },
};

interface ArmSum {
  first: number;
  items: number;
  ms: number;
  ms2: number;
  readonly buckets: Float64Array;
}

function cells(kql: string): Table {
  const arms = ROUTES.flatMap(() => BOTH).map(
    (): ArmSum => ({ first: Number.NaN, items: 0, ms: 0, ms2: 0, buckets: new Float64Array(MOST_BUCKETS) }),
  );
  eachRequest(kql, (route, live, milliseconds, bucket, at) => {
    const arm = arms[route * 2 + (live ? 0 : 1)];
    if (arm === undefined) return;
    if (arm.items === 0) arm.first = at * 1000;
    arm.items += 1;
    arm.ms += milliseconds;
    arm.ms2 += milliseconds ** 2;
    add(arm.buckets, bucket, 1);
  });
  const rows = arms.flatMap(({ first, items, ms, ms2, buckets }, arm): Cell[][] => {
    if (items === 0) return [];
    // As the service writes what is dynamic: as text.
    const list = JSON.stringify([...buckets.entries()].filter(([, count]) => count > 0));
    return [[ROUTES[arm >> 1] ?? '', arm % 2 === 0, '200', true, first, items, items, items, ms, ms2, list]];
  });
  return table(CELLS, rows);
}

function blocks(kql: string): Table {
  const seconds = Number(/\) \/ (\d+)s, 1\.0\)\)/.exec(kql)?.[1]);
  const names = [...kql.matchAll(/L(\d+) = countif/g)].map(([, gate]) => Number(gate));
  const routes = /let Routes = datatable\([^)]*\) \[([^\]]*)\];/.exec(kql)?.[1] ?? '';
  const numbers = ROUTES.map((name) => rowOf(routes, name));
  const sums = ROUTES.map((): number[][] => []);
  eachRequest(kql, (route, live, _, bucket, at) => {
    const [number = 0, ...thresholds] = numbers[route] ?? [];
    const block = Math.floor(at / seconds);
    const ofRoute = sums[route] ?? [];
    const row = ofRoute[block] ?? [number, block, 0, 0, 0, 0, ...names.flatMap(() => [0, 0])];
    ofRoute[block] = row;
    add(row, live ? 2 : 4, 1);
    for (const gate of names) if (bucket <= (thresholds[gate] ?? 0)) add(row, 6 + 2 * gate + (live ? 0 : 1), 1);
  });
  const counts = ['Route', 'Block', 'LiveItems', 'LiveFailed', 'MirrorItems', 'MirrorFailed'];
  return table(longs([...counts, ...names.flatMap((gate) => [`L${gate}`, `M${gate}`])]), sums.flat());
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

function add(row: number[] | Float64Array, index: number, value: number): void {
  row[index] = (row[index] ?? 0) + value;
}

function longs(names: readonly string[]): Record<string, Column['type']> {
  return Object.fromEntries(names.map((name) => [name, 'long']));
}

function table(columns: Readonly<Record<string, Column['type']>>, rows: Cell[][]): Table {
  return { name: 'PrimaryResult', columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}
