import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { binaries } from './binaries.ts';

export interface KubectlResult {
  stdout: string;
  stderr: string;
  /** Exit code; null when a signal ended kubectl. */
  code: number | null;
}

export interface KubectlOptions {
  /** Standard input, for `-f -`. */
  input?: string;
  /** Milliseconds after which kubectl is killed and the call rejects. Default 30,000. */
  timeout?: number;
}

/** Runs the real kubectl. A non-zero exit code is a result, not an error. */
export async function kubectl(
  kubeconfig: string,
  args: readonly string[],
  { input = '', timeout = 30_000 }: KubectlOptions = {},
): Promise<KubectlResult> {
  const child = spawn(binaries().kubectl, ['--kubeconfig', kubeconfig, ...args], {
    // Discovery answers are cached by server address, and ports are used again by other servers.
    env: { ...process.env, KUBECACHEDIR: `${kubeconfig}.cache` },
    timeout,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // kubectl may end without reading what it is given.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (child.signalCode === 'SIGKILL') {
    throw new Error(`kubectl ${args.join(' ')} did not end within ${timeout} ms\n${stdout}${stderr}`);
  }
  return { stdout, stderr, code };
}
