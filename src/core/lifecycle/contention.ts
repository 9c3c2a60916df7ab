import { fieldManager } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import { isMirrorInPlace } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
import { ownJournal } from './run.ts';
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
  const patched = status.targets?.some(
    (target) => target.kind === ref.kind && target.name === ref.name && target.patched,
  );
  if (patched !== true) return undefined;
  const journal = ownJournal(world.experiment, object);
  const what = `${ref.kind} ${ref.name}`;
  if (journal === undefined)
    return `${what} was reverted by ${lastManager(object)}; let it ignore the object while an experiment runs`;
  if (journal.change.type === 'envoy' && !isMirrorInPlace(object, journal.change.files, sha256)) {
    const keys = journal.change.files.map((file) => file.key).join(', ');
    return `${what} was changed by ${lastManager(object)} (${keys}); let it ignore the object while an experiment runs`;
  }
  return undefined;
}

/** The field manager that wrote last, apart from us, as the API server recorded it. */
function lastManager(object: KubernetesObject): string {
  const entries = (object.metadata.managedFields ?? []).filter((entry) => entry.manager !== fieldManager);
  const [latest] = [...entries].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1));
  return latest?.manager === undefined ? 'somebody else' : `field manager "${latest.manager}"`;
}
