import { expect, test } from 'vitest';
import { checkEdit } from '../../../../src/core/mirror/envoy/check.ts';
import { parseConfig } from '../../../../src/core/mirror/envoy/parse.ts';
import type { Change } from '../../../../src/core/mirror/envoy/splice.ts';

const before = parseConfig({ key: 'envoy.yaml', text: 'a: {b: 1}\nlist: [x, {y: z}]\n' });
const change: Change = { kind: 'set', path: ['a'], key: 'c', value: 2 };

test('an edit that does what is meant stands', () => {
  expect(() => checkEdit(before, 'a: {b: 1, c: 2}\nlist: [x, {y: z}]\n', [change])).not.toThrow();
  const copy: Change = { kind: 'copy', path: ['list'], index: 1, changes: [{ ...change, path: ['list', 1] }] };
  const append: Change = { kind: 'append', path: ['list'], value: 'w' };
  expect(() => checkEdit(before, 'a: {b: 1}\nlist: [x, {y: z, c: 2}, {y: z}, w]\n', [append, copy])).not.toThrow();
});

test.each([
  ['nothing was added', 'a: {b: 1}\nlist: [x, {y: z}]\n'],
  ['another value was added', 'a: {b: 1, c: 3}\nlist: [x, {y: z}]\n'],
  ['another type was added', 'a: {b: 1, c: "2"}\nlist: [x, {y: z}]\n'],
  ['something else changed', 'a: {b: 0, c: 2}\nlist: [x, {y: z}]\n'],
  ['something was lost', 'a: {b: 1, c: 2}\nlist: [x]\n'],
  ['the order changed', 'a: {b: 1, c: 2}\nlist: [{y: z}, x]\n'],
  ['it cannot be parsed', 'a: {b: 1, c: 2\nlist: [x, {y: z}]\n'],
])('%s: refused', (_name, text) => {
  expect(() => checkEdit(before, text, [change])).toThrow(/^envoy.yaml was not edited: the edited text/);
});

test('JSON that is only YAML afterwards: refused', () => {
  const json = parseConfig({ key: 'envoy.json', text: '{"a": {}}' });
  expect(() => checkEdit(json, '{"a": {"c": 2}}', [change])).not.toThrow();
  expect(() => checkEdit(json, '{"a": {c: 2}}', [change])).toThrow('is not JSON any more');
});
