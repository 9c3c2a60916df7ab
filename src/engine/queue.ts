import { type Backoff, backoffMilliseconds } from './backoff.ts';
import type { Clock } from './ports/clock.ts';
import { ClusterError } from './ports/cluster.ts';
import type { QueueObserver } from './ports/queueObserver.ts';
import { TelemetryError } from './ports/telemetry.ts';

export interface Outcome {
  /** Work on the key again after this time; absent: when it is added again. */
  readonly requeueAfterMilliseconds?: number;
}

/** Waits for a task while another key takes the worker; goes on when a worker is free again. */
export type Aside = <T>(task: () => Promise<T>) => Promise<T>;

export interface QueueOptions {
  /** Works on one key. What it throws is reported and tried again; the signal fires when stop() runs out of patience. */
  readonly work: (key: string, signal: AbortSignal, aside: Aside) => Promise<Outcome>;
  /** Keys that are worked on at the same time. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly backoff: Backoff;
  /** Hears of every failure, with the number of failures in a row and the time until the next try. */
  readonly onError: (key: string, error: unknown, retry: { failures: number; milliseconds: number }) => void;
  readonly observer?: QueueObserver;
}

/**
 * A work queue of keys, with the rules of controller-runtime's: a key is worked on by one worker at a time, different keys
 * side by side, as many as there are workers; a key that is added while it waits is worked on once; one that is added while it is worked on is worked on
 * once more afterwards. A key waits for at most one time: the earliest that was asked for.
 */
export interface Queue {
  /** Work on the key as soon as a worker is free, whatever time it waits for. */
  add(key: string): void;
  /** Work on the key after this time, unless it is to be worked on before. */
  addAfter(key: string, milliseconds: number): void;
  /**
   * Takes no more work, forgets what waits, and lets work in hand finish: resolves when it has. After the grace period its
   * signal fires; work that ignores the signal holds stop() up.
   */
  stop(graceMilliseconds: number): Promise<void>;
  /** Keys that wait for a worker; those that wait for a time are not counted. */
  depth(): number;
  /** Keys that are worked on, also those whose work waits aside. */
  running(): number;
}

interface Timer {
  readonly due: number;
  readonly cancel: () => void;
}

export function createQueue({ work, concurrency, clock, backoff, onError, observer }: QueueOptions): Queue {
  if (!(concurrency >= 1)) throw new RangeError(`concurrency must be at least 1, not ${concurrency}`);
  const ready = new Set<string>();
  const running = new Map<string, AbortController>();
  /** Those that are worked on and do not wait aside: at most `concurrency`. */
  let busy = 0;
  /** Those that have waited aside and want a worker, first come first served, before any new key. */
  const returning: (() => void)[] = [];
  /** Keys that were added while they were worked on. */
  const dirty = new Set<string>();
  const timers = new Map<string, Timer>();
  const failures = new Map<string, number>();
  const idle = Promise.withResolvers<void>();
  let stopped = false;

  function add(key: string): void {
    if (stopped) return;
    cancelTimer(key);
    if (running.has(key)) dirty.add(key);
    else {
      ready.add(key);
      observer?.waiting(key);
    }
    pump();
  }

  function addAfter(key: string, milliseconds: number): void {
    if (Number.isNaN(milliseconds)) throw new RangeError(`the time after which to work on ${key} is not a number`);
    if (stopped || ready.has(key) || dirty.has(key)) return;
    if (milliseconds <= 0) {
      add(key);
      return;
    }
    const due = clock.now() + milliseconds;
    if ((timers.get(key)?.due ?? Number.POSITIVE_INFINITY) <= due) return;
    cancelTimer(key);
    timers.set(key, { due, cancel: clock.setTimer(milliseconds, () => add(key)) });
  }

  function cancelTimer(key: string): void {
    timers.get(key)?.cancel();
    timers.delete(key);
  }

  function pump(): void {
    while (busy < concurrency && returning.length > 0) {
      busy += 1;
      returning.shift()?.();
    }
    for (const key of ready) {
      if (busy >= concurrency) return;
      ready.delete(key);
      const controller = new AbortController();
      running.set(key, controller);
      observer?.started(key);
      busy += 1;
      void run(key, controller.signal);
    }
  }

  async function aside<T>(task: () => Promise<T>): Promise<T> {
    busy -= 1;
    pump();
    try {
      return await task();
    } finally {
      await new Promise<void>((resolve) => {
        returning.push(resolve);
        pump();
      });
    }
  }

  async function run(key: string, signal: AbortSignal): Promise<void> {
    try {
      const { requeueAfterMilliseconds } = await work(key, signal, aside);
      failures.delete(key);
      if (requeueAfterMilliseconds !== undefined) addAfter(key, requeueAfterMilliseconds);
    } catch (error) {
      retry(key, error);
    } finally {
      finish(key);
    }
  }

  function retry(key: string, error: unknown): void {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    const milliseconds = Math.max(backoffMilliseconds(count, backoff, clock.random), retryAfterMilliseconds(error));
    addAfter(key, milliseconds);
    onError(key, error, { failures: count, milliseconds });
  }

  function finish(key: string): void {
    running.delete(key);
    observer?.finished(key);
    busy -= 1;
    if (dirty.delete(key)) add(key);
    pump();
    if (stopped && running.size === 0) idle.resolve();
  }

  async function stop(graceMilliseconds: number): Promise<void> {
    stopped = true;
    ready.clear();
    dirty.clear();
    observer?.stopped();
    for (const key of [...timers.keys()]) cancelTimer(key);
    if (running.size === 0) return;
    const cancel = clock.setTimer(graceMilliseconds, () => {
      for (const controller of running.values()) controller.abort(new Error('the operator is stopping'));
    });
    await idle.promise;
    cancel();
  }

  return { add, addAfter, stop, depth: () => ready.size, running: () => running.size };
}

/** What the server that refused has asked for. */
function retryAfterMilliseconds(error: unknown): number {
  const known = error instanceof ClusterError || error instanceof TelemetryError;
  return known ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
}
