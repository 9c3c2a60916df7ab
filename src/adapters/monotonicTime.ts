import { uptime as machineUptime } from 'node:os';

/** The machine's uptime may be told in whole seconds only. */
const uptimeResolution = 1000;

/** Milliseconds after which the uptime is asked for again in any case. To ask takes 0.1 ms: it is read from a file. */
const UPTIME_STANDS = 1000;
/** By so much the time of day moves against the time awake when the machine was suspended, or somebody has set it. */
const JUMP = 50;

/**
 * Milliseconds that nobody sets, and that go on while the machine is suspended: performance.now() stands still then (it is
 * Linux's CLOCK_MONOTONIC), the uptime (CLOCK_BOOTTIME) does not, but can be coarse. Time stood still counts from one second.
 */
export function createMonotonicTime(
  awake: () => number = () => performance.now(),
  uptime: () => number = () => machineUptime() * 1000,
  timeOfDay: () => number = Date.now,
): () => number {
  const begin = uptime() - awake();
  let suspended = 0;
  let readAt = awake();
  let offset = timeOfDay() - readAt;
  return () => {
    const now = awake();
    const drift = timeOfDay() - now;
    // The kernel moves the time of day on by what it has slept.
    if (now - readAt < UPTIME_STANDS && Math.abs(drift - offset) < JUMP) return now + suspended;
    readAt = now;
    offset = drift;
    // In this order: a process that is stopped between the two reads must not count that time twice.
    const up = uptime();
    const time = awake();
    suspended = Math.max(suspended, up - time - begin - uptimeResolution);
    return time + suspended;
  };
}
