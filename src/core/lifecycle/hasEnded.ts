import type { ExperimentIdentity } from '../../api/experiment.ts';
import { isCondition } from './report.ts';

/** True when the run of the present spec has its verdict and everything is restored. */
export function hasEnded({ status, generation }: ExperimentIdentity): boolean {
  return status.observedGeneration === generation && isCondition(status, 'Complete', 'True');
}
