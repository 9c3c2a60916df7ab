import type { Clock } from './ports/clock.ts';

/** Resolves after this time, or at once when the signal fires. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.setTimer(milliseconds, end);
    signal.addEventListener('abort', end);
  });
}
