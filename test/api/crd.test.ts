import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { crdFile, servedSchema } from '../../tools/generateTypes.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  'x-kubernetes-validations'?: { rule: string; message?: string }[];
}

const { properties } = servedSchema(parse(await readFile(crdFile, 'utf8'))) as Schema;

function* fields(schema: Schema | undefined, path: string): Generator<[string, Schema]> {
  if (schema === undefined) throw new Error(`no ${path}`);
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* fields(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* fields(schema.items, `${path}[]`);
}

test.each(['spec', 'status'])('kubectl explain says what each field of the %s is', (part) => {
  const all = [...fields(properties?.[part], part)].filter(([path]) => !path.endsWith('[]'));
  // The figures of the status are explained where the group of them is.
  const needed = all.filter(([path]) => part === 'spec' || path.split('.').length === 2);
  expect(needed.length).toBeGreaterThan(10);
  expect(needed.filter(([, { description }]) => !description).map(([path]) => path)).toEqual([]);
});

test('each rule has a message, because the API server would show the rule itself', () => {
  const rules = [...fields(properties?.spec, 'spec')].flatMap(([, schema]) => schema['x-kubernetes-validations'] ?? []);
  expect(rules.length).toBeGreaterThan(10);
  expect(rules.filter(({ message }) => !message)).toEqual([]);
});
