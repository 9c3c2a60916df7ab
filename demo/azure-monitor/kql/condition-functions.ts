import { convert, toText } from './conversions.ts';
import { at, type FunctionTranslation, type NamedFunction, plain } from './plain-function.ts';
import { scalarType } from './syntax.ts';
import { coerce, type Expression, expression } from './translation.ts';

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

const logicalNot = plain((args, node) => {
  const value = convert(at(args, 0, node), 'bool', node);
  return expression(`(NOT ${value.sql})`, 'bool', value.nullable);
});

/** Null, empty and the choice between; a string is never null. */
export const conditionFunctions: readonly NamedFunction[] = [
  ['isempty', emptiness],
  ['isnotempty', negated(emptiness)],
  ['isnull', nullness],
  ['isnotnull', negated(nullness)],
  ['iff', choice],
  ['iif', choice],
  ['case', choice],
  ['coalesce', coalesce],
  ['not', logicalNot],
];
