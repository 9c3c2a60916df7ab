import { CONDITIONS } from '../../api/reasons.ts';
import { numberAt, recordAt, recordsAt, stringAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';

/** Where an experiment is in its life, in the order of that, and what each means. Labels of metrics are API, as reasons are. */
export const STAGES = {
  New: 'the operator has not looked at it yet',
  Waiting: 'it is checked, or waits for its turn or for what it names',
  Preparing: 'the candidate is being rolled out',
  SwitchingOn: 'mirroring is being switched on',
  AwaitingCopies: 'the first copied request is awaited',
  WarmingUp: 'requests are copied, and not counted yet',
  Analysing: 'requests are compared',
  Restoring: 'it has its verdict, and not everything is restored yet',
  Finished: 'it has its verdict and everything that can be is restored',
  Deleting: 'it is deleted, and its finalizer is still there',
} as const;

export type Stage = keyof typeof STAGES;

/** What an experiment is doing, as far as a person who watches all of them wants to know it. */
export interface Standing {
  readonly stage: Stage;
  /** Absent while the experiment runs. */
  readonly verdict: 'Pass' | 'Fail' | 'Inconclusive' | undefined;
  /** Share of the live requests that is copied now, in percent; 0 when none is. */
  readonly mirroredPercent: number;
  /** Why it is not certain that no request is copied any more; undefined when there is no doubt. */
  readonly unrestored: UnrestoredReason | undefined;
  /** Since when it is being restored, ms since the epoch: it has its verdict, or is deleted. Undefined in other stages. */
  readonly restoringSince: number | undefined;
}

/** Reasons of the condition Mirroring with which somebody has to look whether requests are still copied. */
export const UNRESTORED_REASONS = ['RestoreConflict', 'RestoreRefused', 'RestartUnfinished'] as const;
export type UnrestoredReason = (typeof UNRESTORED_REASONS)[number];

/** Read field by field: a status may be of another version of the operator. */
export function standingOf(experiment: KubernetesObject): Standing {
  const status = recordAt(experiment, 'status');
  const mirroring = conditionOf(status, 'Mirroring');
  const verdict = stringAt(status, 'verdict');
  const stage = stageOf(experiment, status);
  return {
    stage,
    restoringSince: instant(restoringSince(stage, experiment, status)),
    verdict: verdict === 'Pass' || verdict === 'Fail' || verdict === 'Inconclusive' ? verdict : undefined,
    mirroredPercent: numberAt(status, 'percent') ?? 0,
    unrestored:
      mirroring?.status === 'Unknown' ? UNRESTORED_REASONS.find((reason) => reason === mirroring.reason) : undefined,
  };
}

function restoringSince(
  stage: Stage,
  { metadata }: KubernetesObject,
  status: Record<string, unknown> | undefined,
): string | undefined {
  if (stage === 'Deleting') return stringAt(metadata, 'deletionTimestamp');
  // The condition gets the status True or False with the verdict.
  return stage === 'Restoring' ? stringAt(conditionOf(status, 'Passed'), 'lastTransitionTime') : undefined;
}

function instant(time: string | undefined): number | undefined {
  const milliseconds = Date.parse(time ?? '');
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

/** The reason of a finished run as a label: one that is not known to this version is `Other`. */
export function reasonLabel(reason: string | undefined): string {
  return reason !== undefined && Object.hasOwn(CONDITIONS.Passed, reason) ? reason : 'Other';
}

function stageOf({ metadata }: KubernetesObject, status: Record<string, unknown> | undefined): Stage {
  if (stringAt(metadata, 'deletionTimestamp') !== undefined) return 'Deleting';
  if (stringAt(status, 'completionTime') !== undefined) return 'Finished';
  if (stringAt(status, 'verdict') !== undefined) return 'Restoring';
  const passed = conditionOf(status, 'Passed')?.reason;
  return RUNNING.find((stage) => stage === passed) ?? 'New';
}

/** The reasons of the condition Passed while an experiment runs. */
const RUNNING = ['Waiting', 'Preparing', 'SwitchingOn', 'AwaitingCopies', 'WarmingUp', 'Analysing'] as const;

function conditionOf(status: unknown, type: string): Record<string, unknown> | undefined {
  return recordsAt(status, 'conditions').find((condition) => condition.type === type);
}
