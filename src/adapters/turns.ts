/** Waits until it is the caller's turn. */
export type Turn = () => Promise<void>;

/**
 * One turn in each round of the event loop, first come first served: what comes in meanwhile (answers, probes, the Lease's
 * renewal) is not held up by more than one piece of work, however many are due at once.
 */
export function createTurns(): Turn {
  const waiting: (() => void)[] = [];
  const next = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(next);
  };
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(next);
    });
}
