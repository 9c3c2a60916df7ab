/** Of a piece of work, in ms of one clock. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Milliseconds in which at least one of these was under way: what is done side by side counts once. */
export function busyTime(stretches: readonly Stretch[]): number {
  let busy = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...stretches].sort((a, b) => a.start - b.start)) {
    busy += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return busy;
}
