import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Reaper } from './reaper.ts';

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal to the process and its children; nothing when it has ended. */
  signal(name: NodeJS.Signals): void;
}

export interface ProcessOptions {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Standard output and error are appended to it. */
  readonly logFile: string;
}

/** As a container runtime counts: 128 and the signal's number for a process that a signal ended. */
export function exitCodeOf({ code, signal }: ProcessExit): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** Starts a process in a process group of its own. Rejects when the program cannot be run. */
export async function startProcess(options: ProcessOptions, reaper: Reaper): Promise<RunningProcess> {
  const [program, ...args] = options.argv;
  if (program === undefined) throw new Error('the command is empty');
  const log = await open(options.logFile, 'a');
  try {
    const child = spawn(program, args, {
      cwd: options.directory,
      env: { ...options.env },
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    let ended = false;
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once('exit', (code, signal) => {
        ended = true;
        // Children that it left behind go with it, as a container's do.
        if (child.pid !== undefined) killGroup(child.pid, 'SIGKILL');
        if (child.pid !== undefined) reaper.release(child.pid);
        resolve({ code, signal });
      });
    });
    await once(child, 'spawn');
    const { pid } = child;
    if (pid === undefined) throw new Error(`${program} has no process id`);
    reaper.watch(pid);
    return {
      pid,
      exited,
      signal: (name) => {
        if (!ended) killGroup(pid, name);
      },
    };
  } finally {
    await log.close();
  }
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ESRCH') throw error;
  }
}
