import { journalAnnotation } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { hasMirror } from '../mirror/configMap.ts';
import type { Step } from './decision.ts';
import { isPatched } from './markPatched.ts';
import { isCondition, report, sinceOf, timestamp } from './report.ts';
import { restartAgain, restoreNext } from './restore.ts';
import { candidateOf, configMapOf, ownJournal, refOf, workloadOf } from './run.ts';
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
  const again = restartAgain(world, status);
  if (again.next !== undefined) return again;

  const restarted = awaitRestart(world, status);
  if (restarted.next !== undefined) return restarted;

  const candidate = restoreNext(world, restarted.status, (object) => isOwn(world, object));
  return candidate.next === undefined ? complete(world, restarted.status) : candidate;
}

/** Copies end when the last pod with the old configuration has ended. */
function awaitRestart(world: World, status: MirrorExperimentStatus): Step {
  const workload = workloadOf(world);
  if (workload === undefined || isCondition(status, 'Mirroring', 'False')) return { status };
  const rollout = rolloutOf(workload);
  if (rollout.state === 'complete') return { status };
  const inConflict = isCondition(status, 'Mirroring', 'Unknown', 'RestoreConflict');
  const show = (reason: 'SwitchingOff' | 'RestartUnfinished') =>
    inConflict ? status : report(world, status, 'Mirroring', 'Unknown', reason, rollout.message);
  const switching = show('SwitchingOff');
  // Mirroring may have been Unknown for long: when the workload did not come back with the mirror.
  const since = Math.max(sinceOf(world, switching, 'Mirroring'), sinceOf(world, switching, 'Passed'));
  if (world.now - since > world.settings.restartTimeoutSeconds * 1000) return { status: show('RestartUnfinished') };
  return { status: switching, next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds } };
}

function complete(world: World, status: MirrorExperimentStatus): Step {
  const restored = reportMirroring(world, reportCandidate(world, status));
  const done = report(world, restored, 'Complete', 'True', 'Finished', status.summary ?? '');
  return { status: { ...done, completionTime: timestamp(world.now) }, next: { kind: 'done' } };
}

/** What is marked as patched still has lost its journal, and nobody can put it back. */
function reportCandidate(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const deployment = candidateOf(world);
  if (deployment !== undefined && isPatched(status, refOf(deployment))) {
    const message = `the annotation ${journalAnnotation} of Deployment ${deployment.metadata.name}, which held the way back, is gone or edited, so it is left as it is; see that it is as you want it`;
    return report(world, status, 'CandidateReady', 'False', 'RestoreConflict', message);
  }
  const ran =
    isCondition(status, 'CandidateReady', 'True') || isCondition(status, 'CandidateReady', 'False', 'RollingOut');
  return ran && deployment !== undefined
    ? report(world, status, 'CandidateReady', 'False', 'Restored', 'the Deployment is as it was before')
    : status;
}

function reportMirroring(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const { configMap: keys, mirrorCluster } = world.experiment.spec.traffic.envoy;
  const configMap = configMapOf(world);
  if (configMap !== undefined && isPatched(status, refOf(configMap)) && hasMirror(configMap, keys, mirrorCluster)) {
    const message = `the annotation ${journalAnnotation} of ConfigMap ${keys.name}, which held the way back, is gone or edited; take the mirror to cluster "${mirrorCluster}" out by hand, and restart Envoy where it does not watch the file`;
    return report(world, status, 'Mirroring', 'Unknown', 'RestoreConflict', message);
  }
  const settled =
    isCondition(status, 'Mirroring', 'False', 'NotStarted') ||
    isCondition(status, 'Mirroring', 'Unknown', 'RestoreConflict') ||
    isCondition(status, 'Mirroring', 'Unknown', 'RestartUnfinished');
  return settled
    ? status
    : report(world, status, 'Mirroring', 'False', 'Restored', 'the configuration is as it was before');
}

function isOwn(world: World, object: World['objects'][number]): boolean {
  return ownJournal(world.experiment, object) !== undefined;
}
