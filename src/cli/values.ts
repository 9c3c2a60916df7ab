import type { Values } from './command.ts';
import { UsageError } from './usageError.ts';

export function textOf(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function textsOf(values: Values, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}

export function flagOf(values: Values, name: string): boolean {
  return values[name] === true;
}

export function choiceOf<T extends string>(values: Values, name: string, choices: readonly T[], fallback: T): T {
  const value = textOf(values, name);
  if (value === undefined) return fallback;
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) throw new UsageError(`--${name} ${value}: must be ${choices.join(', ')}`);
  return chosen;
}

export function numberOf(values: Values, name: string): number | undefined {
  const value = textOf(values, name);
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value)) throw new UsageError(`--${name} ${value}: must be a number, such as 5`);
  return Number(value);
}

export function booleanOf(values: Values, name: string): boolean | undefined {
  const value = textOf(values, name);
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') throw new UsageError(`--${name} ${value}: must be true or false`);
  return value === 'true';
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration as kubectl takes them: 90s, 1h30m, or a number of seconds. */
export function durationOf(values: Values, name: string): number | undefined {
  const value = textOf(values, name);
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(value)) {
    throw new UsageError(`--${name} ${value}: must be a time such as 90s, 75m or 1h30m; 0 means no limit`);
  }
  const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  return parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}
