/** The service runs five queries of one identity at once, and queues or refuses the rest. */
const AT_ONCE = 5;

/**
 * The service takes 200 queries of one identity in 30 s. So many are begun without a pause, and then one every 200 ms: at
 * most 170 in any 30 s, and the rest is for those who ask by hand.
 */
const WITHOUT_PAUSE = 20;
const PAUSE_MILLISECONDS = 200;

/** Keeps to the limits of the service. */
export interface Pace {
  /** Milliseconds until a query may begin; Infinity: not before one ends. */
  wait(now: number): number;
  begin(now: number): void;
  end(): void;
}

/** Times are of one monotonic clock, in milliseconds. */
export function createPace(): Pace {
  let running = 0;
  /** When all of WITHOUT_PAUSE could begin at once again. */
  let recoveredAt = 0;
  return {
    wait: (now) => {
      if (running >= AT_ONCE) return Number.POSITIVE_INFINITY;
      return Math.max(0, recoveredAt - now - (WITHOUT_PAUSE - 1) * PAUSE_MILLISECONDS);
    },
    begin: (now) => {
      running += 1;
      recoveredAt = Math.max(recoveredAt, now) + PAUSE_MILLISECONDS;
    },
    end: () => {
      running -= 1;
    },
  };
}
