import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { ObjectRef } from '../kubernetes/object.ts';
import { sameRef } from './run.ts';

/** The status with the object marked as changed by this run. */
export function markPatched(status: MirrorExperimentStatus, ref: ObjectRef): MirrorExperimentStatus {
  const { namespace } = ref;
  const targets = (status.targets ?? []).map((target) =>
    sameRef({ ...target, namespace }, ref) ? { ...target, patched: true } : target,
  );
  return { ...status, targets };
}
