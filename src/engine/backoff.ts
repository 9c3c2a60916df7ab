export interface Backoff {
  /** Ceiling of the wait after the first failure. */
  readonly baseMilliseconds: number;
  /** Ceiling of every wait. */
  readonly capMilliseconds: number;
}

/**
 * Milliseconds to wait after `failures` failures in a row: exponential with "equal jitter" (half of it fixed, half random),
 * so that many that failed together do not come back together, and none comes back at once.
 */
export function backoffMilliseconds(failures: number, backoff: Backoff, random: () => number): number {
  const ceiling = Math.min(backoff.capMilliseconds, backoff.baseMilliseconds * 2 ** Math.max(0, failures - 1));
  return ceiling * (0.5 + 0.5 * random());
}
