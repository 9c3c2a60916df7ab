import type { Experiment } from '../../api/experiment.ts';
import type { ObjectRef } from '../kubernetes/object.ts';
import { hasEnded } from './hasEnded.ts';
import { sameRef, targetRefs } from './run.ts';

/**
 * True when the experiment may be waiting for something to become of the object: for a rollout, before copies are compared
 * or after the verdict. While they are compared it looks at every interval, and no change makes it ask telemetry before.
 */
export function awaitsChange(experiment: Experiment, ref: ObjectRef): boolean {
  const { mirroringSince, verdict } = experiment.status;
  if (hasEnded(experiment) || (mirroringSince !== undefined && verdict === undefined)) return false;
  return targetRefs(experiment).some((target) => sameRef(target, ref));
}
