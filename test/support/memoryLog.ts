import type { Log } from '../../src/engine/ports/log.ts';

export interface MemoryLog extends Log {
  /** `level: message` of everything that was logged. */
  readonly lines: string[];
}

export function createMemoryLog(): MemoryLog {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`);
  };
  const log: MemoryLog = {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };
  return log;
}
