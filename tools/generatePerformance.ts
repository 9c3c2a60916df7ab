import { readFile, writeFile } from 'node:fs/promises';
import type { BenchResult } from '../bench/bench.ts';
import { markdown } from '../bench/markdown.ts';
import { withGenerated } from './generatedTable.ts';

const FILE = 'docs/performance.md';
const performanceFile = new URL(`../${FILE}`, import.meta.url);
const resultsFile = new URL('../bench/results.json', import.meta.url);

const NOT_MEASURED = 'Not measured yet.';

/**
 * The page with the tables of every benchmark made anew from what the benchmarks have kept, between the marks
 * `<!-- NAME: … -->` and `<!-- end of NAME -->`.
 * @throws Error when the page has no place for a result
 */
export function withResults(page: string, results: Readonly<Record<string, BenchResult>>): string {
  const places = [...page.matchAll(/^<!-- (\w+): made from bench\/results\.json by npm run generate -->$/gm)];
  const names = places.map(([, name = '']) => name);
  const homeless = Object.keys(results).filter((name) => !names.includes(name));
  if (homeless.length > 0) throw new Error(`${FILE} has no place for the results of ${homeless.join(', ')}`);
  return places.reduce(
    (text, [begin, name = '']) => withGenerated(text, [begin, `<!-- end of ${name} -->`], section(results[name]), FILE),
    page,
  );
}

function section(result: BenchResult | undefined): string {
  if (result === undefined) return NOT_MEASURED;
  const { measuredAt, machine, question, tables } = result;
  const measured = `Measured on ${measuredAt.slice(0, 10)}: ${machine}.`;
  return [question, measured, ...tables.map(markdown)].join('\n\n');
}

/** None when nothing has been measured. @throws SyntaxError when the file is no JSON */
export async function readResults(): Promise<Readonly<Record<string, BenchResult>>> {
  try {
    return JSON.parse(await readFile(resultsFile, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}

if (import.meta.main) {
  await writeFile(performanceFile, withResults(await readFile(performanceFile, 'utf8'), await readResults()));
}
