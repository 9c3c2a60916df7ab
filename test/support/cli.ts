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
  /** The same of standard output. */
  shown(what: RegExp): Promise<void>;
}

export interface CliOptions {
  readonly kubeconfig?: string;
  readonly input?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
  /** Default: the source. */
  readonly program?: readonly string[];
  /** What is typed may follow; otherwise standard input ends at once. */
  readonly staysOpen?: boolean;
}

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** The source on a pseudo terminal of 100 columns: all that is shown comes as standard output, what is typed from input. */
export const ON_A_TERMINAL: readonly string[] = [
  'python3',
  '-c',
  `
import fcntl, os, pty, struct, sys, termios
def read(fd):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
    return os.read(fd, 1024)
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], read)))
`,
  process.execPath,
  SOURCE,
];

/** kubectl-mirror as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const { kubeconfig, input, environment = {}, timeout = 120_000, program = [process.execPath, SOURCE] } = options;
  const { staysOpen = false } = options;
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
    for (const listener of listeners) listener();
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  // It may end without reading what it is given.
  child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  if (staysOpen) child.stdin?.write(input ?? '');
  else child.stdin?.end(input ?? '');
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  const awaited = (what: RegExp, text: () => string) =>
    new Promise<void>((resolve, reject) => {
      const listener = () => {
        if (!what.test(text())) return;
        listeners.delete(listener);
        resolve();
      };
      listeners.add(listener);
      listener();
      void ended.then((result) => reject(new Error(`ended without ${what}: ${JSON.stringify(result)}`)), reject);
    });
  return {
    child,
    ended,
    told: (what) => awaited(what, () => stderr),
    shown: (what) => awaited(what, () => stdout),
  };
}

export function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}
