/** When telemetry is compared. Times in ms since the epoch, lengths in seconds. */

export interface AnalysisTimes {
  readonly intervalSeconds: number;
  readonly warmupSeconds: number;
  readonly settleSeconds: number;
  readonly minDurationSeconds: number;
}

export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * Every look reads the whole window, so that rows that came late are counted at the next one. It grows by one interval
 * from look to look, and from ten intervals on by a tenth of itself: all looks together read at most 13 times as much as
 * the last one, however long the run. A verdict comes at most that tenth later than at fixed intervals.
 */
const GROWTH = 0.1;

/**
 * The window that can be analysed now: from the end of the warm-up, in whole intervals, to what has settled. Undefined: not
 * one interval has settled.
 * @param isLast no look will follow: the window is as long as it can be
 */
export function windowAt(
  now: number,
  mirroringSince: number,
  times: AnalysisTimes,
  isLast = false,
): Window | undefined {
  const interval = times.intervalSeconds * 1000;
  const settled = settledIntervals(now, mirroringSince, times);
  if (settled < 1) return undefined;
  const start = startOf(mirroringSince, times);
  return { start, end: start + (isLast ? settled : lookedAt(settled, times)) * interval };
}

/** When one interval more than now will have settled: every look of `windowAt` falls on such a time. */
export function nextIntervalAt(now: number, mirroringSince: number, times: AnalysisTimes): number {
  const settled = Math.max(0, settledIntervals(now, mirroringSince, times));
  return startOf(mirroringSince, times) + ((settled + 1) * times.intervalSeconds + times.settleSeconds) * 1000;
}

/** When the look is due that follows one at this time. */
export function nextLookAt(last: number, mirroringSince: number, times: AnalysisTimes): number {
  const settled = settledIntervals(last, mirroringSince, times);
  const next = settled < 1 ? 1 : nextLength(lookedAt(settled, times), times);
  return startOf(mirroringSince, times) + (next * times.intervalSeconds + times.settleSeconds) * 1000;
}

function startOf(mirroringSince: number, { warmupSeconds }: AnalysisTimes): number {
  return mirroringSince + warmupSeconds * 1000;
}

function settledIntervals(now: number, mirroringSince: number, times: AnalysisTimes): number {
  const settled = now - times.settleSeconds * 1000 - startOf(mirroringSince, times);
  return Math.floor(settled / (times.intervalSeconds * 1000));
}

/** The longest window, in intervals, that is looked at and has settled. */
function lookedAt(settled: number, times: AnalysisTimes): number {
  let length = 1;
  for (let next = length; next <= settled; next = nextLength(next, times)) length = next;
  return length;
}

function nextLength(length: number, { minDurationSeconds, intervalSeconds }: AnalysisTimes): number {
  const next = length + Math.max(1, Math.floor(GROWTH * length));
  // A Pass may wait for nothing else.
  const enough = Math.ceil(minDurationSeconds / intervalSeconds);
  return length < enough ? Math.min(next, enough) : next;
}
