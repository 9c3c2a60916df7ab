import { count, milliseconds, percent, signed } from '../../core/status/format.ts';

/** Figures with units as the report shows them; null reads as a dash. */
export const NONE = '–';

export function ms(value: number | null): string {
  return value === null ? NONE : together(duration(value));
}

export function rise(value: number | null): string {
  return value === null ? NONE : together(signed(value, milliseconds, 'ms'));
}

export function share(value: number | null): string {
  return value === null ? NONE : together(`${percent(value)} %`);
}

export function points(value: number | null): string {
  return value === null ? NONE : together(signed(value, percent, 'pp'));
}

/** "−0.5 to +1.2 ms"; an end without bound is said in words. */
export function between(
  { lower, upper }: { readonly lower: number | null; readonly upper: number | null },
  text: (magnitude: number) => string,
  unit: string,
): string {
  const from = lower === null ? null : together(signed(lower, text, unit));
  const to = upper === null ? null : together(signed(upper, text, unit));
  if (from === null && to === null) return 'no bound yet';
  if (from === null) return `at most ${to}`;
  return to === null ? `at least ${from}` : `${from.slice(0, -unit.length - 1)} to ${to}`;
}

/** An e-value from its logarithm, as a factor: ×240, ×3.4·10⁵, ×1/8. */
export function factor(logEvidence: number): string {
  const exponent = Math.floor(logEvidence / Math.LN10 + 1e-9);
  if (exponent >= 5) {
    const mantissa = Math.exp(logEvidence - exponent * Math.LN10).toFixed(1);
    return mantissa === '10.0' ? `×1.0·10${superscript(exponent + 1)}` : `×${mantissa}·10${superscript(exponent)}`;
  }
  const value = Math.exp(logEvidence);
  if (value >= 10) return `×${count(value)}`;
  return value >= 0.095 ? `×${value.toFixed(1)}` : `×${value.toPrecision(1)}`;
}

/** "90 s", "12 min", "1 h 5 min". */
export function span(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`;
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** 2026-01-01 00:06:08 UTC; what is no time stays as it is. */
export function utc(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? time : `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A duration that may be long: 15 ms, 1,208 ms, 12.5 s from ten seconds on. */
function duration(value: number): string {
  return value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${milliseconds(value)} ms`;
}

/** A figure and its unit stay on one line. */
function together(text: string): string {
  return text.replaceAll(' ', '\u00a0');
}

function superscript(value: number): string {
  return [...String(value)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] ?? '').join('');
}
