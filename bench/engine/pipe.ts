import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/**
 * How many documents a second `kubectl-mirror judge -` answers through a real pipe, from the start of the process to its
 * end.
 * @throws Error when it does not answer all of them
 */
export async function judgeThroughPipe(documents: readonly EvidenceDocument[], count: number): Promise<number> {
  const lines = documents.map((document) => `${JSON.stringify(document)}\n`);
  const start = performance.now();
  const child = spawn(process.execPath, [MAIN, 'judge', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answered = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) answered++;
  });
  const closed = once(child, 'close');
  for (let index = 0; index < count; index++) {
    const isFull = !child.stdin.write(lines[index % lines.length] ?? '');
    if (isFull) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  const [code] = await closed;
  if (code !== 0 || answered !== count) throw new Error(`exit code ${code}, ${answered} of ${count} answered`);
  return (1000 * count) / (performance.now() - start);
}
