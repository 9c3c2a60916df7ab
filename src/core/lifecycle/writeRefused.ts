import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { conclude } from './conclude.ts';
import { report } from './report.ts';
import type { RestoreWorld } from './world.ts';

/**
 * The API server refuses a write for good (the operator's rights, an admission policy, a quota). Before there is a verdict
 * the experiment ends with it; afterwards, and when the experiment is deleted, the restore goes on being tried and the
 * condition says why it does not succeed.
 */
export function writeRefused(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  message: string,
): MirrorExperimentStatus {
  if (status.verdict === undefined && world.experiment.deletionTimestamp === undefined)
    return conclude(world, status, 'Inconclusive', 'ConfigurationError', message).status;
  return report(world, status, 'Mirroring', 'Unknown', 'RestoreRefused', `${message}; it is tried again`);
}
