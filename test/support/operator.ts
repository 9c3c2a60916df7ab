import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** What a process holds, after garbage collection; bytes. */
export interface Measurement {
  /** The heap without compiled code, of which there is more and more while functions are found to be used often. */
  readonly objects: number;
  readonly external: number;
  readonly rss: number;
  /** Timers, sockets and the like by type, as process.getActiveResourcesInfo() has them. */
  readonly resources: Readonly<Record<string, number>>;
  /** On the process object. One emitter with more than ten of a kind is warned of on standard error. */
  readonly listeners: number;
}

/** Between startOperator() and operatorProbe.ts. */
export type ProbeRequest = { readonly id: number } & (
  | { readonly kind: 'measure' }
  | { readonly kind: 'step'; readonly milliseconds: number }
);
export interface ProbeAnswer {
  readonly id: number;
  readonly measurement: Measurement;
}

export interface StartOptions {
  /** Makes step() and measure() possible. */
  readonly probed?: boolean;
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
  /** Sets the time of day of a probed process, from where it is now. */
  step(milliseconds: number): Promise<void>;
  /** Of a probed process. */
  measure(): Promise<Measurement>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code (null: it had to be killed after 40 s) and how long it took. */
  terminate(): Promise<{ readonly code: number | null; readonly milliseconds: number }>;
}

/**
 * The operator from source, as a process of its own; returns when it has started.
 * @param environment its identity and settings
 */
export async function startOperator(
  environment: Readonly<Record<string, string>>,
  { probed = false }: StartOptions = {},
): Promise<OperatorProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts');
  // Compiled code that is thrown away for not being used would hide what leaks.
  const probe = ['--expose-gc', '--no-flush-bytecode', '--import', join(import.meta.dirname, 'operatorProbe.ts')];
  const child = spawn(process.execPath, [...(probed ? probe : []), main], {
    // Nothing else of this process's environment: proxies, NODE_OPTIONS and the like would change what is tested.
    env: {
      PATH,
      HOME,
      HEALTH_ADDRESS: '127.0.0.1',
      HEALTH_PORT: '0',
      METRICS_ADDRESS: '127.0.0.1',
      METRICS_PORT: '0',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(probed ? (['ipc'] as const) : [])],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the operator has no output');
  const exited = once(child, 'exit');
  const log: LogLine[] = [];
  let errors = '';
  stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const started = Promise.withResolvers<void>();
  createInterface({ input: stdout }).on('line', (line) => {
    const entry: LogLine = JSON.parse(line);
    log.push(entry);
    if (entry.message === 'the operator has started') started.resolve();
  });
  child.once('exit', (code) => started.reject(new Error(`the operator ended with ${code}: ${errors}`)));
  await started.promise;
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  let asked = 0;
  async function ask(what: { kind: 'measure' } | { kind: 'step'; milliseconds: number }): Promise<Measurement> {
    if (!probed) throw new Error('the operator was started without a probe');
    asked += 1;
    const id = asked;
    const request: ProbeRequest = { id, ...what };
    return new Promise((resolve, reject) => {
      const hear = (answer: unknown): void => {
        const { id: answered, measurement } = answer as ProbeAnswer;
        if (answered !== id) return;
        child.off('message', hear);
        resolve(measurement);
      };
      child.on('message', hear);
      void exited.then(() => reject(new Error('the operator is gone')));
      child.send(request, (error) => error && reject(error));
    });
  }
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
    step: async (milliseconds) => {
      await ask({ kind: 'step', milliseconds });
    },
    measure: () => ask({ kind: 'measure' }),
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
