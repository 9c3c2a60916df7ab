import { expect, test } from 'vitest';
import { addMirror } from '../../../../src/core/mirror/envoy/addMirror.ts';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import { MAX_DEPTH } from '../../../../src/core/mirror/envoy/shape.ts';
import { stripMirror } from '../../../../src/core/mirror/envoy/stripMirror.ts';
import { fixture, intentOf, patched } from './support.ts';

const config = `${fixture('good/unindented-lists.yaml')}\n`;
const target = { mark: intentOf().mark, mirrorCluster: 'bookservicemirror' };
const nested: [string, (levels: number) => string][] = [
  ['lists', (levels) => `x: ${'['.repeat(levels)}${']'.repeat(levels)}\n`],
  ['maps', (levels) => `x: ${'{a: '.repeat(levels)}1${'}'.repeat(levels)}\n`],
  ['lists in block style', (levels) => `x:\n  ${'- '.repeat(levels)}1\n`],
];

test.each(nested)('%s that are nested as deeply as Envoy reads are no obstacle', (_, nest) => {
  const { files, edits } = patched({ routes: { key: 'k', text: `${config}${nest(MAX_DEPTH - 2)}` } }, intentOf());
  expect(removeMirror({ k: `${files.k}# more\n` }, edits)).toMatchObject({ kind: 'restored' });
  expect(stripMirror(files, target).copying).toEqual([]);
});

test.each(nested)('%s that are nested without end are refused, and never an overflow', (_, nest) => {
  const { files, edits } = patched({ routes: { key: 'k', text: config } }, intentOf());
  // From levels that are easily walked to such as the parser gives up.
  for (const levels of [MAX_DEPTH + 1, 1000, 1500, 2000, 5000, 20_000]) {
    const added = addMirror({ routes: { key: 'k', text: `${config}${nest(levels)}` } }, intentOf());
    expect(added).toMatchObject({ kind: 'refused', reason: 'ConfigNotParsable' });
    const deepened = { k: `${files.k}${nest(levels)}` };
    expect(removeMirror(deepened, edits)).toMatchObject({ kind: 'conflict' });
    expect(stripMirror(deepened, target).copying).not.toEqual([]);
  }
});

test('a map of hundred thousand keys is read as fast as its length asks, and repeated ones are found', () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => `key${index}:`).join('\n');
  const add = (text: string) => addMirror({ routes: { key: 'k', text } }, intentOf());
  expect(add(keys)).toMatchObject({ kind: 'refused', reason: 'NotEnvoyConfig' });
  expect(add(`${keys}\nkey77:`)).toMatchObject({
    kind: 'refused',
    reason: 'DuplicateKeys',
    message: expect.stringContaining('line 100001'),
  });
});
