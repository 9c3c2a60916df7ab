import type { ConditionType } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';

/** An Event that is worth recording: a condition has got another status or reason, or there is a verdict. */
export interface Transition {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** The transitions between two statuses, in the order in which a person would tell them. */
export function transitions(before: MirrorExperimentStatus, after: MirrorExperimentStatus): readonly Transition[] {
  return EVENTFUL.flatMap((type) => {
    const was = conditionOf(before, type);
    const is = conditionOf(after, type);
    if (is === undefined || SILENT.has(is.reason)) return [];
    if (is.status === 'Unknown' && !UNRESTORED.has(is.reason)) return [];
    if (was?.status === is.status && was.reason === is.reason && was.observedGeneration === is.observedGeneration)
      return [];
    return [{ type: isTrouble(type, is) ? 'Warning' : 'Normal', reason: is.reason, message: `${type}: ${is.message}` }];
  });
}

const EVENTFUL: readonly ConditionType[] = [
  'Accepted',
  'CandidateReady',
  'Mirroring',
  'TelemetryFlowing',
  'Passed',
  'Complete',
];

/** Reasons of a run that has just begun or is as it should be. */
const SILENT: ReadonlySet<string> = new Set(['NotStarted', 'NotManaged', 'RollingOut', 'Running']);

/** Nobody knows whether requests are still copied: somebody has to look. */
const UNRESTORED: ReadonlySet<string> = new Set(['RestoreConflict', 'RestoreRefused', 'RestartUnfinished']);

function isTrouble(type: ConditionType, condition: { status: string; reason: string }): boolean {
  if (UNRESTORED.has(condition.reason)) return true;
  return condition.status === 'False' && type !== 'Complete' && condition.reason !== 'Restored';
}

function conditionOf(status: MirrorExperimentStatus, type: ConditionType) {
  return status.conditions?.find((condition) => condition.type === type);
}
