import { realLiteral } from './escape.ts';
import type { LatencyTolerance, TelemetryQuestion } from './question.ts';
import { type QueryWindow, requestRows } from './requests.ts';
import { type QueriedRoute, routeLookup, routesTable } from './routes.ts';

/**
 * Requests that both versions recorded exactly once under the same operation id and name, per route; one pass, no join.
 *
 * Columns, all long: Route (the position in `routes`), Pairs, OnlyMirrorFailed, OnlyLiveFailed, Slower (both succeeded and
 * the mirror took longer than live's duration plus the tolerance of p50, or of the first gate). Bound: 50 rows.
 */
export function pairsQuery(question: TelemetryQuestion, window: QueryWindow, routes: readonly QueriedRoute[]): string {
  return `${requestRows(question, window)}
${routesTable(routes, 0)}
Rows
| where isnotempty(Operation)
| summarize hint.shufflekey = Operation LiveItems = countif(Live), MirrorItems = countif(not(Live)), LiveOk = countif(Live and Ok), MirrorOk = countif(not(Live) and Ok), LiveMs = maxif(Ms, Live), MirrorMs = maxif(Ms, not(Live)) by Operation, Name
| where LiveItems == 1 and MirrorItems == 1
${routeLookup(routes, 0)}
| summarize Pairs = count(), OnlyMirrorFailed = countif(LiveOk == 1 and MirrorOk == 0), OnlyLiveFailed = countif(LiveOk == 0 and MirrorOk == 1), Slower = ${slower(question.latency)} by Route`;
}

function slower(gates: readonly LatencyTolerance[]): string {
  const gate = gates.find(({ percentile }) => percentile === 50) ?? gates[0];
  if (gate === undefined) return 'countif(false)';
  const relative = realLiteral(gate.maxIncreasePercent / 100);
  const absolute = realLiteral(gate.maxIncreaseMilliseconds);
  return `countif(LiveOk == 1 and MirrorOk == 1 and MirrorMs > LiveMs + max_of(${relative} * LiveMs, ${absolute}))`;
}
