import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface ShellResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly output: string;
}

export interface RunningShell {
  /** The process that a runner signals: the shell, or what it gave way to. */
  readonly child: ChildProcess;
  readonly ended: Promise<ShellResult>;
  /** Ends it and what it has started at once, as a runner does that has lost patience, or whose container ends. */
  kill(): void;
}

export type Environment = Readonly<Record<string, string>>;

/** Starts a step's script as a runner does: from a file, with its interpreter, in a process that it can signal. */
export function startShell(
  command: readonly [program: string, ...args: string[]],
  environment: Environment,
  directory: string,
): RunningShell {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: directory,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    timeout: 400_000,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const all = Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return {
    child,
    ended: all.then(([code, stdout, stderr]) => ({ code, output: stdout + stderr })),
    kill: () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    },
  };
}

/** How a shell ends while something is done to it, whose failure ends it. */
export async function endOf(shell: RunningShell, meanwhile: Promise<void> | undefined): Promise<ShellResult> {
  try {
    await meanwhile;
  } catch (error) {
    shell.kill();
    throw error;
  }
  return shell.ended;
}
