import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readSettings, settingsHelp } from '../../src/settings.ts';
import { withSettingsTable } from '../../tools/generateSettingsTable.ts';
import { readDocument, tableUnder } from './documents.ts';

const page = readDocument('docs/operations.md');

test('the table of settings is that of the operator', () => {
  expect(page.text, 'docs/operations.md is stale: run npm run generate').toBe(withSettingsTable(page.text));
});

test('a changed setting changes the table', () => {
  const more = `${settingsHelp()}\n  --colour  of the log (COLOUR; default blue)`;
  expect(withSettingsTable(page.text, more)).toContain('| `COLOUR` | `blue` | of the log |');
});

test('the defaults of the table are settings that the operator takes', () => {
  const environment = Object.fromEntries(
    tableUnder(page, '## Settings').map(([name = '', fallback = '']) => [
      name.replaceAll('`', ''),
      fallback === 'none' ? '' : fallback.replaceAll('`', ''),
    ]),
  );
  expect(readSettings([], environment)).toEqual(readSettings([], {}));
});

test('settings that the documents name exist', async () => {
  const known = new Set(tableUnder(page, '## Settings').map(([name = '']) => name.replaceAll('`', '')));
  const named = ['docs/install.md', 'docs/operations.md', 'docs/fix-an-experiment.md', 'README.md'].flatMap((path) =>
    [...readDocument(path).text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, name = '']) => name),
  );
  const others = /^(AZURE_|OTEL_|NODE_EXTRA_CA_CERTS$|SOURCE_DATE_EPOCH$)/;
  expect(named.filter((name) => !known.has(name) && !others.test(name))).toEqual([]);
  expect(named).toContain('ALLOWED_SOURCES');
});

test.for([
  ['clusterrole.yaml', '## What it may do in the cluster'],
  ['deadmansswitch.yaml', '## What the dead man’s switch may do in the cluster'],
] as const)('the table of rights is the ClusterRole of %s', async ([file, heading]) => {
  const text = await readFile(new URL(`../../deploy/base/${file}`, import.meta.url), 'utf8');
  const manifests: { kind: string; rules: { resources: string[]; verbs: string[] }[] }[] = parseAllDocuments(text).map(
    (each) => each.toJS(),
  );
  const rights = manifests
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ rules }) =>
      rules.map(({ resources, verbs }) => [resources.map((name) => `\`${name}\``).join(', '), verbs.join(', ')]),
    );
  expect(rights.length).toBeGreaterThan(0);
  expect(tableUnder(page, heading).map(([resource, verbs]) => [resource, verbs])).toEqual(rights);
});

test('annotations and the finalizer that the page names are those of the operator', async () => {
  const names = await import('../../src/api/names.ts');
  for (const name of [names.finalizer, names.journalAnnotation, names.configHashAnnotation]) {
    expect(page.text).toContain(`\`${name}\``);
  }
});
