import type { Clock } from '../engine/ports/clock.ts';

/** The time and the timers of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (milliseconds, callback) => {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
