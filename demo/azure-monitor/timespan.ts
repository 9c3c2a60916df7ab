import type { Timespan } from './contract.ts';

export interface Interval {
  from: Date | undefined;
  to: Date | undefined;
}

/** Reads ISO 8601: "start/end", "start/duration", "duration/end" or a duration that ends now. Throws RangeError. */
export function parseTimespan(timespan: Timespan | undefined, now: Date): Interval {
  if (timespan === undefined) return { from: undefined, to: undefined };
  if (typeof timespan !== 'string') return { from: timespan.start, to: timespan.end };
  const parts = timespan.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) throw new RangeError(`'${timespan}' is no ISO 8601 interval`);
  if (second === undefined) return { from: new Date(now.getTime() - duration(first)), to: now };
  if (first.startsWith('P')) {
    const to = instant(second);
    return { from: new Date(to.getTime() - duration(first)), to };
  }
  const from = instant(first);
  return { from, to: second.startsWith('P') ? new Date(from.getTime() + duration(second)) : instant(second) };
}

function instant(value: string): Date {
  const date = new Date(value);
  if (!/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(date.getTime())) {
    throw new RangeError(`'${value}' is no ISO 8601 date`);
  }
  return date;
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Milliseconds. Years and months have no fixed length and are refused. */
function duration(value: string): number {
  const match = DURATION.exec(value);
  if (match === null || !/\d/.test(value)) throw new RangeError(`'${value}' is no ISO 8601 duration`);
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}
