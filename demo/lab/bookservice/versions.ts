import { pseudoRandom } from '../random.ts';

/**
 * What tells the versions of the bookservice apart: how long each step takes, and whether loading reviews fails.
 * V1 and V2 are the same code. V3 delays and V4 faults touch the loading of reviews only.
 */

export interface Behaviour {
  /** Milliseconds that loading one book, or the list, takes. */
  bookMilliseconds(): number;
  /** Milliseconds that loading the reviews of a book takes. */
  reviewMilliseconds(): number;
  /** Whether loading the reviews of this book fails. */
  reviewsFail(bookId: number): boolean;
}

export const versionNames = ['v1', 'v2', 'v3', 'v4'] as const;
export type VersionName = (typeof versionNames)[number];

/** What V3 adds while it loads reviews; with the usual work on top, the lab saw 1,208 ms on average. */
const addedDelayMilliseconds = 1193;

/** @param seed any text: equal seeds give the same sequence of durations. */
export function behaviourOf(version: VersionName, seed: string): Behaviour {
  const random = pseudoRandom(seed);
  const between = (low: number, high: number) => low + (high - low) * random();
  const delay = version === 'v3' ? addedDelayMilliseconds : 0;
  return {
    bookMilliseconds: () => between(2, 6),
    reviewMilliseconds: () => delay + between(10, 20),
    reviewsFail: (bookId) => version === 'v4' && bookId % 2 === 0,
  };
}
