import { blockSeconds } from '../query/blocksQuery.ts';
import type { Samples } from './samples.ts';

/**
 * Seconds from the window's start for which live has requests, to within a block. The window is as long as the operator's
 * clock says; when that is set forward it reaches into a time that has not been, of which nobody has requests. The block
 * before that time may have only begun, so it does not count.
 */
export function analysedSeconds(
  window: { readonly start: number; readonly end: number; readonly samples: Samples },
  intervalSeconds: number,
): number {
  const seconds = (window.end - window.start) / 1000;
  const starts = window.samples.routes
    .flatMap(({ blocks }) => blocks)
    .filter(({ live }) => live.items > 0)
    .map(({ start }) => start);
  if (starts.length === 0) return 0;
  const last = Math.max(...starts);
  return last + blockSeconds(intervalSeconds, window) >= seconds ? seconds : last;
}
