import { readFile } from 'node:fs/promises';
import type { RunningProcess } from './process.ts';

export interface MemoryLimit {
  /** The process was killed because it used more than its limit. */
  isExceeded(): boolean;
  stop(): void;
}

const POLL_MILLISECONDS = 100;

/**
 * Kills a process that uses more memory than a container's limit, as the kernel does for a kubelet. Looks at the resident
 * size of the process itself; where there is no /proc, there is no limit.
 * @param limit Kubernetes quantity, e.g. 256Mi; undefined: none
 */
export function watchMemory(process: RunningProcess, limit: string | undefined): MemoryLimit {
  const most = limit === undefined ? undefined : bytesOf(limit);
  let exceeded = false;
  const timer = most === undefined ? undefined : setInterval(look, POLL_MILLISECONDS);
  async function look(): Promise<void> {
    if ((await residentBytes(process.pid)) <= (most ?? Number.POSITIVE_INFINITY)) return;
    clearInterval(timer);
    exceeded = true;
    process.signal('SIGKILL');
  }
  return { isExceeded: () => exceeded, stop: () => clearInterval(timer) };
}

/** Bytes of a quantity in whole or binary units. Throws when it is another one. */
export function bytesOf(quantity: string): number {
  const [, number = '', unit = ''] = /^(\d+)([KMGT]i?|k)?$/.exec(quantity) ?? [];
  if (number === '') throw new Error(`a memory limit of ${quantity} is not understood here: use 256Mi or the like`);
  const power = ' KMGT'.indexOf(unit.charAt(0).toUpperCase() || ' ');
  return Number(number) * (unit.endsWith('i') ? 1024 : 1000) ** power;
}

/** Zero when the process has ended. */
async function residentBytes(pid: number): Promise<number> {
  try {
    const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return 0;
    throw error;
  }
}
