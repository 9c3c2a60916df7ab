import type { ExperimentIdentity } from '../../api/experiment.ts';
import { finalizer } from '../../api/names.ts';
import { hasEnded } from './hasEnded.ts';
import { isCondition } from './report.ts';

/**
 * True when our finalizer is on an experiment that has ended and of which nothing is left to restore: it may be deleted
 * without an operator. Where the mirror could not be taken out, its deletion tries again, and has to be held for that.
 */
export function mayGo(experiment: ExperimentIdentity): boolean {
  const { status, finalizers } = experiment;
  const isLeft = ['RestoreConflict', 'RestoreRefused'].some((reason) =>
    isCondition(status, 'Mirroring', 'Unknown', reason),
  );
  return finalizers.includes(finalizer) && hasEnded(experiment) && !isLeft;
}
