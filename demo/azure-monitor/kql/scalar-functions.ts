import { convert, stringOperand, toText } from './conversions.ts';
import { notTranslated } from './errors.ts';
import { datetimeSql } from './literals.ts';
import { isKqlType, type KqlType, type Node, scalarType } from './syntax.ts';
import { coerce, type Expression, expression, isNumeric, nullOf, type Scope } from './translation.ts';
import { windowFunctions } from './window-functions.ts';

export type FunctionTranslation = (args: readonly Node[], scope: Scope, node: Node) => Expression;

/** On translated arguments; the parser has checked how many there are. */
type Plain = (args: readonly Expression[], node: Node) => Expression;

function plain(translate: Plain): FunctionTranslation {
  return (args, scope, node) =>
    translate(
      args.map((arg) => scope.translation.scalar(arg, scope)),
      node,
    );
}

function at(args: readonly Expression[], index: number, node: Node): Expression {
  const arg = args[index];
  if (arg === undefined) throw notTranslated(`${node.text} with ${args.length} arguments`, node.start);
  return arg;
}

function conversion(type: KqlType): FunctionTranslation {
  return plain((args, node) => convert(at(args, 0, node), type, node));
}

/** A function of reals, as DuckDB has it. */
function math(name: string, nullable = false): FunctionTranslation {
  return plain((args, node) => {
    const reals = args.map((arg) => real(arg, node));
    const sql = `${name}(${reals.map((arg) => arg.sql).join(', ')})`;
    return expression(sql, 'real', nullable || reals.some((arg) => arg.nullable));
  });
}

function real(value: Expression, node: Node): Expression {
  if (!isNumeric(value.type)) throw notTranslated(`a ${value.type} in ${node.text}`, node.start);
  return coerce(value, 'real', node);
}

function onText(build: (...args: string[]) => string, type: KqlType = 'string'): FunctionTranslation {
  return plain((args, node) =>
    expression(build(...args.map((arg) => stringOperand(arg, node).sql)), type, type !== 'string'),
  );
}

const emptiness = plain((args, node) => {
  const value = at(args, 0, node);
  if (value.type === 'string') return expression(`(${value.sql} = '')`, 'bool', false);
  if (value.type === 'dynamic') return expression(`(${toText(value).sql} = '')`, 'bool', false);
  return expression(`(${value.sql} IS NULL)`, 'bool', false);
});

const nullness = plain((args, node) => {
  const value = at(args, 0, node);
  return value.type === 'string'
    ? expression('false', 'bool', false)
    : expression(`(${value.sql} IS NULL)`, 'bool', false);
});

function negated(translate: FunctionTranslation): FunctionTranslation {
  return (args, scope, node) => {
    const value = translate(args, scope, node);
    return expression(`(NOT ${value.sql})`, 'bool', value.nullable);
  };
}

/** iff(condition, then, else) and case(condition, then, …, else): a null condition is not met. */
const choice = plain((args, node) => {
  const type = scalarType(node);
  const branches: string[] = [];
  const results: Expression[] = [];
  for (let index = 0; index + 1 < args.length; index += 2) {
    const result = coerce(at(args, index + 1, node), type, node);
    branches.push(`WHEN ${convert(at(args, index, node), 'bool', node).sql} THEN ${result.sql}`);
    results.push(result);
  }
  const otherwise = coerce(at(args, args.length - 1, node), type, node);
  const nullable = [...results, otherwise].some((result) => result.nullable);
  return expression(`CASE ${branches.join(' ')} ELSE ${otherwise.sql} END`, type, nullable);
});

const bin = plain((args, node) => {
  const [value, width] = [at(args, 0, node), at(args, 1, node)];
  const type = scalarType(node);
  if (value.type === 'datetime' && width.type === 'timespan') {
    return expression(`kql_bin_datetime(${value.sql}, ${width.sql})`, type);
  }
  if (value.type === 'timespan' && width.type === 'timespan') {
    return expression(`kql_bin_integer(${value.sql}, ${width.sql})`, type);
  }
  if (!isNumeric(value.type) || !isNumeric(width.type)) {
    throw notTranslated(`bin() of a ${value.type} by a ${width.type}`, node.start);
  }
  const macro = type === 'real' ? 'kql_bin_real' : 'kql_bin_integer';
  return expression(`${macro}(${coerce(value, type, node).sql}, ${coerce(width, type, node).sql})`, type);
});

/** Rounds a real; an integer stays as it is. */
function rounding(name: string): FunctionTranslation {
  return plain((args, node) => {
    const value = at(args, 0, node);
    if (args.length > 1) throw notTranslated(`${name}() with a precision`, node.start);
    const result = coerce(value, value.type === 'real' ? 'real' : scalarType(node), node);
    return value.type === 'real'
      ? coerce(expression(`${name}(${result.sql})`, 'real', value.nullable), scalarType(node), node)
      : result;
  });
}

function extreme(name: 'greatest' | 'least'): FunctionTranslation {
  return plain((args, node) => {
    const type = scalarType(node);
    const values = args.map((arg) => coerce(arg, type, node));
    return expression(
      `${name}(${values.map((value) => value.sql).join(', ')})`,
      type,
      values.every((value) => value.nullable),
    );
  });
}

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

/** extract(regex, group, source[, typeof(type)]): no match gives an empty string. */
const extract: FunctionTranslation = (args, scope, node) => {
  const values = args.slice(0, 3).map((arg) => scope.translation.scalar(arg, scope));
  const group = at(values, 1, node);
  if (typeof group.literal !== 'number') throw notTranslated(`extract() with a computed group`, node.start);
  const [pattern, source] = [stringOperand(at(values, 0, node), node), stringOperand(at(values, 2, node), node)];
  const found = expression(`regexp_extract(${source.sql}, ${pattern.sql}, ${group.literal})`, 'string', true);
  const type = node.type ?? 'string';
  if (!isKqlType(type)) throw notTranslated(`extract() to ${type}`, node.start);
  return convert(found, type, node);
};

/** split(source, delimiter[, index]): a dynamic array; with an index, an array of that one part. */
const split = plain((args, node) => {
  const [source, delimiter] = [stringOperand(at(args, 0, node), node), stringOperand(at(args, 1, node), node)];
  const parts = `string_split(${source.sql}, ${delimiter.sql})`;
  const index = args[2];
  if (index === undefined) return expression(`to_json(${parts})`, 'dynamic', false);
  if (typeof index.literal !== 'number') throw notTranslated('split() with a computed index', node.start);
  return expression(`to_json(list_slice(${parts}, ${index.literal + 1}, ${index.literal + 1}))`, 'dynamic', false);
});

const substring = plain((args, node) => {
  const source = stringOperand(at(args, 0, node), node).sql;
  const [from, length] = [at(args, 1, node), args[2]];
  const rest = length === undefined ? '' : `, greatest(${length.sql}, 0)`;
  return expression(`substring(${source}, greatest(${from.sql}, 0) + 1${rest})`, 'string');
});

const coalesce = plain((args, node) => {
  const type = scalarType(node);
  const values = args.map((arg) => coerce(arg, type, node));
  const parts = values.map((value) => (type === 'string' ? `nullif(${value.sql}, '')` : value.sql));
  return expression(
    `coalesce(${parts.join(', ')})`,
    type,
    values.every((value) => value.nullable),
  );
});

const parseJson = plain((args, node) => {
  const value = at(args, 0, node);
  if (value.type === 'dynamic') return value;
  const { sql } = stringOperand(value, node);
  const json = `CASE WHEN ${sql} = '' THEN NULL WHEN json_valid(${sql}) THEN CAST(${sql} AS JSON) ELSE to_json(${sql}) END`;
  return expression(`kql_dynamic(${json})`, 'dynamic');
});

const arrayLength = plain((args, node) => {
  const { sql, type } = at(args, 0, node);
  if (type !== 'dynamic') throw notTranslated(`array_length() of a ${type}`, node.start);
  return expression(`CASE WHEN json_type(${sql}) = 'ARRAY' THEN CAST(json_array_length(${sql}) AS BIGINT) END`, 'long');
});

/** Position of a string in a dynamic array of strings, -1 when it is not there. */
const arrayIndexOf = plain((args, node) => {
  const [list, value] = [at(args, 0, node), at(args, 1, node)];
  if (args.length > 2 || list.type !== 'dynamic' || value.type !== 'string') {
    throw notTranslated(`${node.text} with other than an array and a string`, node.start);
  }
  const position = `list_position(json_extract_string(${list.sql}, '$[*]'), ${value.sql})`;
  return expression(`CAST(coalesce(${position}, 0) - 1 AS BIGINT)`, 'long', false);
});

const logicalNot = plain((args, node) => {
  const value = convert(at(args, 0, node), 'bool', node);
  return expression(`(NOT ${value.sql})`, 'bool', value.nullable);
});

const absolute = plain((args, node) => {
  const value = at(args, 0, node);
  return coerce(expression(`abs(${value.sql})`, value.type, value.nullable), scalarType(node), node);
});

const concatenation = plain((args) =>
  expression(`concat(${args.map((arg) => toText(arg).sql).join(', ')})`, 'string', false),
);

const fromUnixMilliseconds = plain((args, node) =>
  expression(`make_timestamp(${coerce(at(args, 0, node), 'long', node).sql} * 1000)`, 'datetime'),
);

export const scalarFunctions: ReadonlyMap<string, FunctionTranslation> = new Map([
  ['tostring', conversion('string')],
  ['tolong', conversion('long')],
  ['toint', conversion('int')],
  ['todouble', conversion('real')],
  ['toreal', conversion('real')],
  ['tobool', conversion('bool')],
  ['toboolean', conversion('bool')],
  ['todatetime', conversion('datetime')],
  ['unixtime_milliseconds_todatetime', fromUnixMilliseconds],
  ['todynamic', parseJson],
  ['parse_json', parseJson],
  ['array_length', arrayLength],
  ['array_index_of', arrayIndexOf],
  ['split', split],
  ['extract', extract],
  ['substring', substring],
  ['strcat', concatenation],
  ['strlen', onText((a) => `length(${a})`, 'long')],
  ['toupper', onText((a) => `upper(${a})`)],
  ['tolower', onText((a) => `lower(${a})`)],
  ['replace_string', onText((a, b, c) => `replace(${a}, ${b}, ${c})`)],
  ['replace_regex', onText((a, b, c) => `regexp_replace(${a}, ${b}, ${c}, 'g')`)],
  ['isempty', emptiness],
  ['isnotempty', negated(emptiness)],
  ['isnull', nullness],
  ['isnotnull', negated(nullness)],
  ['iff', choice],
  ['iif', choice],
  ['case', choice],
  ['coalesce', coalesce],
  ['not', logicalNot],
  ['bin', bin],
  ['floor', bin],
  ['ceiling', rounding('ceil')],
  ['round', rounding('round')],
  ['abs', absolute],
  ['log', math('kql_log', true)],
  ['exp', math('exp')],
  ['pow', math('pow')],
  ['sqrt', math('sqrt')],
  ['max_of', extreme('greatest')],
  ['min_of', extreme('least')],
  ['now', now],
  ['ago', ago],
  ['ingestion_time', ingestionTime],
  ...windowFunctions,
]);
