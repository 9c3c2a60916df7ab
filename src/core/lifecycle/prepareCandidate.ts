import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { imagesOf, planCandidate } from '../mirror/candidate.ts';
import { goneMessage, refuse } from './accept.ts';
import { conclude } from './conclude.ts';
import { contention } from './contention.ts';
import type { Step } from './decision.ts';
import { markPatched } from './markPatched.ts';
import { isCondition, isPastDeadline, progress, report } from './report.ts';
import { candidateContainers, candidateOf, ownerOf, ownJournal, refOf } from './run.ts';
import type { World } from './world.ts';
import { yieldTo } from './yieldTo.ts';

/** Gives the candidate's Deployment its version for the run and awaits the rollout. */
export function prepareCandidate(world: World, status: MirrorExperimentStatus): Step {
  const change = world.experiment.spec.mirror.deployment;
  if (change === undefined) {
    if (isCondition(status, 'CandidateReady', 'True')) return { status };
    return {
      status: report(world, status, 'CandidateReady', 'True', 'NotManaged', 'spec.mirror.deployment is not set'),
    };
  }
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
    if (plan.kind === 'refused') return refuse(world, status, 'ContainerNotFound', plan.message);
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
  if (rollout.state === 'complete') {
    const message = `Deployment ${deployment.metadata.name} is available with ${withImage.candidateImage}`;
    return { status: report(world, withImage, 'CandidateReady', 'True', 'RolloutComplete', message) };
  }
  // Once copies flow, a candidate that is in trouble is judged by what it does with them.
  if (status.mirroringSince !== undefined) {
    const reason = rollout.state === 'failed' ? 'RolloutFailed' : 'RollingOut';
    return { status: report(world, withImage, 'CandidateReady', 'False', reason, rollout.message) };
  }
  if (rollout.state === 'failed' || isPastDeadline(world, status)) {
    const failed = report(world, withImage, 'CandidateReady', 'False', 'RolloutFailed', rollout.message);
    const message = `the candidate did not become available: ${rollout.message}; see kubectl describe deployment ${deployment.metadata.name}`;
    return conclude(world, failed, 'Inconclusive', 'CandidateUnavailable', message);
  }
  const waiting = report(world, withImage, 'CandidateReady', 'False', 'RollingOut', rollout.message);
  return {
    status: progress(world, waiting, 'Preparing', `waiting for the candidate: ${rollout.message}`),
    next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds },
  };
}
