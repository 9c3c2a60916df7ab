import { uptime as machineUptime } from 'node:os';

/** The machine's uptime may be told in whole seconds only. */
const uptimeResolution = 1000;

/**
 * Milliseconds that nobody sets, and that go on while the machine is suspended: performance.now() stands still then (it is
 * Linux's CLOCK_MONOTONIC), the uptime (CLOCK_BOOTTIME) does not, but can be coarse. Time stood still counts from one second.
 */
export function createMonotonicTime(
  awake: () => number = () => performance.now(),
  uptime: () => number = () => machineUptime() * 1000,
): () => number {
  const begin = uptime() - awake();
  let suspended = 0;
  return () => {
    // In this order: a process that is stopped between the two reads must not count that time twice.
    const up = uptime();
    const time = awake();
    suspended = Math.max(suspended, up - time - begin - uptimeResolution);
    return time + suspended;
  };
}
