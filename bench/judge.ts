// How many evidence documents a second `kubectl-mirror judge -` answers, through a real pipe, and which share of the
// engine's own speed that is. Prints figures; asserts nothing. node bench/judge.ts [documents]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { evaluate } from '../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../src/core/verdict/evidence.ts';
import vectors from '../test/vectors/verdict.json' with { type: 'json' };

const count = Number(process.argv[2] ?? 5000);
const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');

/** The one-route documents of the vectors, in turn. */
const documents = vectors.vectors
  .filter(({ function: name }) => name === 'evaluate')
  .map(({ input }) => input as unknown as EvidenceDocument)
  .filter(({ routes }) => routes.length === 1);

function evaluateAlone(chosen: readonly EvidenceDocument[]): number {
  const start = performance.now();
  for (let index = 0; index < count; index++) evaluate(chosen[index % chosen.length] as EvidenceDocument);
  return (1000 * count) / (performance.now() - start);
}

/** From the start of the process to its end, start-up included. */
async function judgeThroughPipe(chosen: readonly EvidenceDocument[]): Promise<{ rate: number; megabytes: number }> {
  const lines = chosen.map((document) => `${JSON.stringify(document)}\n`);
  const start = performance.now();
  const child = spawn(process.execPath, [main, 'judge', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answered = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) answered++;
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let megabytes = 0;
  for (let index = 0; index < count; index++) {
    const line = lines[index % lines.length] ?? '';
    megabytes += line.length / 1e6;
    if (!child.stdin.write(line)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  }
  child.stdin.end();
  const code = await ended;
  if (code !== 0 || answered !== count) throw new Error(`exit code ${code}, ${answered} of ${count} answered`);
  return { rate: (1000 * count) / (performance.now() - start), megabytes };
}

for (const [name, chosen] of [
  ['all one-route documents of the vectors in turn', documents],
  ['the healthy one, the slowest to judge', documents.slice(0, 1)],
] as const) {
  evaluateAlone(chosen);
  const alone = evaluateAlone(chosen);
  const { rate, megabytes } = await judgeThroughPipe(chosen);
  const share = Math.round((100 * rate) / alone);
  console.log(
    `${name}: ${Math.round(rate)} documents/s through the pipe (${count} documents, ${megabytes.toFixed(1)} MB), ${Math.round(alone)}/s evaluate alone: ${share} %`,
  );
}
