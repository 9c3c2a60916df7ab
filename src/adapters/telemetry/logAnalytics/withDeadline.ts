import { TelemetryError } from '../../../engine/ports/telemetry.ts';

/**
 * Runs a task that ends in time or is cancelled: its signal is aborted by `signal` and after `seconds`. The promise is
 * settled then, even where the task does not listen.
 * @throws TelemetryError Unavailable when the time is over; the reason of `signal` when that is aborted
 */
export async function withDeadline<T>(
  seconds: number,
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const bounded = new AbortController();
  const late = new TelemetryError('Unavailable', `Log Analytics did not answer within ${seconds} s`, { isLate: true });
  const timer = setTimeout(() => bounded.abort(late), seconds * 1000);
  const forward = (): void => bounded.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  try {
    return await Promise.race([task(bounded.signal), rejection(bounded.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
