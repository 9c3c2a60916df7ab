/** When live is compared with itself, and over which time. Times in ms since the epoch, lengths in seconds. */

export interface GuardTimes {
  readonly intervalSeconds: number;
  readonly baselineSeconds: number;
}

export interface GuardWindow {
  readonly start: number;
  /** Before it lies the baseline. */
  readonly switchOn: number;
  /** Live since is looked at from here on. */
  readonly from: number;
  readonly end: number;
  /** Which stretch of time since the switch this is: 1, 2 … */
  readonly stretch: number;
}

const FIRST_LOOKS = 10;
const MOST_BLOCK_SHARE = 20; // the baseline has at least as many blocks

/**
 * What can be looked at now: the baseline, and the last half to whole baselineSeconds; at first all that there is since
 * the switch. Not all of it for ever, because what begins to harm late (the last step of a ramp, a full disk) would have to
 * outweigh the healthy hours before it. A stretch begins every half of baselineSeconds and each is looked at while it
 * grows, so that what a stretch finds is evidence of its own. Undefined before there are two blocks.
 */
export function guardWindowAt(now: number, switchOn: number, times: GuardTimes): GuardWindow | undefined {
  const block = guardBlockSeconds(times) * 1000;
  const blocks = Math.floor((now - switchOn) / block);
  if (blocks < 2) return undefined;
  const elapsed = blocks * block;
  const step = (times.baselineSeconds * 1000) / 2;
  const stretch = Math.max(1, Math.floor(elapsed / step));
  const from = switchOn + Math.round((stretch - 1) * step);
  return { start: switchOn - times.baselineSeconds * 1000, switchOn, from, end: switchOn + elapsed, stretch };
}

/** The interval, or less where the baseline would have too few blocks to tell noise from harm. */
export function guardBlockSeconds({ intervalSeconds, baselineSeconds }: GuardTimes): number {
  return Math.min(intervalSeconds, Math.floor(baselineSeconds / MOST_BLOCK_SHARE));
}

/**
 * When to look next: at first at every interval, for harm that mirroring does shows soon; later at every second one.
 * @param last the last look; undefined: none yet
 */
export function nextGuardLook(switchOn: number, last: number | undefined, times: GuardTimes): number {
  const interval = times.intervalSeconds * 1000;
  if (last === undefined || last < switchOn) return switchOn + 2 * guardBlockSeconds(times) * 1000;
  return last + (last - switchOn < FIRST_LOOKS * interval ? interval : 2 * interval);
}
