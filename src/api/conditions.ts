import type { ConditionType } from './reasons.ts';
import type { MirrorExperimentStatus } from './types.generated.ts';

export type Condition = NonNullable<MirrorExperimentStatus['conditions']>[number];

/** Limit of the resource definition, in characters (code points). */
const maxMessageLength = 4096;

/**
 * The conditions with one set. lastTransitionTime is `now` (ms since the epoch) when the condition is new or its status
 * changes, and stays otherwise. A condition keeps its place; a new one is appended. A message that is longer than the
 * resource definition allows is cut.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  condition: Omit<Condition, 'lastTransitionTime'>,
  now: number,
): Condition[] {
  const present = getCondition(conditions, condition.type);
  const unchanged = present?.status === condition.status;
  const set: Condition = {
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: cut(condition.message),
    lastTransitionTime: unchanged ? present.lastTransitionTime : timestamp(now),
    observedGeneration: condition.observedGeneration,
  };
  if (present === undefined) return [...(conditions ?? []), set];
  return (conditions ?? []).map((each) => (each.type === condition.type ? set : each));
}

export function getCondition(conditions: readonly Condition[] | undefined, type: ConditionType): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

function cut(message: string): string {
  // By code points: a surrogate pair cut in two would not be valid text.
  const characters = [...message];
  return characters.length <= maxMessageLength ? message : `${characters.slice(0, maxMessageLength - 1).join('')}…`;
}
