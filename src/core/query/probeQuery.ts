import { stringList, stringLiteral } from './escape.ts';
import type { TelemetryQuestion } from './question.ts';
import { nameConditions } from './requests.ts';
import { SCHEMAS } from './schema.ts';

/**
 * Names every column that the other queries read and every text that the question holds, and returns no row: it fails where
 * they would fail, also when the filters make them longer than the service takes.
 */
export function probeQuery(question: TelemetryQuestion): string {
  const schema = SCHEMAS[question.table];
  const used = [schema.timestamp, schema.operation, `Name = ${schema.name}`, schema.resultCode, schema.milliseconds];
  return [
    question.table,
    `project ${[...used, schema.itemCount].join(', ')}, Ok = ${schema.ok}, Version = tostring(${schema.properties}[${stringLiteral(question.versionProperty)}])`,
    `where Version in ${stringList([question.liveVersion, question.mirrorVersion])}`,
    ...nameConditions(question).map((condition) => `where ${condition}`),
    'take 0',
  ].join('\n| ');
}
