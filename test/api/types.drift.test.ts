import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { crdFile, generateTypes, typesFile } from '../../tools/generateTypes.ts';

test('the generated types are those of the custom resource definition', async () => {
  const stale = 'src/api/types.generated.ts is stale: run npm run generate';
  expect(await readFile(typesFile, 'utf8'), stale).toBe(await generateTypes(await readFile(crdFile, 'utf8')));
});

test('a changed definition changes the types', async () => {
  const crd = await readFile(crdFile, 'utf8');
  const changed = crd.replace('percent:\n', 'share:\n');
  expect(changed).not.toBe(crd);
  expect(await generateTypes(changed)).not.toBe(await generateTypes(crd));
});

test('a definition without a served version is refused', async () => {
  const crd = (await readFile(crdFile, 'utf8')).replace('served: true', 'served: false');
  await expect(generateTypes(crd)).rejects.toThrow('serves 0 versions');
});
