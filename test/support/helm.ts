import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { helmBinary } from '../../tools/binaries.ts';
import type { KubectlResult } from './kubectl.ts';

export const CHART = join(import.meta.dirname, '..', '..', 'charts', 'mirror-experiment');

export interface HelmOptions {
  /** Values, over those of the chart. */
  readonly values?: object;
  /** Path of a kubeconfig; without one, Helm has no cluster. */
  readonly kubeconfig?: string;
}

/** Runs the real Helm, with a home of its own. A non-zero exit code is a result, not an error. */
export async function helm(args: readonly string[], { values, kubeconfig }: HelmOptions = {}): Promise<KubectlResult> {
  const home = await mkdtemp(join(tmpdir(), 'helm-'));
  try {
    const child = spawn(helmBinary(), [...args, ...(values === undefined ? [] : ['--values', '-'])], {
      env: { HOME: home, ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }) },
      timeout: 60_000,
      killSignal: 'SIGKILL',
    });
    const ended = once(child, 'close');
    // It may end without reading what it is given.
    child.stdin.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
    child.stdin.end(values === undefined ? '' : JSON.stringify(values));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { stdout, stderr, code: child.exitCode };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
