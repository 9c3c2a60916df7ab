import type { BenchTable, Cell } from '../bench.ts';
import type { AskerFigures } from './asker.ts';
import type { ServiceFigures } from './service.ts';

/** Of the service, for one query: https://learn.microsoft.com/azure/azure-monitor/service-limits */
export const MOST_ROWS = 500_000;
const MOST_BYTES = 100 * 2 ** 20;
/** An hour at the default interval. */
const LOOKS = 120;

export interface Read extends AskerFigures, Omit<ServiceFigures, 'milliseconds'> {
  readonly serviceMilliseconds: number;
}

export interface Measured {
  /** In the window. */
  readonly requests: number;
  readonly sums: Read;
  /** Of as many rows as fit into one query. */
  readonly rows: Read;
}

export function tablesOf(measured: readonly Measured[]): readonly BenchTable[] {
  return [sumsTable(measured), rowsTable(measured), ratios(measured)];
}

function sumsTable(measured: readonly Measured[]): BenchTable {
  return {
    title: 'One look of the operator',
    columns: ['requests in the window', 'queries', 'rows', 'kB', ...COSTS],
    rows: measured.map(({ requests, sums }) => [
      requests,
      sums.queries,
      sums.rows,
      sums.bytes / 1000,
      ...costs(sums, 1),
    ]),
    notes: [
      'Requests of both versions: half are live’s, half are copies. 8 routes, a window of an hour in 120 blocks. The real query client asks over https; what executes the queries is the demo’s stand-in (KQL on DuckDB, memory limited to 2 GB), and its share of the time says nothing about Azure. The rest, from question to samples, is the operator’s. Bodies before compression.',
    ],
  };
}

function rowsTable(measured: readonly Measured[]): BenchTable {
  return {
    title: 'The same look by pulling the requests as rows',
    columns: ['requests in the window', 'how', 'queries', 'kB', ...COSTS],
    rows: measured.map((each): Cell[] => {
      const times = timesAsMany(each);
      const how = times === 1 ? 'measured' : `extrapolated from ${each.rows.rows.toLocaleString('en')} rows`;
      return [each.requests, how, queriesFor(each), (times * each.rows.bytes) / 1000, ...costs(each.rows, times)];
    }),
    notes: [
      'Eight columns that a comparison needs: time, name, duration, success, result code, weight, operation id, version. The service returns at most 500,000 rows and 100 MiB for one query, and nothing but a part of them above that: more has to be asked for in slices of time. Memory is that of one slice. The operator has 200 queries per 30 s for all its experiments.',
    ],
  };
}

function ratios(measured: readonly Measured[]): BenchTable {
  return {
    title: 'Pulling rows, as a multiple of the operator’s look',
    columns: ['requests in the window', 'bytes', 'own time', 'processor', 'memory', 'bytes of a whole run'],
    rows: measured.map((each): Cell[] => {
      const { requests, sums, rows } = each;
      const times = timesAsMany(each);
      const bytes = (times * rows.bytes) / sums.bytes;
      return [
        ...[requests, bytes, (times * own(rows)) / own(sums)],
        (times * rows.processorMilliseconds) / sums.processorMilliseconds,
        ...[rows.megabytes / sums.megabytes, bytes / LOOKS],
      ];
    }),
    notes: [
      `Last column: the best that pulling can do is to fetch each row once in a run, and never those that arrive late; the operator reads sums of the whole window at most ${LOOKS} times, here reckoned as if the first look were as large as the last. Below 1, pulling would transfer less.`,
    ],
  };
}

const COSTS = ['time (s)', 'of it the stand-in (s)', 'own (ms)', 'processor (ms)', 'memory (MB)'];

function costs(read: Read, times: number): Cell[] {
  const { milliseconds, serviceMilliseconds, processorMilliseconds, megabytes } = read;
  return [
    ...[(times * milliseconds) / 1000, (times * serviceMilliseconds) / 1000, times * own(read)],
    ...[times * processorMilliseconds, megabytes],
  ];
}

function own({ milliseconds, serviceMilliseconds }: Read): number {
  return milliseconds - serviceMilliseconds;
}

/** How many of what was measured the whole window is. */
function timesAsMany({ requests, rows }: Measured): number {
  return requests / rows.rows;
}

function queriesFor({ requests, rows }: Measured): number {
  const bytesOfRow = rows.bytes / rows.rows;
  return Math.ceil(requests / Math.min(MOST_ROWS, MOST_BYTES / bytesOfRow));
}
