import { blockSeconds } from '../query/blocksQuery.ts';
import type { Samples } from './samples.ts';

/**
 * Seconds from the window's start to the end of the last block in which live has requests. The window is as long as the
 * operator's clock says; when that is set forward it reaches into a time that has not been, of which nobody has requests.
 */
export function analysedSeconds(
  window: { readonly start: number; readonly end: number; readonly samples: Samples },
  intervalSeconds: number,
): number {
  const length = blockSeconds(intervalSeconds, window);
  const ends = window.samples.routes
    .flatMap(({ blocks }) => blocks)
    .filter(({ live }) => live.items > 0)
    .map(({ start }) => start + length);
  return Math.min((window.end - window.start) / 1000, Math.max(0, ...ends));
}
