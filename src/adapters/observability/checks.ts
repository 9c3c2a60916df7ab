import type { QueueWatch } from './queueWatch.ts';

/** No look is as long as this: each question to telemetry is given up before, and each request to the API server. */
const LONGEST_LOOK_SECONDS = 600;

/** While the API server says nothing, what the operator knows of the experiments may be old. It speaks every 30 s at least. */
const LONGEST_SILENCE_SECONDS = 90;

/**
 * What is wrong when all workers are stuck, which only a restart mends; undefined when they are not. A look asks telemetry up
 * to four times, and each question has `telemetryTimeoutSeconds`.
 */
export function stuckWorkers(
  queue: Pick<QueueWatch, 'stuckSeconds'>,
  workers: number,
  telemetryTimeoutSeconds: number,
): string | undefined {
  const seconds = queue.stuckSeconds(workers);
  if (seconds <= Math.max(LONGEST_LOOK_SECONDS, 5 * telemetryTimeoutSeconds)) return undefined;
  return `all ${workers} workers have been busy with the same experiments for ${Math.round(seconds)} s`;
}

export interface Readiness {
  /** The experiments have been listed. */
  readonly synced: boolean;
  /** When the API server was last heard of, and now; ms since the epoch. */
  readonly lastContact: number | undefined;
  readonly now: number;
  /** It leads, or can read the Lease and so would take over; or there is no Lease. */
  readonly hasPart: boolean;
}

/** Why this replica could not do the work if it had to; undefined when it could. */
export function unready({ synced, lastContact = 0, now, hasPart }: Readiness): string | undefined {
  if (!synced) return 'the experiments have not been listed yet';
  const silence = (now - lastContact) / 1000;
  if (silence > LONGEST_SILENCE_SECONDS) return `the API server has not been heard of for ${Math.round(silence)} s`;
  return hasPart ? undefined : 'the Lease could not be read: the log says why';
}
