import { describe, expect, test } from 'vitest';
import { scanModule } from './scanModule.ts';

const specifiers = (source: string) => scanModule(source).imports.map(({ specifier }) => specifier);
const ambient = (source: string) => scanModule(source).ambient.map(({ name }) => name);

describe('imports', () => {
  test.each([
    ["import { a, type B } from './a.ts';", ['./a.ts']],
    ["import type { A } from './a.ts'", ['./a.ts']],
    ["import a, { b as c } from './a.ts';", ['./a.ts']],
    ['import * as a from "./a.ts";', ['./a.ts']],
    ["import './a.ts';", ['./a.ts']],
    ["import a from './a.json' with { type: 'json' };", ['./a.json']],
    ["import {\n  a, // one\n  from,\n} from './a.ts';", ['./a.ts']],
    ["export { a } from './a.ts';", ['./a.ts']],
    ["export * as a from './a.ts'; export * from './b.ts'", ['./a.ts', './b.ts']],
    ["export type { A } from './a.ts';", ['./a.ts']],
    ["const a = await import('./a.ts');", ['./a.ts']],
    ["type A = import('./a.ts').A;", ['./a.ts']],
    ['const a = await import(name);', [undefined]],
    ["const a = require('a');", ['a']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source to scan
    ["const a = `text ${await import('./a.ts')} text`;", ['./a.ts']],
    ["export { a };\nconst from = 'x'; import b from './b.ts';", ['./b.ts']],
  ])('%s', (source, expected) => {
    expect(specifiers(source)).toEqual(expected);
  });

  test.each([
    "// import a from './a.ts'",
    "/* import a from './a.ts' */",
    'const text = "import a from \'./a.ts\'";',
    "const text = `import a from './a.ts'`;",
    'const pattern = /import "a"/; const other = /[/"]/;',
    'const url = import.meta.url;',
    "const table = { import: 1 }; table.import('a');",
    "export type A = { a: 'b' };",
    "export const from = 'a';",
  ])('none in %s', (source) => {
    expect(specifiers(source)).toEqual([]);
  });

  test('know their line', () => {
    expect(scanModule("/* two\nlines */\nimport a from 'a';").imports).toEqual([{ specifier: 'a', line: 3 }]);
  });
});

describe('ambient state', () => {
  test.each([
    ['const now = Date.now();', 'Date.now'],
    ['const now = new Date();', 'Date()'],
    ['const now = new Date;', 'new Date'],
    ['const share = Math.random();', 'Math.random'],
    ['const home = process.env.HOME;', 'process'],
    ['setTimeout(() => {}, 1);', 'setTimeout'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source to scan
    ['const text = `${{ a: Math.random() }}`;', 'Math.random'],
  ])('%s', (source, expected) => {
    expect(ambient(source)).toEqual([expected]);
  });

  test.each([
    'const time = new Date(milliseconds); const parsed = Date.parse(text);',
    'const value = clock.setTimeout; const other = queue.process();',
    'interface Step { process: string; fetch?: boolean }',
    '// Date.now()',
    'const text = "process";',
    'const half = Math.floor(total / 2) / 1; const name = "process" /* / */;',
  ])('none in %s', (source) => {
    expect(ambient(source)).toEqual([]);
  });
});
