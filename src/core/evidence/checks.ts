import type { FieldError } from '../../api/structuralSchema.ts';
import { isRecord, own } from '../../api/structuralSchema.ts';

/** More are not told: they are of one kind then. */
const MOST_ERRORS = 20;

/** What is wrong with outside data, found field by field. */
export class Findings {
  readonly errors: FieldError[] = [];

  /** `path` as kubectl writes it: routes[0].live.items */
  add(path: string, message: string): void {
    if (this.errors.length < MOST_ERRORS) this.errors.push({ path, message });
    else if (this.errors.length === MOST_ERRORS) this.errors.push({ path: '', message: 'and more' });
  }

  get full(): boolean {
    return this.errors.length > MOST_ERRORS;
  }
}

export type Check = (value: unknown, path: string, findings: Findings) => void;

/** An object with these fields; others are left alone, so that later versions may add some. */
export function object(
  fields: Readonly<Record<string, Check>>,
  optional: Readonly<Record<string, Check>> = {},
  whole: (value: Readonly<Record<string, unknown>>, path: string, findings: Findings) => void = () => {},
): Check {
  const required = Object.entries(fields);
  const others = Object.entries(optional);
  return (value, path, findings) => {
    if (!isRecord(value)) {
      findings.add(path, `must be an object; it is ${describe(value)}`);
      return;
    }
    const before = findings.errors.length;
    for (const [name, check] of required) {
      const field = own(value, name);
      if (field === undefined) findings.add(join(path, name), 'is missing');
      else check(field, join(path, name), findings);
    }
    for (const [name, check] of others) {
      const field = own(value, name);
      if (field !== undefined) check(field, join(path, name), findings);
    }
    // Sums of fields mean something only when each of them is sound.
    if (findings.errors.length === before) whole(value, path, findings);
  };
}

export function list(each: Check, limits: { readonly min?: number; readonly max?: number } = {}): Check {
  const { min = 0, max = Number.POSITIVE_INFINITY } = limits;
  return (value, path, findings) => {
    if (!Array.isArray(value)) {
      findings.add(path, `must be a list; it is ${describe(value)}`);
      return;
    }
    if (value.length < min) findings.add(path, `must have at least ${min} entries; it has ${value.length}`);
    if (value.length > max) findings.add(path, `must have at most ${max} entries; it has ${value.length}`);
    for (let index = 0; index < value.length && !findings.full; index++) {
      each(value[index], `${path}[${index}]`, findings);
    }
  };
}

/** An object as a map: `key` says what is wrong with a key, or nothing. */
export function mapOf(key: (name: string) => string | undefined, each: Check): Check {
  return (value, path, findings) => {
    if (!isRecord(value)) {
      findings.add(path, `must be an object; it is ${describe(value)}`);
      return;
    }
    for (const name of Object.keys(value)) {
      if (findings.full) return;
      const problem = key(name);
      if (problem !== undefined) findings.add(`${path}[${describe(name)}]`, problem);
      else each(own(value, name), `${path}[${describe(name)}]`, findings);
    }
  };
}

export function numberIn(min: number, max: number): Check {
  return (value, path, findings) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) {
      findings.add(path, `must be a number; it is ${describe(value)}`);
    } else if (value < min || value > max) findings.add(path, `must be ${rangeText(min, max)}; it is ${value}`);
  };
}

export function integerIn(min: number, max: number): Check {
  return (value, path, findings) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
      findings.add(path, `must be a whole number; it is ${describe(value)}`);
    } else if (value < min || value > max) findings.add(path, `must be ${rangeText(min, max)}; it is ${value}`);
  };
}

export const count: Check = integerIn(0, Number.MAX_SAFE_INTEGER);

export const boolean: Check = (value, path, findings) => {
  if (typeof value !== 'boolean') findings.add(path, `must be true or false; it is ${describe(value)}`);
};

export const text: Check = (value, path, findings) => {
  if (typeof value !== 'string') findings.add(path, `must be a string; it is ${describe(value)}`);
};

export function constant(wanted: string): Check {
  return (value, path, findings) => {
    if (value !== wanted) findings.add(path, `must be ${JSON.stringify(wanted)}; it is ${describe(value)}`);
  };
}

export function oneOf(values: readonly string[]): Check {
  return (value, path, findings) => {
    if (typeof value !== 'string' || !values.includes(value)) {
      findings.add(path, `must be ${values.join(', ')}; it is ${describe(value)}`);
    }
  };
}

export function nullOr(check: Check): Check {
  return (value, path, findings) => {
    if (value !== null) check(value, path, findings);
  };
}

/** A short text of any value; JSON.stringify and String throw on some. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (Array.isArray(value)) return 'a list';
  if (value === undefined) return 'missing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function rangeText(min: number, max: number): string {
  if (max === Number.MAX_SAFE_INTEGER || max === Number.POSITIVE_INFINITY) return `at least ${min}`;
  return `from ${min} to ${max}`;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
