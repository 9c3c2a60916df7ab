import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'yaml';
import { recipesBinary } from '../../tools/binaries.ts';
import { ROOT } from '../docs/documents.ts';

/** A file of the repository, as text. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export function readYaml(path: string): unknown {
  return parse(read(path));
}

export interface CheckResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program of tools/go/recipes. */
export async function recipeCheck(args: readonly string[], input = ''): Promise<CheckResult> {
  const child = spawn(recipesBinary(), args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 60_000 });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
