/** The Deployment's status as Kubernetes' own controller keeps it; pure. */
import type { PodView } from './rollout.ts';

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** ISO 8601, whole seconds. */
  readonly lastUpdateTime: string;
  readonly lastTransitionTime: string;
}

export interface DeploymentStatus {
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
  readonly terminatingReplicas: number;
  readonly conditions: readonly Condition[];
}

export interface StatusInput {
  readonly name: string;
  readonly generation: number;
  readonly desired: number;
  readonly maxUnavailable: number;
  readonly progressDeadlineSeconds: number;
  readonly replicaSet: string;
  /** Those that are not being deleted. */
  readonly pods: readonly PodView[];
  /** How many are being deleted. */
  readonly terminating: number;
  readonly previous: Partial<DeploymentStatus>;
  readonly now: Date;
}

/** `recheckAfterMilliseconds`: when the progress deadline ends, while a rollout is under way. */
export function deploymentStatus(input: StatusInput): { status: DeploymentStatus; recheckAfterMilliseconds?: number } {
  const { pods, desired, previous } = input;
  const count = (matches: (pod: PodView) => boolean) => pods.filter(matches).length;
  const counts = {
    observedGeneration: input.generation,
    replicas: pods.length,
    updatedReplicas: count((pod) => pod.updated),
    readyReplicas: count((pod) => pod.ready),
    availableReplicas: count((pod) => pod.available),
    unavailableReplicas: Math.max(0, Math.max(desired, pods.length) - count((pod) => pod.available)),
    terminatingReplicas: input.terminating,
  };
  const progress = progressing(input, counts);
  const conditions = [available(input, counts.availableReplicas), progress.condition].map((condition) =>
    keepTimes(condition, previous.conditions ?? [], input.now),
  );
  const status = { ...counts, conditions };
  return progress.deadline === undefined
    ? { status }
    : { status, recheckAfterMilliseconds: progress.deadline - input.now.getTime() + 1000 };
}

type Draft = Omit<Condition, 'lastUpdateTime' | 'lastTransitionTime'> & { readonly touch?: boolean };

function available(input: StatusInput, availableReplicas: number): Draft {
  return availableReplicas >= input.desired - input.maxUnavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progressing(
  input: StatusInput,
  counts: Omit<DeploymentStatus, 'conditions'>,
): { condition: Draft; deadline?: number } {
  const { desired, previous, replicaSet } = input;
  const before = previous.conditions?.find((condition) => condition.type === 'Progressing');
  const draft = (status: string, reason: string, message: string, touch = false): Draft => ({
    type: 'Progressing',
    status,
    reason,
    message,
    touch,
  });
  const complete =
    counts.updatedReplicas === desired && counts.replicas === desired && counts.availableReplicas >= desired;
  if (complete) {
    const message = `ReplicaSet "${replicaSet}" has successfully progressed.`;
    return { condition: draft('True', 'NewReplicaSetAvailable', message) };
  }
  const underway = (condition: Draft, since: number) => ({
    condition,
    deadline: since + input.progressDeadlineSeconds * 1000,
  });
  const now = input.now.getTime();
  // The message names the ReplicaSet that the condition is about.
  if (before === undefined || !before.message.includes(`"${replicaSet}"`)) {
    const message = `Created new replica set "${replicaSet}"`;
    return underway(draft('True', 'NewReplicaSetCreated', message, true), now);
  }
  const progressed =
    counts.updatedReplicas > (previous.updatedReplicas ?? 0) ||
    counts.readyReplicas > (previous.readyReplicas ?? 0) ||
    counts.availableReplicas > (previous.availableReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < (previous.replicas ?? 0) - (previous.updatedReplicas ?? 0);
  // As in Kubernetes, a rollout that was complete once has no deadline any more: scaling it is not a rollout.
  const onlyUpdated = counts.replicas === counts.updatedReplicas;
  if (before.reason === 'NewReplicaSetAvailable' && (onlyUpdated || !progressed)) {
    return { condition: draft(before.status, before.reason, before.message) };
  }
  if (progressed) {
    const message = `ReplicaSet "${replicaSet}" is progressing.`;
    return underway(draft('True', 'ReplicaSetUpdated', message, true), now);
  }
  const since = Date.parse(before.lastUpdateTime);
  if (before.reason === 'ProgressDeadlineExceeded' || now >= since + input.progressDeadlineSeconds * 1000) {
    const message = `ReplicaSet "${replicaSet}" has timed out progressing.`;
    return { condition: draft('False', 'ProgressDeadlineExceeded', message) };
  }
  return underway(draft(before.status, before.reason, before.message), since);
}

function keepTimes({ touch, ...draft }: Draft, previous: readonly Condition[], now: Date): Condition {
  const before = previous.find((condition) => condition.type === draft.type);
  const time = `${now.toISOString().slice(0, 19)}Z`;
  const same = before?.status === draft.status && before.reason === draft.reason && touch !== true;
  return {
    ...draft,
    lastUpdateTime: same ? before.lastUpdateTime : time,
    lastTransitionTime: before?.status === draft.status ? before.lastTransitionTime : time,
  };
}
