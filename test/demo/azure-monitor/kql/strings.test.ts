import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../support.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine();
}, 60_000);
afterAll(() => engine.close());

/** What could end a literal in KQL, in SQL, in JSON or in a regular expression. */
const HOSTILE = [
  `it's`,
  `say "hi"`,
  'back\\slash',
  'line\nbreak\r\n\ttab',
  '" or 1 == 1 //',
  `'; DROP TABLE request_rows; --`,
  'x"] | take 0 //',
  '$.*[0]',
  '/a~b/',
  '.*+?()[]{}|^$',
  'nul\u0000nul',
  'line\u2028para\u2029',
  'é日本😀',
  '#{y} `z` $' + '{x}',
  '%_',
  '',
];

const hostile = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

/** As a client would escape it: what is not plain becomes \uXXXX. */
function regular(text: string): string {
  const units = text.split('').map((unit) => {
    if (unit === '"' || unit === '\\') return `\\${unit}`;
    return /^[ -~\u00a1-\u1fff\u3000-\ud7ff]$/.test(unit)
      ? unit
      : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return `"${units.join('')}"`;
}

describe('string literals', () => {
  it.each([
    ['"a\\tb\\u0041\\\\"', 'a\tbA\\'],
    [`'it\\'s "x"'`, `it's "x"`],
    ['@"C:\\temp""x"""', 'C:\\temp"x"'],
    [`@'it''s \\n'`, `it's \\n`],
    ['```line 1\n"line" \\2```', 'line 1\n"line" \\2'],
    ['"a" "b"', 'ab'],
    ['h"secret"', 'secret'],
  ])('%s', async (literal, value) => {
    expect(await engine.print(literal)).toEqual([value]);
  });

  it('any text comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        expect(await engine.print(`${regular(text)}, strlen(${regular(text)})`)).toEqual([text, [...text].length]);
      }),
      { numRuns: 60, examples: HOSTILE.map((text) => [text]) },
    );
  });
});

describe('values in rows', () => {
  it('are found by name, property and term, whatever they contain', async () => {
    const rows = HOSTILE.map((name, index) => ({
      timestamp: new Date(),
      name,
      durationMilliseconds: index,
      success: true,
      resultCode: '200',
      properties: { [name === '' ? 'empty' : name]: name, VersionTag: name },
    }));
    await engine.insert(rows);
    for (const [index, name] of HOSTILE.entries()) {
      const literal = regular(name);
      const where = async (condition: string) =>
        (await engine.ask(`AppRequests | where ${condition} | project DurationMs`)).rows.flat();
      expect(await where(`Name == ${literal}`)).toEqual([index]);
      expect(await where(`Name in (${literal}, "none")`)).toEqual([index]);
      expect(await where(`tostring(Properties["VersionTag"]) == ${literal}`)).toEqual([index]);
      expect(await where(`Name contains ${literal}`)).toContain(index);
      expect(await where(`Name has ${literal}`)).toContain(index);
      if (name !== '') expect(await where(`tostring(Properties[${literal}]) == ${literal}`)).toEqual([index]);
    }
  });
});
