import { KqlError, notTranslated } from './errors.ts';
import type { Node } from './syntax.ts';
import { type Expression, nullOf, sqlText, text } from './translation.ts';

/** The parser's own values of numbers and times are lossy in its JavaScript build, so those are read from the text. */
export function literal(node: Node): Expression {
  switch (node.kind) {
    case 'StringLiteralExpression':
    case 'CompoundStringLiteralExpression':
      if (node.stringValue === undefined) break;
      return text(node.stringValue);
    case 'LongLiteralExpression':
      return integer(node, 'long');
    case 'IntLiteralExpression':
      return integer(node, 'int');
    case 'RealLiteralExpression':
      return real(node);
    case 'BooleanLiteralExpression':
      return boolean(node);
    case 'DateTimeLiteralExpression':
      return datetime(node);
    case 'TimespanLiteralExpression':
      return timespan(node);
  }
  throw notTranslated(`the literal ${node.text}`, node.start);
}

export function datetimeSql(date: Date): string {
  return `TIMESTAMP '${date.toISOString().replace('T', ' ').replace('Z', '')}'`;
}

/** What stands in `long(…)`, or the whole text. */
function inner(node: Node): string {
  const match = /^[a-z0-9]+\s*\(([\s\S]*)\)$/i.exec(node.text);
  const value = (match?.[1] ?? node.text).trim();
  return /^(".*"|'.*')$/s.test(value) ? value.slice(1, -1).trim() : value;
}

function integer(node: Node, type: 'long' | 'int'): Expression {
  const value = inner(node);
  if (value === 'null') return nullOf(type);
  if (!/^[+-]?(0[xX][0-9a-fA-F]+|\d+)$/.test(value)) throw notTranslated(`the literal ${node.text}`, node.start);
  const negative = value.startsWith('-');
  const magnitude = BigInt(value.replace(/^[+-]/, ''));
  const number = negative ? -magnitude : magnitude;
  const bits = type === 'long' ? 64 : 32;
  if (BigInt.asIntN(bits, number) !== number) {
    throw new KqlError('SyntaxError', 'SYN0002', `${value} does not fit a ${type}`, node.start);
  }
  const sql = `CAST(${number} AS ${type === 'long' ? 'BIGINT' : 'INTEGER'})`;
  return { sql, type, nullable: false, literal: Number(number) };
}

function real(node: Node): Expression {
  const value = inner(node);
  if (value === 'null') return nullOf('real');
  const special = /^([+-]?)(inf|nan)$/i.exec(value);
  const number = special === null ? Number(value) : undefined;
  if (number !== undefined && (value === '' || Number.isNaN(number))) {
    throw notTranslated(`the literal ${node.text}`, node.start);
  }
  const sql = `CAST('${value.toLowerCase()}' AS DOUBLE)`;
  return { sql, type: 'real', nullable: false, ...(number === undefined ? {} : { literal: number }) };
}

function boolean(node: Node): Expression {
  const value = inner(node).toLowerCase();
  if (value === 'null') return nullOf('bool');
  if (value === 'true' || value === '1') return { sql: 'true', type: 'bool', nullable: false };
  if (value === 'false' || value === '0') return { sql: 'false', type: 'bool', nullable: false };
  throw notTranslated(`the literal ${node.text}`, node.start);
}

const DATETIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,7}))?)?\s*(Z|[+-]\d\d:\d\d)?$/;

/** Microseconds are kept; the service keeps ticks of 100 ns. */
function datetime(node: Node): Expression {
  const value = inner(node);
  if (value === 'null') return nullOf('datetime');
  const match = DATETIME.exec(value);
  if (match === null) throw notTranslated(`the literal ${node.text}`, node.start);
  const [, day, minutes = '00:00', seconds = ':00', fraction = '', zone = 'Z'] = match;
  const whole = new Date(`${day}T${minutes}${seconds}${zone}`);
  if (Number.isNaN(whole.getTime())) {
    throw new KqlError('SyntaxError', 'SYN0002', `${node.text} is no date`, node.start);
  }
  const sql = `TIMESTAMP '${whole.toISOString().slice(0, 19).replace('T', ' ')}.${fraction.padEnd(6, '0').slice(0, 6)}'`;
  return { sql, type: 'datetime', nullable: false };
}

/** Ticks of 100 ns, by unit. */
const UNITS: readonly [RegExp, number][] = [
  [/^d(ays?)?$/, 864_000_000_000],
  [/^h(rs?|ours?)?$/, 36_000_000_000],
  [/^m(in|inutes?)?$/, 600_000_000],
  [/^s(ec|econds?)?$/, 10_000_000],
  [/^(ms|milli(s(ec(onds?)?)?)?|milliseconds?)$/, 10_000],
  [/^(micros?|microseconds?)$/, 10],
  [/^ticks?$/, 1],
];

function timespan(node: Node): Expression {
  const value = inner(node);
  if (value === 'null') return nullOf('timespan');
  return { sql: `CAST(${ticksOf(value, node)} AS BIGINT)`, type: 'timespan', nullable: false };
}

function ticksOf(value: string, node: Node): number {
  const short = /^(-?\d+(?:\.\d+)?)([a-z]+)$/i.exec(value);
  const unit = UNITS.find(([pattern]) => pattern.test(short?.[2] ?? ''));
  if (short !== null && unit !== undefined) return Math.round(Number(short[1]) * unit[1]);
  const clock = /^(-?)(?:(\d+)\.)?(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?$/.exec(value);
  if (clock === null) throw notTranslated(`the literal ${node.text}`, node.start);
  const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] = clock;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (sign === '-' ? -1 : 1) * (wholeSeconds * 10_000_000 + Number(fraction.padEnd(7, '0')));
}

/** The JSON of `dynamic(…)`. */
export function dynamicLiteral(node: Node): Expression {
  const value = inner(node);
  if (value === 'null') return nullOf('dynamic');
  try {
    const json = JSON.stringify(JSON.parse(value));
    return { sql: `CAST(${sqlText(json)} AS JSON)`, type: 'dynamic', nullable: false };
  } catch {
    throw notTranslated(`the literal ${node.text}, which is not plain JSON`, node.start);
  }
}
