import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface CompileCache {
  readonly directory: string;
  remove(): Promise<void>;
}

/** The compiled sources of the operator, so that its many starts are quick: a process that is killed does not store them. */
export async function fillCompileCache(): Promise<CompileCache> {
  const directory = await mkdtemp(join(tmpdir(), 'compile-cache-'));
  const env = { PATH: process.env.PATH ?? '', NODE_COMPILE_CACHE: directory };
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../src/main.ts'), '--help'], { env });
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
