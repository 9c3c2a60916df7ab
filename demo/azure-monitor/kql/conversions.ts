import { notTranslated } from './errors.ts';
import type { KqlType, Node } from './syntax.ts';
import { type Expression, expression, isNumeric, sqlType } from './translation.ts';

/** tostring(), and what string operators do to a dynamic. */
export function toText(value: Expression): Expression {
  const { sql, nullable } = value;
  switch (value.type) {
    case 'string':
      return value;
    case 'dynamic':
      return expression(value.asText ?? `kql_dynamic_text(${sql})`, 'string', false);
    case 'datetime':
      return expression(`kql_datetime_text(${sql})`, 'string', nullable);
    case 'timespan':
      return expression(`CASE WHEN ${sql} IS NOT NULL THEN kql_timespan_text(${sql}) END`, 'string', nullable);
    default:
      return expression(`CAST(${sql} AS VARCHAR)`, 'string', nullable);
  }
}

/** The operand of a string operator: a string, or a dynamic, which the service converts by itself. */
export function stringOperand(value: Expression, node: Node): Expression {
  if (value.type === 'string' || value.type === 'dynamic') return toText(value);
  throw notTranslated(`a ${value.type} as operand of a string operator (${node.text})`, node.start);
}

/** Text that is no such value gives null. */
export function convert(value: Expression, type: KqlType, node: Node): Expression {
  if (value.type === type) return value;
  switch (type) {
    case 'string':
      return toText(value);
    case 'long':
    case 'int':
      return toInteger(value, type, node);
    case 'real':
      return toReal(value, node);
    case 'bool':
      return toBool(value, node);
    case 'datetime':
      if (value.type !== 'string' && value.type !== 'dynamic') break;
      return expression(`kql_todatetime(${toText(value).sql})`, 'datetime');
  }
  throw notTranslated(`the conversion of a ${value.type} to ${type} (${node.text})`, node.start);
}

function toInteger(value: Expression, type: 'long' | 'int', node: Node): Expression {
  const narrow = (sql: string) => expression(`TRY_CAST(${sql} AS ${sqlType(type)})`, type);
  switch (value.type) {
    case 'real':
      return narrow(`trunc(${value.sql})`);
    case 'long':
    case 'int':
    case 'bool':
      return narrow(value.sql);
    case 'string':
      return narrow(`kql_tolong(${value.sql})`);
    case 'dynamic': {
      const read = toText(value).sql;
      const fraction = `CASE WHEN json_type(${value.sql}) = 'DOUBLE' THEN trunc(kql_toreal(${read})) END`;
      return narrow(`coalesce(kql_tolong(${read}), ${fraction})`);
    }
    case 'timespan':
      if (type === 'long') return { ...value, type };
  }
  throw notTranslated(`the conversion of a ${value.type} to ${type} (${node.text})`, node.start);
}

function toReal(value: Expression, node: Node): Expression {
  if (isNumeric(value.type) || value.type === 'bool') {
    return expression(`CAST(${value.sql} AS DOUBLE)`, 'real', value.nullable);
  }
  if (value.type === 'string' || value.type === 'dynamic') {
    return expression(`kql_toreal(${toText(value).sql})`, 'real');
  }
  throw notTranslated(`the conversion of a ${value.type} to real (${node.text})`, node.start);
}

function toBool(value: Expression, node: Node): Expression {
  if (isNumeric(value.type)) return expression(`(${value.sql} <> 0)`, 'bool', value.nullable);
  if (value.type === 'string' || value.type === 'dynamic') {
    return expression(`kql_tobool(${toText(value).sql})`, 'bool');
  }
  throw notTranslated(`the conversion of a ${value.type} to bool (${node.text})`, node.start);
}
