export interface Deadline extends Disposable {
  /** Fires when the time is over or a parent's signal fires. */
  readonly signal: AbortSignal;
  /** True when it fired because the time is over. */
  expired(): boolean;
}

/**
 * A signal with a time limit. To be disposed when it is no longer needed: unlike AbortSignal.any() and timeout() it then
 * leaves nothing behind on a parent that lives as long as the process.
 */
export function startDeadline(milliseconds: number, ...parents: readonly (AbortSignal | undefined)[]): Deadline {
  const controller = new AbortController();
  let expired = false;
  const timer = setTimeout(() => {
    expired = true;
    controller.abort(new Error(`not done within ${milliseconds / 1000} s`));
  }, milliseconds);
  const abort = () => controller.abort(parents.find((parent) => parent?.aborted)?.reason);
  if (parents.some((parent) => parent?.aborted)) abort();
  for (const parent of parents) parent?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    expired: () => expired,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      for (const parent of parents) parent?.removeEventListener('abort', abort);
    },
  };
}
