import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { nextLookAt } from '../schedule.ts';
import { isCondition, report } from './report.ts';
import type { World } from './world.ts';

/**
 * Says so when looks come late: when the operator, or Log Analytics, does not keep up with its experiments, evidence comes
 * later than the spec says, and nobody should have to guess.
 * @param before the status before the look
 */
export function reportPunctuality(
  world: World,
  before: MirrorExperimentStatus,
  status: MirrorExperimentStatus,
): MirrorExperimentStatus {
  const { intervalSeconds } = world.experiment.spec.analysis;
  const late = (world.now - (dueAt(world, before) ?? world.now)) / 1000;
  if (late > intervalSeconds) {
    const message = `the last look came ${Math.round(late)} s after it was due, more than one interval (intervalSeconds ${intervalSeconds})`;
    return report(world, status, 'OnSchedule', 'False', 'Behind', message);
  }
  // Not at once: what goes to and fro about a limit would be news each time.
  if (isCondition(before, 'OnSchedule', 'False') && late > intervalSeconds / 2) return status;
  return report(world, status, 'OnSchedule', 'True', 'OnTime', 'looks come when they are due');
}

/** When the look was due that is taken now, in ms since the epoch; undefined: it is the first. */
export function dueAt({ experiment, now }: World, status: MirrorExperimentStatus): number | undefined {
  const last = Date.parse(status.lastAnalysisTime ?? '');
  const since = Date.parse(status.mirroringSince ?? '');
  if (Number.isNaN(last) || Number.isNaN(since)) return undefined;
  const due = nextLookAt(last, since, experiment.spec.analysis);
  return due <= now ? due : undefined;
}
