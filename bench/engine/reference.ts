import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';

export interface Timed {
  /** Documents. */
  readonly perSecond: number;
  /** What it said about each document. */
  readonly results: readonly unknown[];
}

/**
 * Times the reference implementation on documents, in a process of its own whose start does not count. It is not a part
 * of this repository: the environment's REFERENCE is its path, and PYTHON an interpreter that has numpy (default python3).
 * Undefined when there is no REFERENCE.
 * @throws Error when it fails
 */
export async function timeReference(
  documents: readonly EvidenceDocument[],
  seconds: number,
): Promise<Timed | undefined> {
  const { REFERENCE, PYTHON = 'python3' } = process.env;
  if (REFERENCE === undefined) return undefined;
  const script = join(import.meta.dirname, 'timeReference.py');
  const child = spawn(PYTHON, [script, REFERENCE], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  child.stdin.end(JSON.stringify({ documents, seconds }));
  const answer = json(child.stdout).catch(() => undefined);
  const [code] = await closed;
  if (code !== 0) throw new Error(`the reference ended with exit code ${code}`);
  return timed(await answer);
}

function timed(answer: unknown): Timed {
  if (typeof answer === 'object' && answer !== null && 'perSecond' in answer && 'results' in answer) {
    const { perSecond, results } = answer;
    if (typeof perSecond === 'number' && Array.isArray(results)) return { perSecond, results };
  }
  throw new Error('the reference did not answer with figures');
}
