import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, readDocument } from './documents.ts';

const { text } = readDocument('docs/guarantees.md');
const promises = text.split(/^## /m).slice(1);

test('every promise says what is guaranteed, where it ends and what shows it', () => {
  for (const promise of promises) {
    for (const part of ['**Guaranteed.**', '**Limits.**', '**Shown by**']) expect(promise).toContain(part);
    expect(shown(promise).length).toBeGreaterThan(0);
  }
  expect(promises.length).toBeGreaterThanOrEqual(7);
});

test.for(promises.flatMap(shown))('%s has "%s"', ([file, title]) => {
  expect(existsSync(join(ROOT, file)), `${file} does not exist`).toBe(true);
  const source = readFileSync(join(ROOT, file), 'utf8');
  // A title as it is written in the source, in any quotes; %s and the like included.
  const quoted = [`'${title}'`, `"${title}"`, `\`${title}\``];
  expect(
    quoted.some((each) => source.includes(each)),
    `${file} has no test called "${title}"`,
  ).toBe(true);
});

function shown(promise: string): (readonly [file: string, title: string])[] {
  const lines = promise.split('\n').filter((line) => line.startsWith('- `test/'));
  return lines.map((line) => {
    const [, file, title] = /^- `(test\/[^`]+)`: "(.+)"$/.exec(line) ?? [];
    if (file === undefined || title === undefined) throw new Error(`not a file and a title: ${line}`);
    return [file, title];
  });
}
