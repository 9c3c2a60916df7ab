import { datetimeLiteral, longLiteral, stringList, stringLiteral } from './escape.ts';
import { methodCondition } from './methods.ts';
import type { BeforeAndSince, TelemetryQuestion } from './question.ts';
import { SCHEMAS } from './schema.ts';

/** Half-open window in event time, ms since the epoch: [start, end). */
export interface QueryWindow {
  readonly start: number;
  readonly end: number;
}

/** The window as the rows have it: without what the question leaves out. */
export function askedWindow({ compare }: Pick<TelemetryQuestion, 'compare'>, { start, end }: QueryWindow): QueryWindow {
  return { start, end: compare === undefined ? end : end - (compare.from - compare.switchOn) };
}

/** Durations above this are not Application Insights' (its format ends at 1,000 days), nor are negative ones. */
const LONGEST_MILLISECONDS = '86400000000.0';

/**
 * `let Rows = …;` - the rows of both versions in a window, the same for both schemas. Every query starts with it.
 *
 * Columns: Timestamp datetime, Operation string, Name string, Live bool (false: the mirror's), Code string, Ok bool,
 * Ms real, Weight long (itemCount, at least 1). Where the question compares live with itself, Live tells whether the
 * request came before, and what came since is moved back so that it follows at once.
 * Left out: other versions, names that the question excludes, methods that are not copied, and successful rows without
 * a valid duration (missing, negative, not a number): they say nothing about latency, and a candidate that only reports
 * such rows counts as one that lost its copies. Failed rows need no duration and always count.
 * A result code that is no number from 0 to 999 becomes `(other)`, so that codes are bounded.
 * @throws RangeError when the window is empty or reversed
 */
export function requestRows(question: TelemetryQuestion, window: QueryWindow): string {
  if (!(window.start < window.end)) {
    throw new RangeError(`the window must end after it starts, and is [${window.start}, ${window.end})`);
  }
  const { timestamp } = SCHEMAS[question.table];
  const time = [
    `${timestamp} >= ${datetimeLiteral(window.start)}`,
    `${timestamp} < ${datetimeLiteral(window.end)}`,
    ...(question.compare === undefined ? [] : [notBetween(timestamp, question.compare)]),
  ].join(' and ');
  const versions =
    question.compare === undefined ? [question.liveVersion, question.mirrorVersion] : [question.liveVersion];
  return `let Rows = ${[...selected(question, time, versions), ...usable()].join('\n| ')};`;
}

/** The mirror's rows from `since` on, for the first copy: the same conditions, no limit on time. */
export function mirrorRows(question: TelemetryQuestion, since: number): string {
  const time = `${SCHEMAS[question.table].timestamp} >= ${datetimeLiteral(since)}`;
  return `let Rows = ${selected(question, time, [question.mirrorVersion]).join('\n| ')};`;
}

function notBetween(timestamp: string, { switchOn, from }: BeforeAndSince): string {
  return `(${timestamp} < ${datetimeLiteral(switchOn)} or ${timestamp} >= ${datetimeLiteral(from)})`;
}

function selected(question: TelemetryQuestion, time: string, versions: readonly string[]): string[] {
  const schema = SCHEMAS[question.table];
  return [
    question.table,
    `where ${time}`,
    `extend Version = tostring(${schema.properties}[${stringLiteral(question.versionProperty)}])`,
    `where Version in ${stringList(versions)}`,
    `extend CodeNumber = toint(${schema.resultCode})`,
    `project ${columns(question)}`,
    ...nameConditions(question).map((condition) => `where ${condition}`),
  ];
}

function columns(question: TelemetryQuestion): string {
  const schema = SCHEMAS[question.table];
  return [
    `Timestamp = ${timestampColumn(schema.timestamp, question)}`,
    `Operation = ${schema.operation}`,
    `Name = ${schema.name}`,
    `Live = ${
      question.compare === undefined
        ? `Version == ${stringLiteral(question.liveVersion)}`
        : `${schema.timestamp} < ${datetimeLiteral(question.compare.switchOn)}`
    }`,
    `Code = iff(CodeNumber >= 0 and CodeNumber <= 999, tostring(CodeNumber), "(other)")`,
    `Ok = ${schema.ok}`,
    `Ms = todouble(${schema.milliseconds})`,
    `Weight = iff(${schema.itemCount} > 1, tolong(${schema.itemCount}), 1)`,
  ].join(', ');
}

function timestampColumn(timestamp: string, { compare }: TelemetryQuestion): string {
  if (compare === undefined || compare.from === compare.switchOn) return timestamp;
  const gap = `${longLiteral(compare.from - compare.switchOn)}ms`;
  return `iff(${timestamp} < ${datetimeLiteral(compare.switchOn)}, ${timestamp}, ${timestamp} - ${gap})`;
}

/** Conditions on the column `Name`. */
export function nameConditions(question: TelemetryQuestion): string[] {
  const method = methodCondition(question.methods);
  return [
    ...(method === undefined ? [] : [method]),
    ...(question.include.length > 0 ? [`Name in ${stringList(question.include)}`] : []),
    ...(question.exclude.length > 0 ? [`Name !in ${stringList(question.exclude)}`] : []),
  ];
}

function usable(): string[] {
  return [`where not(Ok) or (Ms >= 0.0 and Ms <= ${LONGEST_MILLISECONDS})`];
}
