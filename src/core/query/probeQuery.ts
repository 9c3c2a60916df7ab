import { stringLiteral } from './escape.ts';
import type { TelemetryQuestion } from './question.ts';
import { SCHEMAS } from './schema.ts';

/** Names every column that the other queries read, and returns no row: it fails where they would fail. */
export function probeQuery(question: TelemetryQuestion): string {
  const schema = SCHEMAS[question.table];
  const used = [schema.timestamp, schema.operation, schema.name, schema.resultCode, schema.milliseconds];
  return [
    question.table,
    `project ${[...used, schema.itemCount].join(', ')}, Ok = ${schema.ok}, Version = tostring(${schema.properties}[${stringLiteral(question.versionProperty)}])`,
    'take 0',
  ].join('\n| ');
}
