import type { MonotonicClock } from '../engine/ports/clock.ts';
import { createMonotonicTime } from './monotonicTime.ts';

/** Longest delay of setTimeout; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: MonotonicClock = {
  now: () => Date.now(),
  monotonic: createMonotonicTime(),
  random: () => Math.random(),
  setTimer: (milliseconds, callback) => {
    const timer = setTimeout(callback, Math.min(milliseconds, longestTimer));
    return () => clearTimeout(timer);
  },
};
