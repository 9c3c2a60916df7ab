import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface OperatorProcess {
  readonly pid: number;
  /** What it has logged so far. */
  readonly log: readonly LogLine[];
  /** What it has written to standard error: nothing, unless it failed. */
  errors(): string;
  /** SIGSTOP: not an instruction is executed until resume(). */
  freeze(): void;
  resume(): void;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code (null: it had to be killed after 40 s) and how long it took. */
  terminate(): Promise<{ readonly code: number | null; readonly milliseconds: number }>;
}

/**
 * The operator from source, as a process of its own; returns when it has started.
 * @param environment its identity and settings
 */
export async function startOperator(environment: Readonly<Record<string, string>>): Promise<OperatorProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'src', 'main.ts')], {
    // Nothing else of this process's environment: proxies, NODE_OPTIONS and the like would change what is tested.
    env: { PATH, HOME, HEALTH_ADDRESS: '127.0.0.1', HEALTH_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const log: LogLine[] = [];
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const started = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry: LogLine = JSON.parse(line);
    log.push(entry);
    if (entry.message === 'the operator has started') started.resolve();
  });
  child.once('exit', (code) => started.reject(new Error(`the operator ended with ${code}: ${errors}`)));
  await started.promise;
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid ?? 0,
    log,
    errors: () => errors,
    freeze: () => {
      child.kill('SIGSTOP');
    },
    resume: () => {
      child.kill('SIGCONT');
    },
    kill: async () => {
      if (isRunning()) child.kill('SIGKILL');
      await exited;
    },
    terminate: async () => {
      const start = Date.now();
      if (isRunning()) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 40_000);
      await exited;
      clearTimeout(timer);
      return { code: child.exitCode, milliseconds: Date.now() - start };
    },
  };
}
