import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Step } from './decision.ts';
import { progress, report } from './report.ts';
import { reportOff, unrestored } from './reportMirrorOff.ts';
import { restoreNext } from './restore.ts';
import { restoreUnrecorded } from './restoreUnrecorded.ts';
import { ownJournal } from './run.ts';
import type { RestoreWorld, World } from './world.ts';

/** A new spec is a new run: what a former run has left patched is restored first, then the status starts afresh. */
export function begin(world: World, status: MirrorExperimentStatus): Step {
  const { generation } = world.experiment;
  if (status.observedGeneration === generation) return { status };
  const restored = restoreNext(world, status, (object) => ownJournal(world.experiment, object) !== undefined);
  if (restored.next !== undefined) return restored;
  const unrecorded = restoreUnrecorded(world, status);
  if (unrecorded.next !== undefined) return unrecorded;
  return { status: freshStatus(world, unrecorded.status), next: { kind: 'save' } };
}

/** The status of a run that has not begun; `former`: what could not be restored to the letter before it is still told. */
export function freshStatus(world: RestoreWorld, former: MirrorExperimentStatus): MirrorExperimentStatus {
  let status: MirrorExperimentStatus = { observedGeneration: world.experiment.generation };
  status = report(world, status, 'Accepted', 'Unknown', 'Checking', 'not checked yet');
  status = report(world, status, 'CandidateReady', 'Unknown', 'NotStarted', 'not prepared yet');
  status = report(world, status, 'Mirroring', 'False', 'NotStarted', 'no request is copied yet');
  status = report(world, status, 'TelemetryFlowing', 'Unknown', 'NotStarted', 'telemetry is not read yet');
  status = report(world, status, 'LiveHealthy', 'Unknown', 'NotStarted', 'no request is copied yet');
  status = report(world, status, 'OnSchedule', 'Unknown', 'NotStarted', 'telemetry is not compared yet');
  status = report(world, status, 'Complete', 'False', 'Running', 'the experiment is not finished');
  const told = unrestored(world, former);
  if (told?.reason === 'RestoredPartly' || told?.reason === 'RestoreConflict') {
    status = reportOff(world, report(world, status, 'Mirroring', 'Unknown', told.reason, told.message));
  }
  return progress(world, status, 'Waiting', 'checking the experiment');
}
