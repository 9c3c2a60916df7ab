import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT, readDocument } from './documents.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const versions = Object.fromEntries(
  [...read('tools/setup/versions.mjs').matchAll(/export const (\w+) = '?([\w.]+)'?;/g)].map(([, name, value]) => [
    name,
    value,
  ]),
);

test('the versions that the documents name are those that are tested', () => {
  expect(versions).toMatchObject({ kubernetesVersion: expect.any(String), envoyVersion: expect.any(String) });
  expect(readDocument('docs/install.md').text).toContain(
    `Tested with Kubernetes ${versions.kubernetesVersion} and Envoy ${versions.envoyVersion}.`,
  );
  expect(readDocument('docs/install.md').text).toContain(`Node ${versions.nodeMajor} on Linux`);
  expect(readDocument('README.md').text).toContain(`the Node ${versions.nodeMajor} that everything runs on`);
});

test('the image that the documents name is that of the manifests', () => {
  const { images } = parse(read('deploy/base/kustomization.yaml'));
  const image = `\`${images[0].name}:${images[0].newTag}\``;
  for (const path of ['README.md', 'docs/install.md']) expect(readDocument(path).text, path).toContain(image);
});

test('the licence is the one of the package, in full', () => {
  expect(JSON.parse(read('package.json')).license).toBe('Apache-2.0');
  const licence = read('LICENSE');
  for (const part of ['Apache License', 'Version 2.0, January 2004', 'END OF TERMS AND CONDITIONS']) {
    expect(licence).toContain(part);
  }
  expect(licence.split('\n').length).toBeGreaterThan(200);
});
