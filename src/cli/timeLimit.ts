import type { SeenExperiment } from './experimentResult.ts';

const BEYOND_DEADLINE = 30 * 60_000;
/** For a spec that this version cannot read. */
const UNKNOWN_DEADLINE = 2 * 3600_000;

/**
 * How long to wait for an experiment, in milliseconds; undefined: for ever.
 * @param given by the user; 0 means for ever, undefined: not said, then its own deadline and half an hour for others, the
 * roll-outs before and after, and the restore
 */
export function timeLimit(given: number | undefined, { spec }: SeenExperiment): number | undefined {
  if (given === 0) return undefined;
  if (given !== undefined) return given;
  return spec === undefined ? UNKNOWN_DEADLINE : spec.analysis.deadlineSeconds * 1000 + BEYOND_DEADLINE;
}
