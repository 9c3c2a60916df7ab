import type { MonotonicClock } from '../../src/engine/ports/clock.ts';

export interface FakeClock extends MonotonicClock {
  /** Moves time on, calls the timers that fall due in order, and lets promises settle after each. */
  advance(milliseconds: number): Promise<void>;
  /** Sets the time of day; timers and monotonic time go on. */
  step(milliseconds: number): void;
  /** Timers that have not fired and are not cancelled. */
  timers(): number;
}

/** A clock that stands still until it is told to move. `random` defaults to a constant 0.5. */
export function createFakeClock(random: () => number = () => 0.5): FakeClock {
  let now = 1_700_000_000_000;
  let stepped = 0;
  const timers = new Set<{ due: number; callback: () => void }>();
  return {
    now: () => now + stepped,
    monotonic: () => now - 1_600_000_000_000,
    step: (milliseconds) => {
      stepped += milliseconds;
    },
    random,
    setTimer: (milliseconds, callback) => {
      const timer = { due: now + milliseconds, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    timers: () => timers.size,
    advance: async (milliseconds) => {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const next = [...timers].sort((a, b) => a.due - b.due)[0];
        if (next === undefined || next.due > end) break;
        timers.delete(next);
        now = next.due;
        next.callback();
        await settle();
      }
      now = end;
    },
  };
}

/** Lets every promise that can settle do so. */
export async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
