import { blockSeconds, blocksQuery } from '../../core/query/blocksQuery.ts';
import { cellsQuery } from '../../core/query/cellsQuery.ts';
import { firstCopyQuery } from '../../core/query/firstCopyQuery.ts';
import { pairsQuery } from '../../core/query/pairsQuery.ts';
import { probeQuery } from '../../core/query/probeQuery.ts';
import type { TelemetryQuestion } from '../../core/query/question.ts';
import { askedWindow } from '../../core/query/requests.ts';
import { sliceSeconds, traceQuery } from '../../core/query/traceQuery.ts';
import { readBlocks } from '../../core/samples/blocks.ts';
import { readCells } from '../../core/samples/cells.ts';
import { readPairs } from '../../core/samples/pairs.ts';
import type { Samples } from '../../core/samples/samples.ts';
import { type AnswerTable, column, SamplesError } from '../../core/samples/table.ts';
import { percentileBucket } from '../../core/samples/thresholds.ts';
import { readTraceSlices } from '../../core/samples/traceSlices.ts';
import { type Telemetry, TelemetryError, type TelemetryWindow } from '../../engine/ports/telemetry.ts';
import { systemClock } from '../systemClock.ts';
import { allowSource } from './logAnalytics/allowSource.ts';
import { createQueryClient, type QueryClientSettings } from './logAnalytics/queryClient.ts';
import { type SharedQueries, shareQueries } from './logAnalytics/shareQueries.ts';
import { withDeadline } from './logAnalytics/withDeadline.ts';

export interface LogAnalyticsSettings extends QueryClientSettings {
  /**
   * Namespace -> workspace ids and resource ids that its experiments may read; '*' stands for every namespace or source.
   * Default: all.
   */
  readonly allowedSources?: Readonly<Record<string, readonly string[]>>;
  /** Bound on each call, waiting and all queries included. Default 120. */
  readonly timeoutSeconds?: number;
}

/**
 * Telemetry from Azure Log Analytics, a workspace or an Application Insights resource.
 *
 * A read asks three queries: sums, and then blocks and pairs by the routes and thresholds that the sums gave; two where live is compared with itself, which has no pairs. At most 50 x 720 blocks and the cells of 50 routes are transferred, whatever the traffic. Nothing is tried again
 * here: every call is idempotent, and when to ask again is the caller's to decide.
 * @throws Error when the endpoint is not https
 */
export function createLogAnalytics(settings: LogAnalyticsSettings): Telemetry {
  const queries = shareQueries(createQueryClient(settings), systemClock);
  const seconds = settings.timeoutSeconds ?? 120;
  const allowed = settings.allowedSources ?? { '*': ['*'] };
  const call = async <T>(
    question: TelemetryQuestion,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    allowSource(allowed, question);
    return withDeadline(seconds, signal, async (bounded) => malformed(() => ask(bounded), bounded));
  };
  return {
    probe: (question, signal) => call(question, signal, (bounded) => probe(queries, question, bounded)),
    firstCopy: (question, since, signal) =>
      call(question, signal, (bounded) => firstCopy(queries, question, since, bounded)),
    read: (question, window, signal) => call(question, signal, (bounded) => read(queries, question, window, bounded)),
    trace: (question, window, routes, signal) =>
      call(question, signal, (bounded) => trace(queries, question, window, routes, bounded)),
  };
}

/** Whom a query is asked for, and where. */
function from({ source, namespace, liveVersion, mirrorVersion }: TelemetryQuestion) {
  return { source, namespace, asker: JSON.stringify([namespace, liveVersion, mirrorVersion]) };
}

/** Of an experiment with two routes, eight rows, each as long as ten others; nobody knows before. */
const USUAL_SUMS = 80;

async function probe(queries: SharedQueries, question: TelemetryQuestion, signal: AbortSignal): Promise<void> {
  const end = Date.now();
  const window = { start: end - 300_000, end };
  await queries.query(
    { ...from(question), kql: probeQuery(question), ...window, shape: 'probe', isUrgent: true, rows: 0 },
    signal,
  );
}

async function firstCopy(
  queries: SharedQueries,
  question: TelemetryQuestion,
  since: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  // The API insists on a timespan; no experiment lasts longer than this one.
  const window = { start: since, end: since + 31 * 86_400_000 };
  const kql = firstCopyQuery(question, since);
  const answer = await queries.query(
    { ...from(question), kql, ...window, shape: 'first copy', isUrgent: true, rows: 1 },
    signal,
  );
  const [row] = answer?.rows ?? [];
  if (answer === undefined || row === undefined) return undefined;
  return column(answer, 'the first copy', 'First', INSTANT_OR_NULL)(row) ?? undefined;
}

async function read(
  queries: SharedQueries,
  question: TelemetryQuestion,
  window: TelemetryWindow,
  signal: AbortSignal,
): Promise<Samples> {
  if (window.end <= window.start) return { routes: [], queries: [] };
  const ask = (kql: string, shape: string, rows: number): Promise<AnswerTable | undefined> =>
    queries.query({ ...from(question), kql, ...window, shape, rows }, signal);

  const sums = cellsQuery(question, window);
  const cells = await ask(sums, 'sums', USUAL_SUMS);
  const routes = cells === undefined ? [] : readCells(cells);
  if (routes.length === 0) return { routes: [], queries: [sums] };

  const percentiles = question.latency.map(({ percentile }) => percentile);
  const queried = routes.map(({ name, live }) => ({
    name,
    thresholds: percentiles.map((percentile) => percentileBucket(live.histogram, percentile)),
  }));
  const blocksAsked = blocksQuery(question, window, queried);
  const length = blockSeconds(question.intervalSeconds, askedWindow(question, window));
  const blocksOfRoute = Math.ceil((window.end - window.start) / 1000 / length);
  const pairsAsked = question.compare === undefined ? pairsQuery(question, window, queried) : undefined;
  const [blockRows, pairRows] = await Promise.all([
    ask(blocksAsked, 'blocks', routes.length * blocksOfRoute),
    pairsAsked === undefined ? undefined : ask(pairsAsked, 'pairs', routes.length),
  ]);
  if (blockRows === undefined || (pairsAsked !== undefined && pairRows === undefined)) {
    throw new TelemetryError('Unavailable', 'Log Analytics answered with data and then said that there is none');
  }
  const blocks = readBlocks(blockRows, {
    routes: routes.length,
    percentiles,
    blockSeconds: length,
  });
  const pairs = pairRows === undefined ? [] : readPairs(pairRows, routes.length);
  return {
    routes: routes.map((route, index) => ({ ...route, blocks: blocks[index] ?? [], pairs: pairs[index] ?? null })),
    queries: [sums, blocksAsked, ...(pairsAsked === undefined ? [] : [pairsAsked])],
  };
}

async function trace(
  queries: SharedQueries,
  question: TelemetryQuestion,
  window: TelemetryWindow,
  routes: readonly string[],
  signal: AbortSignal,
): ReturnType<Telemetry['trace']> {
  const kql = traceQuery(question, window, routes);
  const rows = await queries.query({ ...from(question), kql, ...window, rows: 0 }, signal);
  if (rows === undefined) throw new TelemetryError('Unavailable', 'Log Analytics says that there is no data any more');
  const seconds = sliceSeconds(question.intervalSeconds, window);
  const slices = Math.ceil((window.end - window.start) / 1000 / seconds);
  return { samples: readTraceSlices(rows, { routes, sliceSeconds: seconds, slices }), kql };
}

/**
 * An answer that is not what was asked for, as the port names it. Also one that nobody has thought of: the experiment that
 * asked must come to its end, and its mirror with it.
 */
async function malformed<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof TelemetryError) throw error;
    signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    const what = error instanceof SamplesError ? message : `its answer cannot be read (${message})`;
    throw new TelemetryError('Malformed', `Log Analytics: ${what}`, { cause: error });
  }
}

/** The client turns datetimes into Dates. */
const INSTANT_OR_NULL = {
  types: ['datetime'],
  expected: 'a time or null',
  read: (value: unknown): number | null | undefined => {
    if (value === null) return null;
    return value instanceof Date && !Number.isNaN(value.getTime()) ? value.getTime() : undefined;
  },
};
