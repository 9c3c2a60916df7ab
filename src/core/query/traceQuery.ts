import { blockSeconds } from './blocksQuery.ts';
import { bucketExpression } from './bucket.ts';
import { datetimeLiteral } from './escape.ts';
import type { TelemetryQuestion } from './question.ts';
import { type QueryWindow, requestRows } from './requests.ts';
import { OTHER_ROUTES, routeLookup, routesTable } from './routes.ts';

/** Times at which the growth of the evidence is shown. */
const TRACE_SLICES = 12;

/** Length of a slice in seconds: whole blocks, so that a slice's blocks are those that start in it. */
export function sliceSeconds(intervalSeconds: number, window: QueryWindow): number {
  const block = blockSeconds(intervalSeconds, window);
  const blocks = Math.max(1, Math.ceil((window.end - window.start) / 1000 / block));
  return Math.ceil(blocks / TRACE_SLICES) * block;
}

/**
 * Sums per slice of the window, route, version and bucket: how the sums of `cellsQuery` came about.
 *
 * Columns: Route (the position in `routes`; one beyond them is everything else), Slice long, Live bool, Bucket long (null
 * for failed rows), Items, Requests, SquaredWeights long. Bound: 12 slices x (routes + 1) x 2 versions x occupied buckets.
 */
export function traceQuery(question: TelemetryQuestion, window: QueryWindow, routes: readonly string[]): string {
  const listed = [...routes, OTHER_ROUTES].map((name) => ({ name, thresholds: [] }));
  const slice = `(Timestamp - ${datetimeLiteral(window.start)}) / ${sliceSeconds(question.intervalSeconds, window)}s`;
  return `${requestRows(question, window)}
${routesTable(listed, 0)}
Rows
${routeLookup(listed, 0)}
| extend Bucket = iff(Ok, ${bucketExpression('Ms')}, long(null)), Slice = tolong(floor(${slice}, 1.0))
| summarize Items = count(), Requests = sum(Weight), SquaredWeights = sum(Weight * Weight) by Route, Slice, Live, Bucket`;
}
