import type { MonotonicClock } from '../../engine/ports/clock.ts';

/** What nobody has used for this long is forgotten. */
const KEPT_MILLISECONDS = 15 * 60_000;

/** A map that forgets what is not used any more. */
export class RecentMap<T> {
  readonly #clock: Pick<MonotonicClock, 'monotonic'>;
  /** The least recently used first. */
  readonly #values = new Map<string, { readonly value: T; readonly usedAt: number }>();

  constructor(clock: Pick<MonotonicClock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** The value of the key, made when there is none. */
  use(key: string, make: () => T): T {
    const value = this.peek(key) ?? make();
    this.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    const usedAt = this.#clock.monotonic();
    this.#values.delete(key);
    this.#values.set(key, { value, usedAt });
    for (const [other, last] of this.#values) {
      if (usedAt - last.usedAt < KEPT_MILLISECONDS) break;
      this.#values.delete(other);
    }
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  /** The value, which does not count as used by that. */
  peek(key: string): T | undefined {
    return this.#values.get(key)?.value;
  }

  *entries(): Generator<[string, T]> {
    for (const [key, { value }] of this.#values) yield [key, value];
  }
}
