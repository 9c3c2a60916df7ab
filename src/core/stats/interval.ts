/** Ends of an interval; null where the data give no bound yet. */
export interface Interval {
  readonly lower: number | null;
  readonly upper: number | null;
}

/** The false-alarm probability of each end, for all time: the lower end is as sure as a Fail at `lower`, the upper as a Pass at `upper`. */
export interface Levels {
  readonly lower: number;
  readonly upper: number;
}
