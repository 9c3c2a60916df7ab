import type { MonotonicClock } from '../../engine/ports/clock.ts';
import type { QueueObserver } from '../../engine/ports/queueObserver.ts';

/** What the queue is doing, in numbers. */
export interface QueueWatch {
  readonly observer: QueueObserver;
  /** Keys that wait for a worker. */
  depth(): number;
  /** Keys that are worked on. */
  busy(): number;
  /** For how long the key that is worked on longest has been, in seconds; 0 when none is. */
  longestSeconds(): number;
  /** For how long all `workers` have been busy without any of them getting done, in seconds; 0 when one is free. */
  stuckSeconds(workers: number): number;
}

/** @param onWaited hears how long each key waited for its worker, in seconds */
export function watchQueue(
  clock: Pick<MonotonicClock, 'monotonic'>,
  onWaited: (seconds: number) => void = () => {},
): QueueWatch {
  const waiting = new Map<string, number>();
  const running = new Map<string, number>();
  const secondsSince = (time: number): number => (clock.monotonic() - time) / 1000;
  return {
    observer: {
      waiting: (key) => {
        if (!waiting.has(key)) waiting.set(key, clock.monotonic());
      },
      started: (key) => {
        const since = waiting.get(key);
        if (since !== undefined) onWaited(secondsSince(since));
        waiting.delete(key);
        running.set(key, clock.monotonic());
      },
      finished: (key) => void running.delete(key),
      stopped: () => waiting.clear(),
    },
    depth: () => waiting.size,
    busy: () => running.size,
    longestSeconds: () => (running.size === 0 ? 0 : secondsSince(Math.min(...running.values()))),
    stuckSeconds: (workers) => (running.size < workers ? 0 : secondsSince(Math.max(...running.values()))),
  };
}
