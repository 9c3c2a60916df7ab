import { notTranslated } from './errors.ts';
import { datetimeSql } from './literals.ts';
import { at, type FunctionTranslation, type NamedFunction, plain } from './plain-function.ts';
import { coerce, expression, nullOf } from './translation.ts';

const now: FunctionTranslation = (args, scope, node) => {
  const instant = datetimeSql(scope.translation.now);
  const [offset] = args.map((arg) => scope.translation.scalar(arg, scope));
  if (offset === undefined) return expression(instant, 'datetime', false);
  if (offset.type !== 'timespan') throw notTranslated(`now() with a ${offset.type}`, node.start);
  return expression(`(${instant} + to_microseconds(${offset.sql} // 10))`, 'datetime', offset.nullable);
};

const ago: FunctionTranslation = (args, scope, node) => {
  const offset = at(
    args.map((arg) => scope.translation.scalar(arg, scope)),
    0,
    node,
  );
  if (offset.type !== 'timespan') throw notTranslated(`ago() of a ${offset.type}`, node.start);
  const sql = `(${datetimeSql(scope.translation.now)} - to_microseconds(${offset.sql} // 10))`;
  return expression(sql, 'datetime', offset.nullable);
};

/** Known as long as the rows are those of a table; null afterwards. */
const ingestionTime: FunctionTranslation = (_args, scope) =>
  scope.row?.ingested === undefined ? nullOf('datetime') : expression(scope.row.ingested, 'datetime', false);

const fromUnixMilliseconds = plain((args, node) =>
  expression(`make_timestamp(${coerce(at(args, 0, node), 'long', node).sql} * 1000)`, 'datetime'),
);

/** The present is one instant for the whole query. */
export const timeFunctions: readonly NamedFunction[] = [
  ['now', now],
  ['ago', ago],
  ['ingestion_time', ingestionTime],
  ['unixtime_milliseconds_todatetime', fromUnixMilliseconds],
];
