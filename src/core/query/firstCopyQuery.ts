import type { TelemetryQuestion } from './question.ts';
import { mirrorRows } from './requests.ts';

/** One row: First datetime, the time of the mirror's first request at or after `since` (ms since the epoch), or null. */
export function firstCopyQuery(question: TelemetryQuestion, since: number): string {
  return `${mirrorRows(question, since)}
Rows
| summarize First = min(Timestamp)`;
}
