import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generateSchema, schemaFile } from '../../tools/generateSchema.ts';
import { crdFile } from '../../tools/generateTypes.ts';

const crd = await readFile(crdFile, 'utf8');

test('the generated schema is that of the custom resource definition', async () => {
  const stale = 'src/api/schema.generated.ts is stale: run npm run generate';
  expect(await readFile(schemaFile, 'utf8'), stale).toBe(generateSchema(crd));
});

test('a changed limit changes the schema', () => {
  expect(generateSchema(crd.replace('maximum: 65535', 'maximum: 65534'))).not.toBe(generateSchema(crd));
});

test.each(['multipleOf: 5', 'nullable: true'])(
  'a keyword that the validator does not check is refused: %s',
  (keyword) => {
    const changed = crd.replace('maximum: 65535', keyword);
    expect(changed).not.toBe(crd);
    expect(() => generateSchema(changed)).toThrow(
      `spec.mirror.port: the validator does not check ${keyword.split(':')[0]}`,
    );
  },
);

test('a format that the validator does not check is refused', () => {
  const changed = crd.replace('format: date-time', 'format: ipv4');
  expect(() => generateSchema(changed)).toThrow('the validator does not check the format ipv4');
});
