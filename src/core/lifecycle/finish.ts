import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { replacementOf } from '../kubernetes/rollout.ts';
import type { Step } from './decision.ts';
import { isCondition, report, sinceOf } from './report.ts';
import { reportOff, unrestored } from './reportMirrorOff.ts';
import { restartAgain, restoreNext } from './restore.ts';
import { reportUnrecordedCandidate, restoreUnrecorded } from './restoreUnrecorded.ts';
import { candidateOf, ownJournal, workloadOf } from './run.ts';
import type { World } from './world.ts';

/** After the verdict: config, restart, candidate are restored in this order, and only then the experiment is complete. */
export function finish(world: World, status: MirrorExperimentStatus): Step {
  if (status.verdict === undefined) return { status };
  if (isCondition(status, 'Complete', 'True')) return { status, next: { kind: 'done' } };
  const proxy = restoreNext(
    world,
    status,
    (object) => isOwn(world, object) && ownJournal(world.experiment, object)?.change.type !== 'candidate',
  );
  if (proxy.next !== undefined) return proxy;
  const unrecorded = restoreUnrecorded(world, status, world.experiment.spec);
  if (unrecorded.next !== undefined) return unrecorded;
  const again = restartAgain(world, unrecorded.status);
  if (again.next !== undefined) return again;

  const restarted = awaitRestart(world, unrecorded.status);
  if (restarted.next !== undefined) return restarted;

  const candidate = restoreNext(world, restarted.status, (object) => isOwn(world, object));
  return candidate.next === undefined ? complete(world, restarted.status) : candidate;
}

/** Copies end when the last pod with the old configuration has ended. */
function awaitRestart(world: World, status: MirrorExperimentStatus): Step {
  const workload = workloadOf(world);
  if (workload === undefined || isCondition(status, 'Mirroring', 'False')) return { status };
  const rollout = replacementOf(workload);
  if (rollout.state === 'complete') return { status };
  const told = unrestored(world, status);
  const show = (reason: 'SwitchingOff' | 'RestartUnfinished') => {
    if (told === undefined) return report(world, status, 'Mirroring', 'Unknown', reason, rollout.message);
    if (reason === 'SwitchingOff' || told.reason === 'RestoreConflict') return status;
    return report(world, status, 'Mirroring', 'Unknown', reason, `${rollout.message}; ${told.message}`);
  };
  const switching = show('SwitchingOff');
  // Mirroring may have been Unknown for long: when the workload did not come back with the mirror.
  const since = Math.max(sinceOf(world, switching, 'Mirroring'), sinceOf(world, switching, 'Passed'));
  if (world.now - since > world.settings.restartTimeoutSeconds * 1000) return { status: show('RestartUnfinished') };
  return { status: switching, next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds } };
}

function complete(world: World, status: MirrorExperimentStatus): Step {
  const restored = reportMirroring(world, reportCandidate(world, status));
  const done = report(world, restored, 'Complete', 'True', 'Finished', status.summary ?? '');
  const isOff = status.percent !== undefined && !isCondition(restored, 'Mirroring', 'Unknown', 'RestoreConflict');
  const off = isOff ? { percent: 0 } : {};
  return { status: { ...done, ...off, completionTime: timestamp(world.now) }, next: { kind: 'done' } };
}

function reportCandidate(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const told = reportUnrecordedCandidate(world, status);
  if (told !== status || candidateOf(world) === undefined) return told;
  const ran =
    isCondition(status, 'CandidateReady', 'True') || isCondition(status, 'CandidateReady', 'False', 'RollingOut');
  return ran
    ? report(world, status, 'CandidateReady', 'False', 'Restored', 'the Deployment is as it was before')
    : status;
}

function reportMirroring(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const settled =
    unrestored(world, status) !== undefined ||
    isCondition(status, 'Mirroring', 'False', 'NotStarted') ||
    isCondition(status, 'Mirroring', 'Unknown', 'RestartUnfinished');
  if (settled) return reportOff(world, status);
  const watched = world.experiment.spec.traffic.envoy.reload === undefined;
  const message = watched
    ? 'the configuration is as it was before; Envoy copies until the kubelet has projected it (up to about a minute)'
    : 'the configuration is as it was before';
  return report(world, status, 'Mirroring', 'False', 'Restored', message);
}

function isOwn(world: World, object: World['objects'][number]): boolean {
  return ownJournal(world.experiment, object) !== undefined;
}
