import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { violations } from './rules.ts';

const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(readFileSync('package.json', 'utf8'));
const check = (sources: Record<string, string>) =>
  violations(new Map(Object.entries(sources)), new Set(Object.keys(dependencies)));

test('src/ keeps the architecture: imports point one way, core and api are pure', () => {
  const paths = globSync('src/**/*.{ts,mts,cts,js,mjs}').map((path) => path.replaceAll('\\', '/'));
  expect(paths.length).toBeGreaterThan(10);
  expect(check(Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')])))).toEqual([]);
});

describe('a violation is found', () => {
  test.each([
    ['src/api/a.ts', "import { b } from '../core/b.ts';", 'api must not import core (src/core/b.ts)'],
    ['src/core/a.ts', "import type { B } from '../engine/b.ts';", 'core must not import engine'],
    ['src/engine/a.ts', "export * from '../adapters/proxy/b.ts';", 'engine must not import adapters'],
    ['src/adapters/proxy/a.ts', "import { b } from '../../main.ts';", 'adapters must not import composition'],
    ['src/core/a.ts', "const fs = await import('node:fs');", 'src/core is pure, but imports node:fs'],
    ['src/core/a.ts', "import fs from 'fs';", 'src/core is pure, but imports fs'],
    ['src/api/a.ts', "import winston from 'winston';", 'src/api is pure, but imports winston'],
    ['src/core/a/b.ts', 'export const now = () => Date.now();', 'src/core is pure, but uses Date.now'],
    ['src/core/a.ts', '\nexport const now = () => new Date();', 'src/core/a.ts:2: src/core is pure, but uses Date()'],
    ['src/core/a.ts', 'setTimeout(() => {}, 1);', 'src/core is pure, but uses setTimeout'],
    ['src/api/a.ts', 'export const id = Math.random();', 'src/api is pure, but uses Math.random'],
    ['src/api/a.ts', 'export const home = process.env.HOME;', 'src/api is pure, but uses process'],
    [
      'src/main.ts',
      "import o from '@dot-i/k8s-operator';",
      'only src/adapters/kubernetes/ imports @dot-i/k8s-operator',
    ],
    ['src/adapters/proxy/a.ts', "import '@azure/identity';", 'only src/adapters/telemetry/ imports @azure/identity'],
    [
      'src/engine/a.ts',
      "import '@prometheus-io/client';",
      'only src/adapters/observability/ imports @prometheus-io/client',
    ],
    [
      'src/main.ts',
      "await import('@opentelemetry/api');",
      'only src/adapters/observability/ imports @opentelemetry/api',
    ],
    ['src/engine/a.ts', "import fc from 'fast-check';", 'imports fast-check, which is not in dependencies'],
    ['src/main.ts', "import { run } from '../demo/main.ts';", 'outside src/'],
    ['src/engine/a.ts', 'await import(name);', 'imports a computed name'],
    ['src/misc/a.ts', '', 'src/misc/ is no layer'],
  ])('%s: %s', (path, source, message) => {
    expect(check({ [path]: source })).toEqual([expect.stringContaining(message)]);
  });

  test('an import cycle', () => {
    const found = check({
      'src/core/a.ts': "import { b } from './b.ts';",
      'src/core/b.ts': "import { c } from './deep/c.ts';",
      'src/core/deep/c.ts': "import type { A } from '../a.ts';",
    });
    expect(found).toEqual(['src/core/a.ts -> src/core/b.ts -> src/core/deep/c.ts -> src/core/a.ts: an import cycle']);
  });
});

test('what the architecture allows is not reported', () => {
  const found = check({
    'src/main.ts': "import { a } from './adapters/kubernetes/a.ts'; import { s } from './settings.ts';",
    'src/settings.ts': 'export const s = process.env;',
    'src/cli/judge.ts': "import { readFile } from 'node:fs/promises'; import { c } from '../core/c.ts';",
    'src/adapters/kubernetes/a.ts': "import o from '@dot-i/k8s-operator'; import { e } from '../../engine/e.ts';",
    'src/adapters/telemetry/t.ts': "import { DefaultAzureCredential } from '@azure/identity';",
    'src/engine/e.ts': "import { c } from '../core/c.ts';",
    'src/core/c.ts':
      "import { parse } from 'yaml'; import type { T } from '../api/t.ts'; export const d = new Date(0);",
    'src/api/t.ts': 'export type T = string;',
  });
  expect(found).toEqual([]);
});
