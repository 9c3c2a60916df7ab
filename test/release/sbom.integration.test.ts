import { expect, test } from 'vitest';
import { shippedPackages } from '../../tools/generateNotice.ts';
import { generateSbom } from '../../tools/sbom.ts';
import { read } from '../recipes/recipes.ts';

interface Component {
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license?: { readonly id?: string }; readonly expression?: string }[];
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

test('the bill of materials lists exactly what is shipped, each with its licence and its digest', async () => {
  const bom: { metadata: { component: Component }; components: Component[]; dependencies: { ref: string }[] } & Record<
    string,
    unknown
  > = JSON.parse(await generateSbom());
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: expect.stringMatching(/^1\.[5-9]$/), version: 1 });
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const { version, name } = JSON.parse(read('package.json'));
  expect(bom.metadata.component).toMatchObject({
    name,
    version,
    type: 'application',
    purl: `pkg:npm/${name}@${version}`,
  });

  const listed = bom.components.map((each) => ({
    name: each.group === undefined ? each.name : `${each.group}/${each.name}`,
    version: each.version,
    licence: each.licenses?.[0]?.license?.id ?? each.licenses?.[0]?.expression,
  }));
  const key = (each: { name: string; version: string }) => `${each.name}@${each.version}`;
  const order = <T extends { name: string; version: string }>(list: readonly T[]) =>
    list.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const shipped = shippedPackages().map(({ name, version, licence }) => ({ name, version, licence }));
  // A package that is there twice in one version is one component.
  const distinct = [...new Map(shipped.map((each) => [key(each), each])).values()];
  expect(order(listed)).toEqual(order(distinct));
  for (const { name, hashes, purl } of bom.components) {
    expect(hashes?.[0], name).toMatchObject({ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) });
    expect(purl).toMatch(/^pkg:npm\//);
  }
  expect(bom.dependencies.length).toBe(distinct.length + 1);
});
