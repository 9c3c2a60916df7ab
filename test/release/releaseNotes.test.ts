import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { releaseNotes, versionsOf } from '../../tools/releaseNotes.ts';
import { ROOT } from '../docs/documents.ts';

const CHANGELOG = `# Changelog

## [Unreleased]

- Not yet.

## [1.2.3] - 2030-01-31

### Added

- This.

## [1.2.2] - 2030-01-01

- That.
`;
const all = (version: string) => ({
  package: version,
  image: version,
  dockerfile: version,
  chart: version,
  chartApp: version,
});

test('the notes of a release are its part of the changelog', () => {
  expect(releaseNotes('v1.2.3', CHANGELOG, all('1.2.3'))).toBe('### Added\n\n- This.\n');
  expect(releaseNotes('v1.2.2', CHANGELOG, all('1.2.2'))).toBe('- That.\n');
});

test.for<[why: string, tag: string, versions: ReturnType<typeof all>, changelog: string, message: RegExp]>([
  ['a tag that is no version', '1.2.3', all('1.2.3'), CHANGELOG, /the tag 1\.2\.3 is no version/],
  ['a version before a release', 'v1.2.3-rc.1', all('1.2.3-rc.1'), CHANGELOG, /is no version/],
  ['another package', 'v1.2.3', { ...all('1.2.3'), package: '1.2.2' }, CHANGELOG, /other versions: package 1\.2\.2$/],
  ['another image', 'v1.2.3', { ...all('1.2.3'), image: '1.2.4' }, CHANGELOG, /other versions: image 1\.2\.4$/],
  ['nothing in the changelog', 'v2.0.0', all('2.0.0'), CHANGELOG, /has no section ## \[2\.0\.0\]/],
  ['a part without a date', 'v1.2.3', all('1.2.3'), CHANGELOG.replace(' - 2030-01-31', ''), /has no date/],
  ['an empty part', 'v1.2.3', all('1.2.3'), CHANGELOG.replace('### Added\n\n- This.\n', ''), /says nothing of 1\.2\.3/],
])('%s stops the release', ([, tag, versions, changelog, message]) => {
  expect(() => releaseNotes(tag, changelog, versions)).toThrow(message);
});

test('what names a version names the same one', () => {
  expect(new Set(Object.values(versionsOf()))).toEqual(new Set([versionsOf().package]));
});

test('the changelog has a part for what is not released yet, first', () => {
  const heads = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm) ?? [];
  expect(heads[0]).toBe('## [Unreleased]');
  for (const head of heads.slice(1)) expect(head).toMatch(/^## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
});
