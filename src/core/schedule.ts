/** When telemetry is compared. Times in ms since the epoch, lengths in seconds. */

export interface AnalysisTimes {
  readonly intervalSeconds: number;
  readonly warmupSeconds: number;
  readonly settleSeconds: number;
}

export interface Window {
  readonly start: number;
  readonly end: number;
}

/**
 * The window that can be analysed now: from the end of the warm-up, in whole intervals, to what has settled. Always the
 * whole of it, so that rows that came late are counted at the next look. Undefined: not one interval has settled.
 */
export function windowAt(now: number, mirroringSince: number, times: AnalysisTimes): Window | undefined {
  const start = mirroringSince + times.warmupSeconds * 1000;
  const settled = now - times.settleSeconds * 1000;
  const interval = times.intervalSeconds * 1000;
  const intervals = Math.floor((settled - start) / interval);
  return intervals < 1 ? undefined : { start, end: start + intervals * interval };
}

/** When the window will be one interval longer than it is now. */
export function nextLookAt(now: number, mirroringSince: number, times: AnalysisTimes): number {
  const window = windowAt(now, mirroringSince, times);
  const end = window?.end ?? mirroringSince + times.warmupSeconds * 1000;
  return end + (times.intervalSeconds + times.settleSeconds) * 1000;
}
