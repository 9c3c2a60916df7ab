import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

/** What the operator leaves out of the Kubernetes client is left out by the text of these two files. */
it.each([
  ['index.js', ["export * from './config.js'", "import './polyfill.js'"]],
  ['gen/index.js', ['export { createConfiguration } from "./configuration.js"', 'export * from "./servers.js"']],
])('the Kubernetes client has a file %s with what the operator takes from it', (file, parts) => {
  const client = new URL('../node_modules/@kubernetes/client-node/dist/', import.meta.url);
  const text = readFileSync(fileURLToPath(new URL(file, client)), 'utf8');
  for (const part of parts) expect(text).toContain(part);
});

it('of the generated API the kubeconfig needs nothing else', () => {
  const client = new URL('../node_modules/@kubernetes/client-node/dist/', import.meta.url);
  const text = readFileSync(fileURLToPath(new URL('config.js', client)), 'utf8');
  const imported = /import \{([^}]*)\} from '\.\/gen\/index\.js'/.exec(text)?.[1] ?? '';
  expect(
    imported
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)
      .sort(),
  ).toEqual(['ServerConfiguration', 'createConfiguration']);
});
