import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { progress, report } from './report.ts';
import type { RestoreWorld } from './world.ts';

/** The API server does not let the operator read what a decision needs. It is tried again; the status says why nothing happens. */
export function readRefused(
  world: Pick<RestoreWorld, 'now' | 'experiment'>,
  status: MirrorExperimentStatus,
  message: string,
): MirrorExperimentStatus {
  const told = `the operator may not read what the experiment needs: ${message}; give its ClusterRole the right`;
  const restores = status.verdict !== undefined || world.experiment.deletionTimestamp !== undefined;
  return restores
    ? report(world, status, 'Mirroring', 'Unknown', 'RestoreRefused', told)
    : progress(world, status, 'Waiting', told);
}
