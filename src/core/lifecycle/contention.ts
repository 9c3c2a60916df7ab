import { fieldManager } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import { changedEnvironment, imagesOf } from '../mirror/candidate.ts';
import { isMirrorInPlace } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
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
  const remedy = 'let it ignore the object while an experiment runs';
  const what = `${ref.kind} ${ref.name}`;
  if (journal === undefined) return `${what} was reverted by ${lastManager(object)}; ${remedy}`;
  if (journal.change.type === 'envoy' && !isMirrorInPlace(object, journal.change.files, sha256)) {
    const keys = journal.change.files.map((file) => file.key).join(', ');
    return `${what} was changed by ${lastManager(object)} (${keys}); ${remedy}`;
  }
  const other = journal.change.type === 'candidate' ? otherVersion(world, status, object) : [];
  return other.length > 0
    ? `${what} was changed by ${lastManager(object)} (${other.join(', ')}); ${remedy}`
    : undefined;
}

/** What makes the candidate another one than was asked for: a verdict on it would be a verdict on something else. */
function otherVersion(world: World, status: MirrorExperimentStatus, deployment: KubernetesObject): readonly string[] {
  const change = world.experiment.spec.mirror.deployment ?? {};
  const names = candidateContainers(world.experiment);
  const image = imagesOf(deployment, names);
  const changed = status.candidateImage !== undefined && status.candidateImage !== image;
  return [...(changed ? [`image ${status.candidateImage} → ${image}`] : []), ...changedEnvironment(deployment, change)];
}

/** The field manager that wrote last, apart from us and from controllers that write the status, as the API server has it. */
function lastManager(object: KubernetesObject): string {
  const entries = (object.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== fieldManager && entry.subresource === undefined,
  );
  const [latest] = [...entries].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return latest?.manager === undefined ? 'somebody else' : `field manager "${latest.manager}"`;
}
