export interface Queue {
  /** Does the work of a key soon; work that waits already is not doubled. */
  add(key: string): void;
  /** Again after a time; replaces the time given before. */
  addAfter(key: string, milliseconds: number): void;
  /** Takes no more, and waits for the work under way. */
  stop(): Promise<void>;
}

const retryMilliseconds = { first: 50, most: 2000 };

/** A queue of keys: one at a time for a key, keys side by side; failed work is logged and done again with backoff. */
export function createQueue(work: (key: string) => Promise<void>, log: (line: string) => void): Queue {
  const waiting = new Set<string>();
  const running = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const failures = new Map<string, number>();
  let stopped = false;

  const add = (key: string) => {
    if (stopped) return;
    if (running.has(key)) waiting.add(key);
    else running.set(key, run(key));
  };
  const addAfter = (key: string, milliseconds: number) => {
    if (stopped) return;
    clearTimeout(timers.get(key));
    const timer = setTimeout(() => {
      timers.delete(key);
      add(key);
    }, milliseconds);
    timers.set(key, timer);
  };
  const run = async (key: string) => {
    try {
      // Let the event that caused the work finish first.
      await Promise.resolve();
      await work(key);
      failures.delete(key);
    } catch (error) {
      const count = (failures.get(key) ?? 0) + 1;
      failures.set(key, count);
      if (!stopped) log(`${key}: ${error instanceof Error ? error.message : String(error)} (attempt ${count})`);
      addAfter(key, Math.min(retryMilliseconds.most, retryMilliseconds.first * 2 ** (count - 1)));
    } finally {
      running.delete(key);
    }
    if (waiting.delete(key)) add(key);
  };
  return {
    add,
    addAfter,
    stop: async () => {
      stopped = true;
      waiting.clear();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(running.values());
    },
  };
}
