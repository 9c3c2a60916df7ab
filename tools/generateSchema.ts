import { readFile, writeFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { StructuralSchema } from '../src/api/structuralSchema.ts';
import { crdFile, field, servedSchema } from './generateTypes.ts';

export const schemaFile = new URL('../src/api/schema.generated.ts', import.meta.url);

/**
 * TypeScript source of specSchema and statusSchema for the CustomResourceDefinition in `crdYaml`. Throws when the
 * definition uses a part of OpenAPI that the validator does not check: it would be ignored in silence.
 */
export function generateSchema(crdYaml: string): string {
  const schema = servedSchema(parse(crdYaml));
  const properties = field(schema, 'properties');
  const rules = [...celRules(schema, '')].map((rule) => ` * ${rule}`);
  const constant = (name: string, part: string) =>
    `export const ${name}: StructuralSchema = ${JSON.stringify(toStructuralSchema(field(properties, part), part), null, 2)};\n`;
  return [
    '// generated from crds/mirrorexperiments.yaml; run npm run generate\n',
    "import type { StructuralSchema } from './structuralSchema.ts';\n",
    `/**\n * The API server alone checks these rules, because they are in CEL:\n *\n${rules.join('\n')}\n */`,
    constant('specSchema', 'spec'),
    constant('statusSchema', 'status'),
  ].join('\n');
}

const checkedKeywords = [
  'type',
  'default',
  'enum',
  'format',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'required',
] as const;
const checkedFormats = ['date-time', 'int32', 'int64'];
const otherKeywords = [
  'description',
  'properties',
  'items',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
];

function toStructuralSchema(schema: unknown, path: string): StructuralSchema {
  const source = schema as Record<string, unknown>;
  const known: readonly string[] = [...checkedKeywords, ...otherKeywords];
  const unknown = Object.keys(source).filter((keyword) => !known.includes(keyword));
  if (unknown.length > 0) throw new Error(`${path}: the validator does not check ${unknown.join(', ')}`);
  if (source.format !== undefined && !checkedFormats.includes(String(source.format))) {
    throw new Error(`${path}: the validator does not check the format ${source.format}`);
  }
  const { properties, items, 'x-kubernetes-list-type': listType, 'x-kubernetes-list-map-keys': mapKeys } = source;
  const checked = checkedKeywords.filter((keyword) => source[keyword] !== undefined);
  return {
    ...Object.fromEntries(checked.map((keyword) => [keyword, source[keyword]])),
    ...(listType === 'set' ? { set: true } : {}),
    ...(mapKeys === undefined ? {} : { mapKeys }),
    ...(items === undefined ? {} : { items: toStructuralSchema(items, `${path}[]`) }),
    ...(properties === undefined ? {} : { properties: toProperties(properties as object, path) }),
  } as StructuralSchema;
}

function toProperties(properties: object, path: string): Record<string, StructuralSchema> {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, schema]) => [name, toStructuralSchema(schema, `${path}.${name}`)]));
}

/** The rules with the fields that carry them, outermost first. */
function* celRules(schema: unknown, path: string): Generator<string> {
  const { 'x-kubernetes-validations': rules, properties, items } = schema as Record<string, unknown>;
  for (const { rule } of (rules as { rule: string }[] | undefined) ?? []) {
    yield `${path === '' ? 'the object' : path}: ${rule.replaceAll(/\s+/g, ' ').trim()}`;
  }
  for (const [name, value] of Object.entries(properties ?? {})) {
    yield* celRules(value, path === '' ? name : `${path}.${name}`);
  }
  if (items !== undefined) yield* celRules(items, `${path}[]`);
}

if (import.meta.main) await writeFile(schemaFile, generateSchema(await readFile(crdFile, 'utf8')));
