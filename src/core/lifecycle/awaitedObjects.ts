import type { Experiment } from '../../api/experiment.ts';
import type { ObjectRef } from '../kubernetes/object.ts';
import { hasEnded } from './hasEnded.ts';
import { targetRefs } from './run.ts';

/**
 * The objects of which the experiment may be waiting for something to become: for a rollout, before copies are compared or
 * after the verdict. While they are compared it looks at every interval, and no change makes it ask telemetry before.
 */
export function awaitedObjects(experiment: Experiment): readonly ObjectRef[] {
  const { mirroringSince, verdict } = experiment.status;
  if (hasEnded(experiment) || (mirroringSince !== undefined && verdict === undefined)) return [];
  return targetRefs(experiment);
}
