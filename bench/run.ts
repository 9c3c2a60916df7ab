// Runs benchmarks, prints their tables and keeps them in bench/results.json. Asserts nothing.
//
//   npm run bench                       all of them, one after another: about an hour on two cores
//   npm run bench -- NAME ...           some
//   npm run bench -- --list             what there is
//   npm run bench -- --short [NAME ...] only to see that they work; nothing is kept
import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench, BenchResult } from './bench.ts';
import { markdown } from './markdown.ts';

/** In the order in which they run. */
const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  engine: () => import('./engine.ts'),
  payload: () => import('./payload.ts'),
  impact: () => import('./impact.ts'),
  switching: () => import('./switching.ts'),
  decisions: () => import('./decisions.ts'),
  scale: () => import('./scale.ts'),
};

const RESULTS = join(import.meta.dirname, 'results.json');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  process.exit(2);
}
for (const [name, load] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const { bench } = await load();
  console.log(`# ${name}\n\n${bench.question}\n`);
  if (values.list) continue;
  const tell = (what: string): void => console.error(`${new Date().toISOString()} ${name}: ${what}`);
  const tables = await bench.run({ short: values.short, tell });
  for (const table of tables) console.log(`${markdown(table)}\n`);
  if (!values.short)
    await keep(name, { measuredAt: new Date().toISOString(), machine: machine(), question: bench.question, tables });
}

async function keep(name: string, result: BenchResult): Promise<void> {
  const results = JSON.parse(await readFile(RESULTS, 'utf8').catch(missing)) as Record<string, BenchResult>;
  const all = { ...results, [name]: result };
  const inOrder = Object.fromEntries(
    Object.keys(BENCHES).flatMap((each) => (all[each] === undefined ? [] : [[each, all[each]]])),
  );
  await writeFile(RESULTS, `${JSON.stringify(inOrder, null, 2)}\n`);
}

function missing(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error;
  return '{}';
}

function machine(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, ${process.platform}`;
}
