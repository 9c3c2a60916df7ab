import { setTimeout as delay } from 'node:timers/promises';

/** Awaits a condition: the first value that is neither undefined, null nor false. Rejects after the time limit. */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  milliseconds = 20_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) {
      return value as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${milliseconds} ms`);
    await delay(25);
  }
}
