import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CliResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
  /** Resolves when standard error has what is looked for; rejects when the command ends without it. */
  told(what: RegExp): Promise<void>;
}

export interface CliOptions {
  readonly kubeconfig?: string;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
  /** Default: the source. */
  readonly program?: readonly string[];
}

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** kubectl-mirror as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { kubeconfig, input, environment = {}, timeout = 120_000, program = [process.execPath, SOURCE] } = options;
  const { PATH = '', HOME = '' } = process.env;
  const [command = '', ...rest] = program;
  const child = spawn(command, [...rest, ...args], {
    env: { PATH, HOME, ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }), ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  const listeners = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  // It may end without reading what it is given.
  child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin?.end(input ?? '');
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    ended,
    told: (what) =>
      new Promise((resolve, reject) => {
        const listener = () => {
          if (!what.test(stderr)) return;
          listeners.delete(listener);
          resolve();
        };
        listeners.add(listener);
        listener();
        void ended.then((result) => reject(new Error(`ended without ${what}: ${JSON.stringify(result)}`)), reject);
      }),
  };
}

export function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}
