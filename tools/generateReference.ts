import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { CONDITIONS } from '../src/api/reasons.ts';
import { crdFile, field, servedSchema } from './generateTypes.ts';

export const referenceFile = new URL('../docs/reference/mirrorexperiment.md', import.meta.url);

interface Schema {
  readonly description?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly pattern?: string;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string }[];
  readonly [limit: string]: unknown;
}

type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The reference page (Markdown) for the CustomResourceDefinition in `crdYaml` and the catalogue of conditions: every field
 * with type, default, limits and description, every rule, column, condition and reason.
 */
export function generateReference(crdYaml: string, conditions: Reasons = CONDITIONS): string {
  const crd: unknown = parse(crdYaml);
  const schema = servedSchema(crd) as Schema;
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined) throw new Error('the definition has no schema of spec and status');
  const places = new Map<Schema, string>();
  return `${[
    '<!-- generated from crds/mirrorexperiments.yaml and src/api/reasons.ts; run npm run generate -->',
    '# MirrorExperiment reference',
    `API version \`mirroring.dev/v1alpha1\`, namespaced, short name \`mexp\`, category \`mirroring\`. ${text(schema.description)}`,
    'Lengths of time are whole seconds. "unique by" names the key that tells the entries of a list apart. What breaks a limit or a rule is refused by the API server, with the message that stands here.',
    ...rulesOf(schema),
    ...section('spec', spec, places),
    ...section('status', status, places),
    ...columns(crd),
    ...conditionTables(conditions),
  ].join('\n\n')}\n`;
}

/** An object's heading and table, then those of the objects below it, outermost first. */
function section(path: string, schema: Schema, places: Map<Schema, string>): string[] {
  const entries = Object.entries(schema.properties ?? {});
  places.set(schema, path);
  const nested = entries.flatMap(([name, child]) => {
    const object = child.type === 'array' ? child.items : child;
    if (object?.properties === undefined || places.has(object)) return [];
    return section(`${path}.${name}${child.type === 'array' ? '[]' : ''}`, object, places);
  });
  const rows = entries.map(([name, child]) => {
    const needed = schema.required?.includes(name) === true ? 'required' : defaultOf(child);
    return [`\`${name}\``, typeOf(child, places), needed, limitsOf(child), text(child.description)];
  });
  return [
    `${'#'.repeat(path.includes('.') ? 3 : 2)} ${path}`,
    ...(schema.description === undefined ? [] : [text(schema.description)]),
    table(['Field', 'Type', 'Default', 'Limits', 'Description'], rows),
    ...rulesOf(schema),
    ...entries.flatMap(([name, child]) => rulesOf(child.properties === undefined ? child : {}, `\`${name}\`: `)),
    ...nested,
  ];
}

function typeOf(schema: Schema, places: ReadonlyMap<Schema, string>): string {
  const object = schema.type === 'array' ? schema.items : schema;
  const place = object === undefined ? undefined : places.get(object);
  const word = object?.properties === undefined ? simpleType(object) : `[object](#${anchorOf(place ?? '')})`;
  if (schema.type !== 'array') return word;
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys !== undefined) return `list of ${word}, unique by \`${keys.join(', ')}\``;
  return schema['x-kubernetes-list-type'] === 'set' ? `set of ${word}` : `list of ${word}`;
}

function simpleType(schema: Schema | undefined): string {
  return schema?.format === 'date-time' ? 'time' : (schema?.type ?? 'any');
}

/** As GitHub makes it from a heading. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\w -]/g, '');
}

function defaultOf(schema: Schema): string {
  if (schema.default === undefined) return '';
  const value = JSON.stringify(schema.default);
  if (value === '{}') return 'see there';
  if (!Array.isArray(schema.default) || value.length <= 40) return `\`${value}\``;
  return schema.default.map((each) => `\`${JSON.stringify(each)}\``).join('<br>');
}

const LIMITS: readonly (readonly [keyword: string, words: (value: unknown) => string])[] = [
  ['minimum', (value) => `at least ${value}`],
  ['maximum', (value) => `at most ${value}`],
  ['minLength', (value) => (value === 1 ? 'not empty' : `at least ${value} characters`)],
  ['maxLength', (value) => `at most ${value} characters`],
  ['minItems', (value) => (value === 1 ? 'not empty' : `at least ${value} entries`)],
  ['maxItems', (value) => `at most ${value} entries`],
];

function limitsOf(schema: Schema): string {
  const own = LIMITS.flatMap(([keyword, words]) => (schema[keyword] === undefined ? [] : [words(schema[keyword])]));
  const values = schema.enum === undefined ? [] : [schema.enum.map((value) => `\`${String(value)}\``).join(', ')];
  const pattern = schema.pattern === undefined ? [] : [code(schema.pattern)];
  const entries = schema.type === 'array' && schema.items?.properties === undefined ? limitsOf(schema.items ?? {}) : '';
  return [...values, ...own, ...pattern, ...(entries === '' ? [] : [`each: ${entries}`])].join('; ');
}

function rulesOf(schema: Schema, prefix = ''): string[] {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return rules.length === 0 ? [] : [rules.map(({ message }) => `- ${prefix}${text(message)}`).join('\n')];
}

function columns(crd: unknown): string[] {
  const [version] = field(field(crd, 'spec'), 'versions') as Record<string, unknown>[];
  const list = (version?.additionalPrinterColumns ?? []) as Record<string, unknown>[];
  return [
    '## Columns of kubectl get',
    table(
      ['Column', 'Field', 'Shown', 'Description'],
      list.map(({ name, jsonPath, priority, description }) => [
        String(name),
        code(String(jsonPath)),
        priority === 1 ? 'with `-o wide`' : 'always',
        text(description === undefined ? undefined : String(description)),
      ]),
    ),
  ];
}

function conditionTables(conditions: Reasons): string[] {
  return [
    '## Conditions and reasons',
    'Each condition carries `observedGeneration`: it speaks of that generation of the spec. Reasons do not change between versions of the operator; messages may.',
    ...Object.entries(conditions).flatMap(([type, reasons]) => [
      `### ${type}`,
      table(
        ['Reason', 'Meaning'],
        Object.entries(reasons).map(([reason, meaning]) => [`\`${reason}\``, text(meaning)]),
      ),
    ]),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function text(value: string | undefined): string {
  return (value ?? '').trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('*', '\\*');
}

function code(value: string): string {
  return `\`${value.replaceAll('|', '\\|')}\``;
}

if (import.meta.main) await writeFile(referenceFile, generateReference(await readFile(crdFile, 'utf8')));
