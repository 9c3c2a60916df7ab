import { getCondition, setCondition } from '../../api/conditions.ts';
import type { Experiment } from '../../api/experiment.ts';
import type { ConditionType, ReasonOf } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { stringAt } from '../kubernetes/fields.ts';
import type { Next } from './decision.ts';
import type { RestoreWorld, World } from './world.ts';

type Wait = Extract<Next, { kind: 'wait' }>;
export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** The status with one condition set; reasons are checked against the catalogue. */
export function report<T extends ConditionType>(
  world: Pick<RestoreWorld, 'now' | 'experiment'>,
  status: MirrorExperimentStatus,
  type: T,
  value: ConditionStatus,
  reason: ReasonOf<T> & string,
  message: string,
): MirrorExperimentStatus {
  const observedGeneration = world.experiment.generation;
  return {
    ...status,
    conditions: setCondition(
      status.conditions ?? [],
      { type, status: value, reason, message, observedGeneration },
      world.now,
    ),
  };
}

/** What the experiment is doing: the Passed condition while it runs, and the summary that people read. */
export function progress(
  world: Pick<RestoreWorld, 'now' | 'experiment'>,
  status: MirrorExperimentStatus,
  reason: ReasonOf<'Passed'> & string,
  message: string,
): MirrorExperimentStatus {
  return { ...report(world, status, 'Passed', 'Unknown', reason, message), summary: message };
}

export function isCondition(
  status: MirrorExperimentStatus,
  type: ConditionType,
  value: ConditionStatus,
  reason?: string,
): boolean {
  const condition = getCondition(status.conditions ?? [], type);
  return condition?.status === value && (reason === undefined || condition.reason === reason);
}

/** True when what the spec says now has been checked and found good. */
export function isAccepted({ status, generation }: Experiment): boolean {
  return status.observedGeneration === generation && isCondition(status, 'Accepted', 'True');
}

/** When the condition got the status that it has, in ms since the epoch; now, when it is not there. */
export function sinceOf(world: RestoreWorld, status: MirrorExperimentStatus, type: ConditionType): number {
  const text = stringAt(getCondition(status.conditions ?? [], type), 'lastTransitionTime');
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? world.now : time;
}

/** When the run must end, in ms since the epoch; undefined before it has been accepted. */
function deadlineOf(world: World, status: MirrorExperimentStatus): number | undefined {
  if (status.startTime === undefined) return undefined;
  return Date.parse(status.startTime) + world.experiment.spec.analysis.deadlineSeconds * 1000;
}

/** A wait that does not outlast the deadline: whatever somebody asks to wait, mirroring ends then. */
export function waitWithin(world: World, status: MirrorExperimentStatus, milliseconds: number): Wait {
  const left = (deadlineOf(world, status) ?? Number.POSITIVE_INFINITY) - world.now;
  // Whole seconds in the status and a clock that is a little off must not make a tight loop of it.
  return { kind: 'wait', milliseconds: Math.max(Math.min(milliseconds, left), 250) };
}

export function isPastDeadline(world: World, status: MirrorExperimentStatus): boolean {
  const deadline = deadlineOf(world, status);
  return deadline !== undefined && world.now >= deadline;
}
