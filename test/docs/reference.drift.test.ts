import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { generateReference, referenceFile } from '../../tools/generateReference.ts';
import { crdFile } from '../../tools/generateTypes.ts';

const crd = await readFile(crdFile, 'utf8');
const page = await readFile(referenceFile, 'utf8');

test('the reference page is that of the definition and the reasons', () => {
  expect(page, 'docs/reference/mirrorexperiment.md is stale: run npm run generate').toBe(generateReference(crd));
});

test('a changed limit, description or rule changes the page', () => {
  for (const [from, to] of [
    ['maximum: 65535', 'maximum: 65534'],
    ['description: Replicas during the run.', 'description: Replicas for the run.'],
    ['copies would go back to live', 'copies would return to live'],
    ['default: VersionTag', 'default: Version'],
  ] as const) {
    const changed = crd.replace(from, to);
    expect(changed).not.toBe(crd);
    expect(generateReference(changed), from).not.toBe(page);
  }
});

test('a new reason changes the page', () => {
  const more = { ...CONDITIONS, Passed: { ...CONDITIONS.Passed, Bored: 'Nobody looked.' } };
  expect(generateReference(crd, more)).toContain('| `Bored` | Nobody looked. |');
});

test.for(Object.entries(CONDITIONS))('every reason of %s stands in its table', ([type, reasons]) => {
  const section = page.split(`### ${type}\n`)[1]?.split('\n### ')[0] ?? '';
  for (const reason of Object.keys(reasons)) expect(section).toContain(`| \`${reason}\` |`);
});

test('a field that is used twice is described once, and linked', () => {
  expect(page).toContain('### status.latency[]');
  expect(page).not.toContain('### status.routes[].latency[]');
  expect(page.split('### status.routes[]\n')[1]).toContain('list of [object](#statuslatency), unique by `percentile`');
});
