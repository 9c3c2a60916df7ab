import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { generateNotice, shippedPackages } from '../../tools/generateNotice.ts';
import { ROOT } from '../docs/documents.ts';

/** Licences that allow to pass the packages on with this one, under conditions that NOTICE and the packages' own files meet. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Unlicense'];

test('every package that is shipped has a licence that allows it', () => {
  const others = shippedPackages().filter(({ licence }) => !ALLOWED.includes(licence));
  expect(others.map(({ name, licence }) => `${name}: ${licence}`)).toEqual([]);
});

test('every package that this one depends on is among them, and none that only builds and tests', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const names = new Set(shippedPackages().map(({ name }) => name));
  for (const name of Object.keys(dependencies)) expect(names).toContain(name);
  for (const name of ['vitest', 'typescript', 'playwright-core']) {
    expect(Object.keys(devDependencies)).toContain(name);
    expect(names).not.toContain(name);
  }
});

test('NOTICE lists them as they are: run npm run generate', () => {
  expect(readFileSync(join(ROOT, 'NOTICE'), 'utf8')).toBe(generateNotice());
});

test('a copyright and a NOTICE file are passed on', () => {
  const notice = generateNotice([
    { name: 'b', version: '1.0.0', licence: 'MIT', copyrights: ['Copyright (c) 2030 Somebody'], notice: undefined },
    { name: 'a', version: '2.0.0', licence: 'Apache-2.0', copyrights: [], notice: 'a\nCopyright 2030 They\n' },
  ]);
  expect(notice).toContain('## Apache-2.0\n\na 2.0.0\n\n## MIT\n\nb 1.0.0\n    Copyright (c) 2030 Somebody\n');
  expect(notice.endsWith('## NOTICE of a 2.0.0\n\na\nCopyright 2030 They\n')).toBe(true);
});
