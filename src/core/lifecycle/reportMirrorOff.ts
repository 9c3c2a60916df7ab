import { getCondition } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { MirrorOffPlan } from '../mirror/mirrorOff.ts';
import { isCondition, report } from './report.ts';
import type { RestoreWorld } from './world.ts';

/** Says what became of the mirror in a config. That it is off is said only when the last pod with it has ended. */
export function reportMirrorOff(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  configMap: KubernetesObject,
  plan: MirrorOffPlan,
): MirrorExperimentStatus {
  if (plan.outcome === 'restored') return status;
  const reason = plan.outcome === 'partly' ? 'RestoredPartly' : 'RestoreConflict';
  const message = `ConfigMap ${configMap.metadata.name}: ${plan.message}`;
  return report(world, status, 'Mirroring', 'Unknown', reason, message);
}

/** The status when no pod is left that could copy: what was taken out only partly is told, and that it is off. */
export function reportOff(world: RestoreWorld, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const told = unrestored(world, status);
  if (told?.reason !== 'RestoredPartly') return status;
  return report(world, status, 'Mirroring', 'False', 'RestoredPartly', told.message);
}

/** The condition of Mirroring when the config of this generation could not be restored to the letter. */
export function unrestored(world: RestoreWorld, status: MirrorExperimentStatus) {
  const told =
    isCondition(status, 'Mirroring', 'Unknown', 'RestoreConflict') ||
    isCondition(status, 'Mirroring', 'Unknown', 'RestoredPartly');
  const condition = told ? getCondition(status.conditions ?? [], 'Mirroring') : undefined;
  return condition?.observedGeneration === world.experiment.generation ? condition : undefined;
}
