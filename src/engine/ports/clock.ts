/** Time, timers and chance, so that the engine and its tests decide what they are. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `milliseconds`, unless the returned function is called before. */
  setTimer(milliseconds: number, callback: () => void): () => void;
  /** Uniform in [0, 1). */
  random(): number;
}

/** A clock that also tells for how long something lasted, whoever sets the time of day meanwhile. */
export interface MonotonicClock extends Clock {
  /** Milliseconds since some instant. Never set, never back; counts the time that the process or the machine stood still. */
  monotonic(): number;
}
