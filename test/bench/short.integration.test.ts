import { execFile, execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../docs/documents.ts';

const RUN = join(ROOT, 'bench', 'run.ts');
const RESULTS = join(ROOT, 'bench', 'results.json');
/** Generous: these run beside other tests. */
const TIMEOUT_MILLISECONDS = 300_000;

const names = [...execFileSync(process.execPath, [RUN, '--list'], { encoding: 'utf8' }).matchAll(/^# (\w+)$/gm)].map(
  ([, name = '']) => name,
);

test('there are benchmarks', () => {
  expect(names).toContain('engine');
});

test('a benchmark that there is not is refused, with the names of those that there are', async () => {
  const failure: unknown = await promisify(execFile)(process.execPath, [RUN, 'other']).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 2, stderr: expect.stringContaining(`there are ${names.join(', ')}`) });
});

describe('the short form', () => {
  test.for(names)(
    'of %s prints tables of finite figures, and keeps nothing',
    { timeout: TIMEOUT_MILLISECONDS },
    async (name) => {
      const before = await kept();
      const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--short', name], {
        ...{ cwd: ROOT, timeout: TIMEOUT_MILLISECONDS - 10_000, maxBuffer: 16 * 2 ** 20 },
      });
      const tables = tablesOf(stdout);
      expect(tables.length).toBeGreaterThan(0);
      for (const { title, columns, rows } of tables) {
        expect(rows.length, title).toBeGreaterThan(0);
        for (const row of rows) {
          expect(row, title).toHaveLength(columns.length);
          expect(row.filter(isNotFinite), `${title}: ${row.join(' | ')}`).toEqual([]);
        }
      }
      expect(await kept()).toBe(before);
    },
  );

  test('would not get by with figures that are none', () => {
    const [table] = tablesOf('### A\n\n| a | b |\n| --- | --- |\n| NaN | -∞ |\n| – | 1,000 |\n');
    expect(table).toMatchObject({ title: 'A', columns: ['a', 'b'] });
    expect(table?.rows.map((row) => row.filter(isNotFinite))).toEqual([['NaN', '-∞'], []]);
  });
});

/** What bench/results.json holds; undefined: there is none. */
async function kept(): Promise<string | undefined> {
  return readFile(RESULTS, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
}

interface Printed {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function tablesOf(output: string): readonly Printed[] {
  return output
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const [title = '', ...lines] = text.split('\n');
      const [columns = [], , ...rows] = lines.filter((line) => line.startsWith('| ')).map(cells);
      return { title, columns, rows };
    });
}

function cells(line: string): readonly string[] {
  return line.slice(2, -2).split(' | ');
}

function isNotFinite(cell: string): boolean {
  return /NaN|∞|Infinity|undefined|^$/.test(cell);
}
