/** Hears of the keys of a queue, so that others can tell how long they wait and are worked on. */
export interface QueueObserver {
  /** The key waits for a worker, perhaps since before. */
  waiting(key: string): void;
  /** A worker has taken it. */
  started(key: string): void;
  /** The worker is done with it. */
  finished(key: string): void;
  /** The queue takes no more work: nothing waits. */
  stopped(): void;
}
