import { DuckDBTimestampValue } from '@duckdb/node-api';
import type { Cell } from '../contract.ts';
import type { KqlType } from './syntax.ts';

/** DuckDB's value as the service's JSON has it. */
export function toCell(value: unknown, type: KqlType): Cell {
  if (value === null || value === undefined) return type === 'string' ? '' : null;
  if (value instanceof DuckDBTimestampValue) return datetimeText(value.micros);
  if (typeof value === 'bigint') return type === 'timespan' ? timespanText(value) : Number(value);
  // JSON has no such numbers; the service writes their names.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (type === 'dynamic' && typeof value === 'string') return dynamicCell(value);
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  throw new TypeError(`DuckDB gave a ${typeof value} for a ${type}`);
}

/** Objects, arrays and numbers are JSON text; a string stands for itself. */
function dynamicCell(json: string): Cell {
  const parsed: unknown = json.startsWith('"') ? JSON.parse(json) : json;
  return typeof parsed === 'string' ? parsed : json;
}

function datetimeText(micros: bigint): string {
  const milliseconds = Number(micros / 1000n);
  const rest = ((micros % 1000n) + 1000n) % 1000n;
  const whole = new Date(rest > 0n && micros < 0n ? milliseconds - 1 : milliseconds).toISOString();
  const [seconds, fraction = ''] = `${whole.slice(0, -1)}${String(rest).padStart(3, '0')}`.split('.');
  const significant = fraction.replace(/0+$/, '');
  return significant === '' ? `${seconds}Z` : `${seconds}.${significant}Z`;
}

/** [-][d.]hh:mm:ss[.fffffff] */
function timespanText(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const two = (value: bigint) => String(value).padStart(2, '0');
  const days = size / 864_000_000_000n;
  const fraction = size % 10_000_000n;
  const clock = [(size / 36_000_000_000n) % 24n, (size / 600_000_000n) % 60n, (size / 10_000_000n) % 60n]
    .map(two)
    .join(':');
  const tail = fraction === 0n ? '' : `.${String(fraction).padStart(7, '0')}`;
  return `${ticks < 0n ? '-' : ''}${days > 0n ? `${days}.` : ''}${clock}${tail}`;
}
