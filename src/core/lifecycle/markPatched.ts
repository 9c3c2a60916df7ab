import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { ObjectRef } from '../kubernetes/object.ts';
import { sameRef } from './run.ts';

/** The status with the object marked as changed by this run. */
export function markPatched(status: MirrorExperimentStatus, ref: ObjectRef): MirrorExperimentStatus {
  return mark(status, ref, true);
}

/** The status with the object marked as one that carries no change of this run any more. */
export function markRestored(status: MirrorExperimentStatus, ref: ObjectRef): MirrorExperimentStatus {
  return mark(status, ref, false);
}

/** True while the object is marked as changed by this run, whatever has become of it. */
export function isPatched({ targets = [] }: MirrorExperimentStatus, ref: ObjectRef): boolean {
  return targets.some((target) => target.patched && sameRef({ ...target, namespace: ref.namespace }, ref));
}

function mark(status: MirrorExperimentStatus, ref: ObjectRef, patched: boolean): MirrorExperimentStatus {
  if (status.targets === undefined) return status;
  const { namespace } = ref;
  const targets = status.targets.map((target) =>
    sameRef({ ...target, namespace }, ref) ? { ...target, patched } : target,
  );
  return { ...status, targets };
}
