import type { ReasonOf } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type Diagnosis, isReady } from '../kubernetes/pods.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { imagesOf, planCandidate } from '../mirror/candidate.ts';
import { goneMessage, refuse } from './accept.ts';
import { candidatePodsOf, diagnoseCandidate, rememberRestarts } from './candidatePods.ts';
import { isOverdue, judgeTrouble, servesCopies } from './candidateTrouble.ts';
import { conclude } from './conclude.ts';
import { contention } from './contention.ts';
import type { Step } from './decision.ts';
import { markPatched } from './markPatched.ts';
import { isPastDeadline, progress, report } from './report.ts';
import { candidateContainers, candidateOf, ownerOf, ownJournal, refOf } from './run.ts';
import type { World } from './world.ts';
import { yieldTo } from './yieldTo.ts';

/** Gives the candidate's Deployment its version for the run and awaits the rollout; then sees that it stays well. */
export function prepareCandidate(world: World, before: MirrorExperimentStatus): Step {
  const status = rememberRestarts(world, before);
  const change = world.experiment.spec.mirror.deployment;
  if (change === undefined) return watchPods(world, status);
  const deployment = candidateOf(world);
  if (deployment === undefined) {
    return conclude(world, status, 'Inconclusive', 'TargetChanged', goneMessage('Deployment', change.name));
  }
  const contended = contention(world, status, refOf(deployment), deployment);
  if (contended !== undefined) return conclude(world, status, 'Inconclusive', 'TargetChanged', contended);
  if (ownJournal(world.experiment, deployment) === undefined) {
    const yielded = yieldTo(world, status, deployment);
    if (yielded !== undefined) return yielded;
    const plan = planCandidate(deployment, change, ownerOf(world.experiment));
    if (plan.kind === 'refused') return refuse(world, status, plan.reason, plan.message);
    return {
      status,
      next: {
        kind: 'patch',
        ref: refOf(deployment),
        resourceVersion: deployment.metadata.resourceVersion,
        operations: plan.operations,
        purpose: `give Deployment ${change.name} the candidate's version`,
      },
    };
  }
  return awaitRollout(world, markPatched(status, refOf(deployment)), deployment);
}

function awaitRollout(world: World, status: MirrorExperimentStatus, deployment: KubernetesObject): Step {
  const rollout = rolloutOf(deployment);
  const image = imagesOf(deployment, candidateContainers(world.experiment));
  const withImage: MirrorExperimentStatus = { ...status, candidateImage: image };
  if (rollout.state !== 'complete') {
    const trouble = { reason: rollout.state === 'failed' ? 'RolloutFailed' : 'RollingOut', ...rollout } as const;
    return awaitReady(world, withImage, trouble);
  }
  const crashed = judgeEnds(world, withImage);
  if (crashed !== undefined) return crashed;
  const message = `Deployment ${deployment.metadata.name} is available with ${image}${unread(world)}`;
  return { status: report(world, withImage, 'CandidateReady', 'True', 'RolloutComplete', message) };
}

/** A candidate that is not ours to change: the pods behind its Service are all that is known about it. */
function watchPods(world: World, status: MirrorExperimentStatus): Step {
  const pods = candidatePodsOf(world);
  const { service } = world.experiment.spec.mirror;
  if (pods !== undefined && !pods.some(isReady)) {
    const message = pods.length === 0 ? `Service ${service} selects no pod` : `no pod of Service ${service} is ready`;
    return awaitReady(world, status, { reason: 'NotReady', state: 'progressing', message });
  }
  const crashed = judgeEnds(world, status);
  if (crashed !== undefined) return crashed;
  const message = `spec.mirror.deployment is not set${unread(world)}`;
  return { status: report(world, status, 'CandidateReady', 'True', 'NotManaged', message) };
}

/** Containers that end again and again are a failure also when they happen to be ready at the moment. */
function judgeEnds(world: World, status: MirrorExperimentStatus): Step | undefined {
  const diagnosis = diagnoseCandidate(world, status);
  if (diagnosis?.problem !== 'CrashLoop' && diagnosis?.problem !== 'OutOfMemory') return undefined;
  const told = report(world, status, 'CandidateReady', 'False', diagnosis.problem, diagnosis.message);
  return judgeTrouble(world, told, diagnosis) ?? { status: told };
}

interface Trouble {
  readonly reason: 'RollingOut' | 'RolloutFailed' | 'NotReady';
  readonly state: 'progressing' | 'failed';
  readonly message: string;
}

function awaitReady(world: World, status: MirrorExperimentStatus, trouble: Trouble): Step {
  const diagnosis = diagnoseCandidate(world, status);
  const message = diagnosis === undefined ? trouble.message : `${trouble.message}; ${diagnosis.message}`;
  const waiting = report(world, status, 'CandidateReady', 'False', reasonOf(trouble, diagnosis), message);
  const judged = judgeTrouble(world, waiting, diagnosis);
  if (judged !== undefined) return judged;
  // Once copies flow, a candidate some of whose pods are ready is judged by what it does with them.
  if (servesCopies(world, status)) return { status: waiting };
  const isOver = isPastDeadline(world, status) || isOverdue(world, waiting);
  if (trouble.state === 'failed' || isOver) {
    const reason = diagnosis?.problem ?? 'RolloutFailed';
    const failed = report(world, waiting, 'CandidateReady', 'False', reason, message);
    const verdictReason = diagnosis?.problem === 'ImagePullFailed' ? 'ImagePullFailed' : 'CandidateUnavailable';
    return conclude(world, failed, 'Inconclusive', verdictReason, unavailable(world, message));
  }
  // Copies flow to nobody; what telemetry says of the time before is still looked at.
  if (status.mirroringSince !== undefined) return { status: waiting };
  return {
    status: progress(world, waiting, 'Preparing', `waiting for the candidate: ${message}`),
    next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds },
  };
}

/** Pods that are not ready yet are what a rollout is; anything else is told by its name. */
function reasonOf(trouble: Trouble, diagnosis: Diagnosis | undefined): ReasonOf<'CandidateReady'> {
  if (diagnosis === undefined || (diagnosis.problem === 'NotReady' && !diagnosis.isFinal)) return trouble.reason;
  return diagnosis.problem;
}

function unavailable(world: World, message: string): string {
  const name = world.experiment.spec.mirror.deployment?.name;
  const look = name === undefined ? '' : `; see kubectl describe deployment ${name}`;
  return `the candidate did not become available: ${message}${look}${unread(world)}`;
}

function unread({ candidatePods }: World): string {
  if (candidatePods?.ok !== false) return '';
  return `; its pods cannot be read, so that a crash loop shows only in telemetry: ${candidatePods.message}`;
}
