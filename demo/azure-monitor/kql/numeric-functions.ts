import { notTranslated } from './errors.ts';
import { at, type FunctionTranslation, type NamedFunction, plain } from './plain-function.ts';
import { type Node, scalarType } from './syntax.ts';
import { coerce, type Expression, expression, isNumeric } from './translation.ts';

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

const absolute = plain((args, node) => {
  const value = at(args, 0, node);
  return coerce(expression(`abs(${value.sql})`, value.type, value.nullable), scalarType(node), node);
});

/** bin() is for times as well; floor() is another name of it. */
export const numericFunctions: readonly NamedFunction[] = [
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
];
