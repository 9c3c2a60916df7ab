import { configHashAnnotation, fieldManager } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { lastManager } from '../kubernetes/lastManager.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import { changedEnvironment, imagesOf } from '../mirror/candidate.ts';
import { isMirrorInPlace } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
import { restartedFor } from '../mirror/restart.ts';
import { ignoreDifferences } from './ignoreDifferences.ts';
import { isPatched } from './markPatched.ts';
import { candidateContainers, ownJournal } from './run.ts';
import type { World } from './world.ts';

/**
 * Says who has changed what this run had patched, when somebody has; undefined: all is as we left it. The operator does
 * not write it again: two controllers that fight over a field never end.
 */
export function contention(
  world: World,
  status: MirrorExperimentStatus,
  ref: ObjectRef,
  object: KubernetesObject,
): string | undefined {
  if (!isPatched(status, ref)) return undefined;
  const journal = ownJournal(world.experiment, object);
  const tell = (was: string, what = '') => {
    const manager = lastManager(object, fieldManager, writtenPaths(world, object));
    const who = manager === undefined ? 'somebody else' : `field manager "${manager}"`;
    return `${ref.kind} ${ref.name} was ${was} by ${who}${what}; ${ignoreDifferences(world, ref, manager)}`;
  };
  if (journal === undefined) return tell('reverted');
  if (journal.change.type === 'envoy' && !isMirrorInPlace(object, journal.change.files, sha256)) {
    const keys = journal.change.files.map((file) => file.key).join(', ');
    return tell('changed', ` (${keys})`);
  }
  if (journal.change.type === 'restart' && isRampUndone(world, status, object, journal.change.config)) {
    return tell('changed', ` (annotation ${configHashAnnotation} of the pod template)`);
  }
  const other = journal.change.type === 'candidate' ? otherVersion(world, status, object) : [];
  return other.length > 0 ? tell('changed', ` (${other.join(', ')})`) : undefined;
}

/** Each step of a ramp restarts the pods by an annotation. A step that somebody takes back is not restarted again. */
function isRampUndone(
  { experiment }: World,
  { mirroringSince }: MirrorExperimentStatus,
  workload: KubernetesObject,
  config: string | undefined,
): boolean {
  const isRamping = experiment.spec.traffic.ramp !== undefined && mirroringSince === undefined;
  return isRamping && config !== undefined && restartedFor(workload) !== config;
}

/** What makes the candidate another one than was asked for: a verdict on it would be a verdict on something else. */
function otherVersion(world: World, status: MirrorExperimentStatus, deployment: KubernetesObject): readonly string[] {
  const change = world.experiment.spec.mirror.deployment ?? {};
  const names = candidateContainers(world.experiment);
  const image = imagesOf(deployment, names);
  const changed = status.candidateImage !== undefined && status.candidateImage !== image;
  return [...(changed ? [`image ${status.candidateImage} → ${image}`] : []), ...changedEnvironment(deployment, change)];
}

/** Where managedFields has what the run has written. */
function writtenPaths({ experiment }: World, object: KubernetesObject): readonly (readonly string[])[] {
  if (object.kind === 'ConfigMap') {
    const { key, clustersKey = key } = experiment.spec.traffic.envoy.configMap;
    return [key, clustersKey].map((each) => ['f:data', `f:${each}`]);
  }
  return candidateContainers(experiment).map((name) => [...CONTAINERS, `k:${JSON.stringify({ name })}`]);
}

const CONTAINERS = ['f:spec', 'f:template', 'f:spec', 'f:containers'];
