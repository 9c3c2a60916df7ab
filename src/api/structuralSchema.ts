/**
 * A structural schema as a CustomResourceDefinition holds it, as far as this project uses it. Rules in CEL are left out:
 * they are for the API server.
 */
export interface StructuralSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  /** No two items are equal (x-kubernetes-list-type: set). */
  readonly set?: boolean;
  /** No two items agree in all of these fields (x-kubernetes-list-map-keys). */
  readonly mapKeys?: readonly string[];
  readonly items?: StructuralSchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
}

export interface FieldError {
  /** Where, as kubectl writes it: spec.analysis.latency[0].percentile */
  readonly path: string;
  /** What is wrong there, and what to do. */
  readonly message: string;
}

/** The value with defaults filled in and only the fields of the schema; it is fit for use only when there is no error. */
export interface Validated {
  readonly value: unknown;
  readonly errors: readonly FieldError[];
}

/**
 * Checks outside data against a schema and fills in defaults, as the API server does on the way in. A field that the
 * schema does not have is an error: it would ask for something that is not done. Never throws; the input is not changed.
 */
export function validate(schema: StructuralSchema, input: unknown, path: string): Validated {
  const errors: FieldError[] = [];
  const value = check(schema, input, path, errors);
  return { value, errors };
}

function check(schema: StructuralSchema, input: unknown, path: string, errors: FieldError[]): unknown {
  const problem = typeProblem(schema.type, input);
  if (problem !== undefined) {
    errors.push({ path, message: problem });
    return undefined;
  }
  checkValue(schema, input, (message) => errors.push({ path, message }));
  if (isRecord(input)) return checkFields(schema, input, path, errors);
  if (Array.isArray(input)) return checkItems(schema, input, path, errors);
  return input;
}

function checkFields(schema: StructuralSchema, input: object, path: string, errors: FieldError[]): unknown {
  const value: Record<string, unknown> = {};
  const properties = schema.properties ?? {};
  for (const [name, field] of Object.entries(properties)) {
    // Like the API server: null stands for the default, where there is one.
    const given = own(input, name);
    const isDefault = given === undefined || (given === null && field.default !== undefined);
    const used = isDefault ? defaultOf(field) : given;
    if (used !== undefined) value[name] = check(field, used, join(path, name), errors);
    else if (schema.required?.includes(name)) errors.push({ path: join(path, name), message: 'is missing: set it' });
  }
  for (const name of Object.keys(input)) {
    if (Object.hasOwn(properties, name)) continue;
    const message = 'is not a field that this operator knows: check the spelling, or upgrade the operator';
    errors.push({ path: join(path, name), message });
  }
  return unlessSame(value, input);
}

/** A copy: who gets it may change it. */
export function defaultOf(field: StructuralSchema): unknown {
  return field.default === undefined ? undefined : structuredClone(field.default);
}

function checkItems(schema: StructuralSchema, input: readonly unknown[], path: string, errors: FieldError[]): unknown {
  const { items } = schema;
  if (items === undefined) return [];
  const seen = new Set<string>();
  const value = Array.from(input, (item, index) => {
    const checked = check(items, item, `${path}[${index}]`, errors);
    const key = itemKey(schema, checked);
    if (key !== undefined && seen.has(key)) {
      errors.push({ path: `${path}[${index}]`, message: `is there twice (${key}): keep one` });
    } else if (key !== undefined) seen.add(key);
    return checked;
  });
  return unlessSame(value, input);
}

/** Text that two items of a set or map share when they are duplicates; undefined where duplicates are allowed. */
export function itemKey(schema: StructuralSchema, item: unknown): string | undefined {
  const text = (value: unknown) => (typeof value === 'string' ? JSON.stringify(value) : describe(value));
  if (schema.set === true) return text(item);
  if (schema.mapKeys === undefined || !isRecord(item)) return undefined;
  return schema.mapKeys.map((name) => `${name} ${text(own(item, name))}`).join(', ');
}

const isOfType: Readonly<Record<StructuralSchema['type'], (value: unknown) => boolean>> = {
  object: isRecord,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  integer: Number.isSafeInteger,
  number: Number.isFinite,
  boolean: (value) => typeof value === 'boolean',
};

const typeNames: Readonly<Record<StructuralSchema['type'], string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function typeProblem(type: StructuralSchema['type'], value: unknown): string | undefined {
  return isOfType[type](value) ? undefined : `must be ${typeNames[type]}; it is ${describe(value)}`;
}

type Report = (problem: string) => void;

function checkValue(schema: StructuralSchema, value: unknown, report: Report): void {
  const allowed = schema.const === undefined ? schema.enum : [schema.const];
  if (allowed !== undefined && !allowed.includes(value)) {
    report(`${describe(value)} is not supported: use ${allowed.map(describe).join(', ')}`);
  }
  const { minimum, maximum, minItems, maxItems } = schema;
  if (typeof value === 'string') checkText(schema, value, report);
  if (typeof value === 'number') checkSize(value, { minimum, maximum, be: 'must be', of: '' }, report);
  if (Array.isArray(value)) {
    checkSize(value.length, { minimum: minItems, maximum: maxItems, be: 'must have', of: ' items' }, report);
  }
}

function checkText(schema: StructuralSchema, text: string, report: Report): void {
  // The API server counts code points, which are at most as many as UTF-16 units.
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
  const length = text.length <= maxLength && text.length > 2 * minLength ? text.length : [...text].length;
  checkSize(length, { minimum: minLength, maximum: maxLength, be: 'must have', of: ' characters' }, report);
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(text)) {
    report(`${describe(text)} must match ${schema.pattern}`);
  }
  if (schema.format === 'date-time' && !isTimestamp(text)) {
    report(`${describe(text)} must be a time such as 2026-01-31T12:00:00Z`);
  }
}

const patterns = new Map<string, RegExp>();

/** Each pattern of a schema is compiled once. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(pattern, 'u');
  patterns.set(pattern, made);
  return made;
}

interface Bounds {
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly be: 'must be' | 'must have';
  readonly of: string;
}

function checkSize(size: number, { minimum, maximum, be, of }: Bounds, report: Report): void {
  if (minimum !== undefined && size < minimum) report(`${be} at least ${minimum}${of}; it ${has(be)} ${size}`);
  if (maximum !== undefined && size > maximum) report(`${be} at most ${maximum}${of}; it ${has(be)} ${size}`);
}

function has(be: Bounds['be']): string {
  return be === 'must be' ? 'is' : 'has';
}

function isTimestamp(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) && Number.isFinite(Date.parse(text));
}

/** A JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Only the object's own field: a name such as constructor must not be found on its prototype. */
export function own(input: object, name: string): unknown {
  return Object.hasOwn(input, name) ? (input as Readonly<Record<string, unknown>>)[name] : undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** A short text of any value; JSON.stringify and String throw on some. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** The original in place of a copy of it that has the same fields, or items, in it. */
export function unlessSame<T extends object>(copy: T, original: object): T {
  const keys = Object.keys(copy) as (keyof T)[];
  const isSame =
    keys.length === Object.keys(original).length && keys.every((key) => copy[key] === (original as Partial<T>)[key]);
  return isSame ? (original as T) : copy;
}
