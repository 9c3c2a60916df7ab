import { timestamp } from '../../api/conditions.ts';
import type { FieldError } from '../../api/structuralSchema.ts';
import { freshStatus } from './begin.ts';
import { conclude } from './conclude.ts';
import type { Decision } from './decision.ts';
import { hasEnded } from './hasEnded.ts';
import { report } from './report.ts';
import { reportOff } from './reportMirrorOff.ts';
import { restoreNext } from './restore.ts';
import { restoreUnrecorded } from './restoreUnrecorded.ts';
import { ownJournal } from './run.ts';
import type { RestoreWorld } from './world.ts';

/**
 * The life of an experiment whose spec this operator cannot read, for example after it was rolled back behind its resource
 * definition: whatever a run has left patched is restored, and the experiment ends.
 */
export function rejectInvalid(world: RestoreWorld, errors: readonly FieldError[]): Decision {
  const { experiment } = world;
  const { status } = experiment;
  const ended = hasEnded(experiment);
  const restored = restoreNext(world, status, (object) => ownJournal(experiment, object) !== undefined);
  if (restored.next !== undefined) return restored;
  const unrecorded =
    ended && experiment.deletionTimestamp === undefined ? { status } : restoreUnrecorded(world, status);
  if (unrecorded.next !== undefined) return unrecorded;
  if (experiment.deletionTimestamp !== undefined)
    return { status: reportOff(world, unrecorded.status), next: { kind: 'release' } };
  if (ended) return { status, next: { kind: 'done' } };
  const details = errors.map((error) => `${error.path}: ${error.message}`).join('; ');
  const message = `the spec does not fit the operator’s resource definition (is the installed one of another version?): ${details}`;
  const refused = report(world, freshStatus(world, unrecorded.status), 'Accepted', 'False', 'SpecUnreadable', message);
  const concluded = conclude(world, refused, 'Inconclusive', 'ConfigurationError', message).status;
  const done = report(world, concluded, 'Complete', 'True', 'Finished', message);
  return { status: { ...done, completionTime: timestamp(world.now) }, next: { kind: 'done' } };
}
