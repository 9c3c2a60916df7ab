import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { binaries, helmBinary } from '../../tools/binaries.ts';
import { codeBlocks, ROOT, readDocument } from '../docs/documents.ts';

/** The shell commands of a page that have all of these words; throws unless there is one such block. */
export function commandsOf(page: string, ...words: readonly string[]): string {
  const found = codeBlocks(readDocument(page)).filter(
    ({ language, code }) => language === 'sh' && words.every((word) => code.includes(word)),
  );
  const [only] = found;
  if (only === undefined || found.length > 1)
    throw new Error(`${page} has ${found.length} blocks with ${words.join(', ')}`);
  return only.code;
}

export interface ShellResult {
  readonly code: number;
  readonly output: string;
}

/** Runs commands as a reader does, in the root of the repository, with the real kubectl and Helm on the PATH. */
export async function runCommands(kubeconfig: string, code: string, timeout = 120_000): Promise<ShellResult> {
  const home = await mkdtemp(join(tmpdir(), 'reader-'));
  const path = [dirname(binaries().kubectl), dirname(helmBinary()), process.env.PATH].join(delimiter);
  const env = { PATH: path, HOME: home, KUBECONFIG: kubeconfig, KUBECACHEDIR: `${kubeconfig}.cache` };
  try {
    return await new Promise((resolve) => {
      execFile('bash', ['-euc', code], { cwd: ROOT, env, timeout }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr });
      });
    });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
