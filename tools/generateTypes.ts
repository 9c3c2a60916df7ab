import { readFile, writeFile } from 'node:fs/promises';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { parse } from 'yaml';

export const crdFile = new URL('../crds/mirrorexperiments.yaml', import.meta.url);
export const typesFile = new URL('../src/api/types.generated.ts', import.meta.url);

const header = `// generated from crds/mirrorexperiments.yaml; run npm run generate
//
// The types of an object as the API server returns it: a field with a default is always there, so it is not optional
// here although users may leave it out.
`;

/**
 * TypeScript source of MirrorExperimentSpec and MirrorExperimentStatus for the CustomResourceDefinition in `crdYaml`.
 * Throws when the definition does not serve exactly one version, or lacks a spec or status schema.
 */
export async function generateTypes(crdYaml: string): Promise<string> {
  const schema = servedSchema(parse(crdYaml));
  const sources = [header];
  for (const part of ['spec', 'status'] as const) {
    const name = part === 'spec' ? 'MirrorExperimentSpec' : 'MirrorExperimentStatus';
    sources.push(
      await compile(toTypedSchema(field(field(schema, 'properties'), part)) as JSONSchema, name, {
        additionalProperties: false,
        bannerComment: '',
        // A list type with maxItems would otherwise become a union of all its lengths.
        ignoreMinAndMaxItems: true,
        style: { singleQuote: true, printWidth: 120 },
        unknownAny: true,
      }),
    );
  }
  return sources.join('\n');
}

/**
 * The JSON schema of a structural Kubernetes schema: without the Kubernetes extensions, closed, and with defaulted
 * fields required. YAML aliases are expanded, because the compiler names a schema that is used twice.
 */
function toTypedSchema(schema: unknown): unknown {
  if (Array.isArray(schema) || typeof schema !== 'object' || schema === null) return schema;
  const { description, type, enum: values, properties, items, required } = schema as Record<string, unknown>;
  const typed: Record<string, unknown> = { type };
  if (description !== undefined) typed.description = String(description).trim();
  if (values !== undefined) typed.enum = values;
  if (items !== undefined) typed.items = toTypedSchema(items);
  if (typeof properties === 'object' && properties !== null) {
    const entries: [string, unknown][] = Object.entries(properties);
    const defaulted = entries.filter(([, value]) => Object.hasOwn(value as object, 'default')).map(([name]) => name);
    typed.properties = Object.fromEntries(entries.map(([name, value]) => [name, toTypedSchema(value)]));
    typed.required = [...new Set([...(Array.isArray(required) ? required : []), ...defaulted])];
    typed.additionalProperties = false;
  }
  return typed;
}

/** The OpenAPI schema of the one version that the definition serves. */
export function servedSchema(crd: unknown): unknown {
  const versions = field(field(crd, 'spec'), 'versions');
  const served = Array.isArray(versions) ? versions.filter((version) => field(version, 'served') === true) : [];
  if (served.length !== 1)
    throw new Error(`the definition serves ${served.length} versions; types are for exactly one`);
  return field(field(served[0], 'schema'), 'openAPIV3Schema');
}

/** A field that must be there. */
export function field(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) {
    return (value as Record<string, unknown>)[name];
  }
  throw new Error(`the definition has no ${name} where one is expected`);
}

if (import.meta.main) await writeFile(typesFile, await generateTypes(await readFile(crdFile, 'utf8')));
