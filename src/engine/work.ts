import type { Clock } from './ports/clock.ts';
import { createQueue, type Queue, type QueueOptions } from './queue.ts';

export interface WorkOptions extends QueueOptions {
  /** All keys that there are. */
  readonly keys: () => Iterable<string>;
  /** How long work may take to end, in all. */
  readonly endWithinMilliseconds: number;
}

/** Work that can be begun and ended again and again, as this replica leads or does not. */
export interface Work {
  /** Works on all keys, and from now on on those that are added. */
  begin(): void;
  /** Work on the key; without effect while no work is done. */
  add(key: string): void;
  isActive(): boolean;
  /**
   * Begins no more and lets work in hand finish; after the grace period its signal fires. Resolves when nothing is left:
   * then nothing of what was begun acts any more. Throws when work goes on regardless.
   */
  end(graceMilliseconds: number): Promise<void>;
}

/** A queue of its own for each time, so that nothing of one is left for the next. */
export function createWork(options: WorkOptions): Work {
  const { keys, endWithinMilliseconds, clock } = options;
  let queue: Queue | undefined;
  let lastEnd: Promise<void> = Promise.resolve();
  return {
    begin: () => {
      queue = createQueue(options);
      for (const key of keys()) queue.add(key);
    },
    add: (key) => queue?.add(key),
    isActive: () => queue !== undefined,
    end: (graceMilliseconds) => {
      if (queue !== undefined) {
        const message = `work in hand did not end within ${endWithinMilliseconds / 1000} s`;
        lastEnd = within(clock, endWithinMilliseconds, queue.stop(graceMilliseconds), message);
      }
      queue = undefined;
      return lastEnd;
    },
  };
}

async function within(clock: Clock, milliseconds: number, work: Promise<void>, message: string): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.setTimer(milliseconds, () => late.reject(new Error(message)));
  await Promise.race([work, late.promise]).finally(cancel);
}
