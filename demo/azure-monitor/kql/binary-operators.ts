import { convert, stringOperand } from './conversions.ts';
import { KqlError, notTranslated } from './errors.ts';
import { stringOperators } from './string-operators.ts';
import { child, type KqlType, type Node, scalarType } from './syntax.ts';
import { coerce, type Expression, expression, isNumeric, type Scope } from './translation.ts';

const COMPARISONS: Record<string, string> = {
  LessThanExpression: '<',
  LessThanOrEqualExpression: '<=',
  GreaterThanExpression: '>',
  GreaterThanOrEqualExpression: '>=',
};

const ARITHMETIC: Record<string, string> = {
  AddExpression: '+',
  SubtractExpression: '-',
  MultiplyExpression: '*',
  DivideExpression: '/',
};

export function isBinaryOperator(kind: string): boolean {
  return (
    kind in COMPARISONS ||
    kind in ARITHMETIC ||
    stringOperators.has(kind) ||
    ['AndExpression', 'OrExpression', 'EqualExpression', 'NotEqualExpression'].includes(kind)
  );
}

export function binaryOperator(node: Node, scope: Scope): Expression {
  const left = scope.translation.scalar(child(node, 'Left'), scope);
  const right = scope.translation.scalar(child(node, 'Right'), scope);
  const onStrings = stringOperators.get(node.kind);
  if (onStrings !== undefined) return onStrings(stringOperand(left, node), stringOperand(right, node), node);
  if (node.kind in ARITHMETIC) return arithmetic(node, left, right);
  if (node.kind === 'AndExpression' || node.kind === 'OrExpression') return logical(node, left, right);
  return comparison(node, left, right);
}

function logical(node: Node, left: Expression, right: Expression): Expression {
  const operator = node.kind === 'AndExpression' ? 'AND' : 'OR';
  const [a, b] = [convert(left, 'bool', node), convert(right, 'bool', node)];
  return expression(`(${a.sql} ${operator} ${b.sql})`, 'bool', a.nullable || b.nullable);
}

function comparison(node: Node, left: Expression, right: Expression): Expression {
  const [a, b] = comparable(left, right, node);
  const operator = COMPARISONS[node.kind];
  const nullable = a.nullable || b.nullable;
  if (operator !== undefined) return expression(`(${a.sql} ${operator} ${b.sql})`, 'bool', nullable);
  return equality(a, b, node.kind === 'NotEqualExpression');
}

/**
 * Null equals nothing, and is unequal to every value; two nulls give null.
 * https://learn.microsoft.com/kusto/query/scalar-data-types/null-values
 */
export function equality(a: Expression, b: Expression, negated: boolean): Expression {
  if (!a.nullable && !b.nullable) return expression(`(${a.sql} ${negated ? '<>' : '='} ${b.sql})`, 'bool', false);
  const distinct = `(${a.sql} IS ${negated ? '' : 'NOT '}DISTINCT FROM ${b.sql})`;
  if (!a.nullable || !b.nullable) return expression(distinct, 'bool', false);
  return expression(`CASE WHEN ${a.sql} IS NOT NULL OR ${b.sql} IS NOT NULL THEN ${distinct} END`, 'bool');
}

/** Both sides in one type. A dynamic takes the type of the other side. */
export function comparable(left: Expression, right: Expression, node: Node): [Expression, Expression] {
  if (left.type === right.type) {
    if (left.type !== 'dynamic') return [left, right];
    throw notTranslated(`the comparison of two dynamic values (${node.text})`, node.start);
  }
  if (isNumeric(left.type) && isNumeric(right.type)) return [left, right];
  if (left.type === 'dynamic') return [convert(left, right.type, node), right];
  if (right.type === 'dynamic') return [left, convert(right, left.type, node)];
  throw new KqlError(
    'SemanticError',
    'SEM0064',
    `Cannot compare values of types ${left.type} and ${right.type}. Try adding explicit casts`,
    node.start,
  );
}

function arithmetic(node: Node, left: Expression, right: Expression): Expression {
  const type = scalarType(node);
  const nullable = left.nullable || right.nullable;
  const timed = timeArithmetic(node, left, right);
  if (timed !== undefined) return expression(timed, type, nullable || node.kind === 'DivideExpression');
  if (!isNumeric(left.type) || !isNumeric(right.type) || !isNumeric(type)) {
    throw notTranslated(`${left.type} ${ARITHMETIC[node.kind]} ${right.type} (${node.text})`, node.start);
  }
  const [a, b] = [coerce(left, type, node).sql, coerce(right, type, node).sql];
  // Integers divide to integers, towards zero; nothing divides an integer by zero.
  if (node.kind === 'DivideExpression') {
    return type === 'real' ? expression(`(${a} / ${b})`, type, nullable) : expression(`(${a} // ${b})`, type);
  }
  return expression(`(${a} ${ARITHMETIC[node.kind]} ${b})`, type, nullable);
}

/** Datetimes have microseconds, timespans ticks. */
function timeArithmetic(node: Node, left: Expression, right: Expression): string | undefined {
  const [a, b] = [left.sql, right.sql];
  const key: `${KqlType} ${string} ${KqlType}` = `${left.type} ${ARITHMETIC[node.kind] ?? ''} ${right.type}`;
  switch (key) {
    case 'datetime - datetime':
      return `((epoch_us(${a}) - epoch_us(${b})) * 10)`;
    case 'datetime + timespan':
      return `(${a} + to_microseconds(${b} // 10))`;
    case 'timespan + datetime':
      return `(${b} + to_microseconds(${a} // 10))`;
    case 'datetime - timespan':
      return `(${a} - to_microseconds(${b} // 10))`;
    case 'timespan + timespan':
      return `(${a} + ${b})`;
    case 'timespan - timespan':
      return `(${a} - ${b})`;
    case 'timespan / timespan':
      return `(CAST(${a} AS DOUBLE) / ${b})`;
    case 'timespan * long':
    case 'timespan * int':
    case 'timespan * real':
    case 'long * timespan':
    case 'int * timespan':
    case 'real * timespan':
      return `CAST(round(${a} * ${b}) AS BIGINT)`;
    case 'timespan / long':
    case 'timespan / int':
    case 'timespan / real':
      return `CAST(trunc(CAST(${a} AS DOUBLE) / ${b}) AS BIGINT)`;
  }
  return undefined;
}
