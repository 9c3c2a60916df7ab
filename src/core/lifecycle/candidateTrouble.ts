import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { timeAt } from '../kubernetes/containers.ts';
import { numberAt, recordAt, recordsAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type Diagnosis, isReady } from '../kubernetes/pods.ts';
import { candidatePodsOf } from './candidatePods.ts';
import { conclude } from './conclude.ts';
import type { Decision } from './decision.ts';
import { sinceOf } from './report.ts';
import { candidateOf } from './run.ts';
import type { World } from './world.ts';

/**
 * The verdict on a candidate that cannot do its work, when it is certain; undefined: it is not, yet. A candidate that starts
 * and ends again and again has failed. One that never started has not been compared: that is Inconclusive.
 */
export function judgeTrouble(
  world: World,
  status: MirrorExperimentStatus,
  diagnosis: Diagnosis | undefined,
): Decision | undefined {
  if (diagnosis?.isFinal !== true) return undefined;
  const { problem, message } = diagnosis;
  switch (problem) {
    case 'CrashLoop':
      return conclude(world, status, 'Fail', 'CandidateCrashing', `the candidate crashes: ${message}`);
    case 'OutOfMemory':
      return conclude(world, status, 'Fail', 'CandidateOutOfMemory', `the candidate runs out of memory: ${message}`);
    case 'ImagePullFailed':
      if (servesCopies(world, status)) return undefined;
      return conclude(world, status, 'Inconclusive', 'ImagePullFailed', `the candidate did not start: ${message}`);
    default:
      if (servesCopies(world, status)) return undefined;
      return conclude(
        world,
        status,
        'Inconclusive',
        'CandidateUnavailable',
        `the candidate is not available: ${message}`,
      );
  }
}

/** Once copies flow, pods that are ready are compared, even if others are not. */
export function servesCopies(world: World, status: MirrorExperimentStatus): boolean {
  // Without a look at the pods, what telemetry shows decides.
  return status.mirroringSince !== undefined && candidatePodsOf(world)?.some(isReady) !== false;
}

/**
 * True when the candidate has not been ready for longer than is worth waiting. Counted from the moment it was found so,
 * or from the last progress that its Deployment's controller has seen.
 * @param status one in which CandidateReady is False
 */
export function isOverdue(world: World, status: MirrorExperimentStatus): boolean {
  const deployment = candidateOf(world);
  const progressing = recordsAt(recordAt(deployment, 'status'), 'conditions').find(
    (each) => each.type === 'Progressing',
  );
  const since = sinceOf(world, status, 'CandidateReady');
  const progress = timeAt(progressing, 'lastUpdateTime') ?? since;
  return world.now - Math.max(since, progress) >= patienceSeconds(world, deployment) * 1000;
}

/** Kubernetes' own default of progressDeadlineSeconds. */
const PATIENCE_SECONDS = 600;

/**
 * The Deployment's progressDeadlineSeconds, because whoever set it knows how long the pods take to start. Where that is
 * no bound for this run: ten minutes, and at most half of the deadline, since an analysis needs the rest.
 */
function patienceSeconds(world: World, deployment: KubernetesObject | undefined): number {
  const { deadlineSeconds } = world.experiment.spec.analysis;
  const progressDeadline = numberAt(recordAt(deployment, 'spec'), 'progressDeadlineSeconds');
  return progressDeadline !== undefined && progressDeadline < deadlineSeconds
    ? progressDeadline
    : Math.min(PATIENCE_SECONDS, deadlineSeconds / 2);
}
