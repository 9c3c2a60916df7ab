import { bucketExpression } from './bucket.ts';
import { datetimeLiteral } from './escape.ts';
import type { TelemetryQuestion } from './question.ts';
import { askedWindow, type QueryWindow, requestRows } from './requests.ts';
import { type QueriedRoute, routeLookup, routesTable } from './routes.ts';

/** More blocks than this are never asked for: an hour at 5 s, six hours at 30 s. */
const MAX_BLOCKS = 720;

/**
 * Length of the blocks of a window in seconds: the interval, doubled until there are at most 720 blocks. The factor by
 * which the evidence is deflated may come from blocks of any length, so that a long window only makes them coarser.
 */
export function blockSeconds(intervalSeconds: number, window: QueryWindow): number {
  let seconds = intervalSeconds;
  while ((window.end - window.start) / 1000 / seconds > MAX_BLOCKS) seconds *= 2;
  return seconds;
}

/**
 * Telemetry rows (unweighted) per route and block.
 *
 * Columns, all long: Route (the position in `routes`), Block (from the window's start, in blocks), LiveItems,
 * LiveFailed, MirrorItems, MirrorFailed, and per gate in the question's order L0, M0, L1, M1, …: the successful rows of live and of the
 * mirror whose bucket is at or below the route's threshold. Bound: 50 routes x 720 blocks.
 */
export function blocksQuery(question: TelemetryQuestion, window: QueryWindow, routes: readonly QueriedRoute[]): string {
  const gates = question.latency.length;
  const counts = [
    'LiveItems = countif(Live)',
    'LiveFailed = countif(Live and not(Ok))',
    'MirrorItems = countif(not(Live))',
    'MirrorFailed = countif(not(Live) and not(Ok))',
    ...question.latency.flatMap((_, gate) => [
      `L${gate} = countif(Live and Ok and Bucket <= T${gate})`,
      `M${gate} = countif(not(Live) and Ok and Bucket <= T${gate})`,
    ]),
  ];
  const position = `(Timestamp - ${datetimeLiteral(window.start)}) / ${blockSeconds(question.intervalSeconds, askedWindow(question, window))}s`;
  return `${requestRows(question, window)}
${routesTable(routes, gates)}
Rows
${routeLookup(routes, gates)}
| extend Bucket = ${bucketExpression('Ms')}, Block = tolong(floor(${position}, 1.0))
| summarize ${counts.join(', ')} by Route, Block`;
}
