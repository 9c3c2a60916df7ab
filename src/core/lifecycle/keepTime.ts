import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { conclude } from './conclude.ts';
import type { Step } from './decision.ts';
import type { World } from './world.ts';

/** Clocks of two nodes differ by less where time is kept; setting one right by less goes unnoticed. */
const TOLERATED_MILLISECONDS = 60_000;

/**
 * A run whose status tells of times to come was begun on a clock that has been set back since, or on another's that is
 * ahead. Its deadline would come later by that much, so it ends now: mirroring may not outlast what the spec allows.
 */
export function keepTime(world: World, status: MirrorExperimentStatus): Step {
  if (status.startTime === undefined) return { status };
  const behind = latestOf(status) - world.now;
  if (behind <= TOLERATED_MILLISECONDS) return { status };
  const message = `the operator’s clock is ${Math.round(behind / 1000)} s behind a time that this run has recorded, so its deadline cannot be kept; check the clocks of the nodes on which the operator runs, delete the experiment and apply it again`;
  return conclude(world, status, 'Inconclusive', 'ClockChanged', message);
}

/** The latest time in the status, in ms since the epoch. */
function latestOf(status: MirrorExperimentStatus): number {
  const { startTime, switchOnTime, mirroringSince, lastAnalysisTime, live, conditions = [] } = status;
  const times = [
    ...[startTime, switchOnTime, mirroringSince, lastAnalysisTime, live?.lookTime],
    ...conditions.map((each) => each.lastTransitionTime),
  ];
  return Math.max(...times.flatMap((time) => (time === undefined ? [] : Date.parse(time))));
}
