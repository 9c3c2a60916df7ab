/** Where a command writes, and what it knows of its surroundings. */
export interface Terminal {
  /** Standard output: results. Resolves when more may be written, so that a slow reader slows the writer down. */
  out(text: string): Promise<void>;
  /** Standard error: progress and errors. */
  err(text: string): void;
  /** True when standard error is a terminal that a person looks at, and not a log of CI. */
  readonly interactive: boolean;
  /** Width of the terminal in columns. */
  columns(): number;
}

export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
}

/** @param environment CI (not empty, not false) and TERM=dumb make it one that is not interactive */
export function createTerminal(
  { stdout, stderr }: Streams,
  environment: Readonly<Record<string, string | undefined>>,
): Terminal {
  let closed = false;
  const drained: (() => void)[] = [];
  const release = () => {
    for (const resolve of drained.splice(0)) resolve();
  };
  stdout.on('drain', release);
  // Whoever read it has seen enough, as with `| head`; the exit code still tells the verdict.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
    release();
  });
  stderr.on('error', () => {});
  const inCi = (environment.CI ?? '') !== '' && environment.CI !== 'false';
  return {
    out: (text) =>
      new Promise((resolve) => {
        if (closed || stdout.write(text)) resolve();
        else drained.push(resolve);
      }),
    err: (text) => {
      stderr.write(text);
    },
    interactive: stderr.isTTY === true && !inCi && environment.TERM !== 'dumb',
    columns: () => stderr.columns ?? 80,
  };
}
