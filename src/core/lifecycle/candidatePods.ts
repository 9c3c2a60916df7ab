import type { Experiment } from '../../api/experiment.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { recordAt, recordsAt, stringAt } from '../kubernetes/fields.ts';
import { labelSelector } from '../kubernetes/labelSelector.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type Diagnosis, diagnose, restartsOf } from '../kubernetes/pods.ts';
import { isAccepted } from './report.ts';
import { candidateOf } from './run.ts';
import type { World } from './world.ts';

/**
 * What selects the candidate's pods: the Deployment's selector, or that of the mirror Service when the spec names no
 * Deployment. Undefined when nothing does, or no run is under way: a restore asks nothing about pods.
 */
export function candidateSelector(experiment: Experiment, objects: readonly KubernetesObject[]): string | undefined {
  const { status, deletionTimestamp, spec } = experiment;
  const isUnderWay = isAccepted(experiment) && status.verdict === undefined && deletionTimestamp === undefined;
  if (!isUnderWay) return undefined;
  const [kind, name] =
    spec.mirror.deployment === undefined
      ? ['Service', spec.mirror.service]
      : ['Deployment', spec.mirror.deployment.name];
  const object = objects.find((each) => each.kind === kind && each.metadata.name === name);
  return labelSelector(recordAt(recordAt(object, 'spec'), 'selector'));
}

/** The pods that run the candidate's version and are not on their way out; undefined: they are not known. */
export function candidatePodsOf(world: World): readonly KubernetesObject[] | undefined {
  if (world.candidatePods?.ok !== true) return undefined;
  const staying = world.candidatePods.pods.filter((pod) => stringAt(pod.metadata, 'deletionTimestamp') === undefined);
  const deployment = candidateOf(world);
  return deployment === undefined ? staying : staying.filter((pod) => runsTemplate(pod, deployment));
}

/** What is wrong with the candidate's pods, as far as it is known. */
export function diagnoseCandidate(world: World, status: MirrorExperimentStatus): Diagnosis | undefined {
  const pods = candidatePodsOf(world);
  if (pods === undefined) return undefined;
  const since = Date.parse(status.startTime ?? '');
  return diagnose(pods, { now: world.now, since, before: status.candidateRestarts ?? [] });
}

/** The status with the restarts that were there when the run began; they are not the run's. */
export function rememberRestarts(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  if (status.candidateRestarts !== undefined || world.candidatePods?.ok !== true) return status;
  return {
    ...status,
    candidateRestarts: restartsOf(world.candidatePods.pods, MOST_RESTARTS).map((each) => ({ ...each })),
  };
}

/** As many as the resource definition allows. */
const MOST_RESTARTS = 50;

/**
 * True when the pod runs what the Deployment's template says now: which version runs matters, not which ReplicaSet it
 * belongs to, and the ReplicaSets need not be read for it. Containers that admission has added are not compared.
 */
function runsTemplate(pod: KubernetesObject, deployment: KubernetesObject): boolean {
  const template = recordAt(recordAt(deployment, 'spec'), 'template');
  const present = recordsAt(recordAt(pod, 'spec'), 'containers');
  return recordsAt(recordAt(template, 'spec'), 'containers').every((wanted) => {
    const container = present.find((each) => each.name === wanted.name);
    return container !== undefined && isImage(container.image, wanted.image) && hasEnvironment(container, wanted);
  });
}

/** Admission may write an image with its digest, or with another registry in front. */
function isImage(present: unknown, wanted: unknown): boolean {
  const name = (image: unknown) =>
    String(image)
      .replace(/@sha256:.*$/, '')
      .split('/')
      .at(-1);
  return present === wanted || name(present) === name(wanted);
}

function hasEnvironment(container: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  const env = recordsAt(container, 'env');
  return recordsAt(wanted, 'env').every(
    ({ name, value }) => value === undefined || env.some((each) => each.name === name && each.value === value),
  );
}
