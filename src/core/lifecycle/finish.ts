import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import type { Step } from './decision.ts';
import { isCondition, report, sinceOf, timestamp } from './report.ts';
import { restoreNext } from './restore.ts';
import { ownJournal, workloadOf } from './run.ts';
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

  const restarted = awaitRestart(world, status);
  if (restarted.next !== undefined) return restarted;

  const candidate = restoreNext(world, restarted.status, (object) => isOwn(world, object));
  return candidate.next === undefined ? complete(world, restarted.status) : candidate;
}

/** Copies end when the last pod with the old configuration has ended. */
function awaitRestart(world: World, status: MirrorExperimentStatus): Step {
  const workload = workloadOf(world);
  const wasOn = !isCondition(status, 'Mirroring', 'False');
  if (workload === undefined || (!wasOn && !isCondition(status, 'Mirroring', 'False', 'SwitchingOff')))
    return { status };
  const rollout = rolloutOf(workload);
  if (rollout.state === 'complete') return { status };
  const switching = isCondition(status, 'Mirroring', 'Unknown', 'SwitchingOff')
    ? status
    : report(world, status, 'Mirroring', 'Unknown', 'SwitchingOff', rollout.message);
  const waited = world.now - sinceOf(world, switching, 'Mirroring');
  if (waited > world.settings.restartTimeoutSeconds * 1000) {
    return { status: report(world, switching, 'Mirroring', 'Unknown', 'RestartUnfinished', rollout.message) };
  }
  return {
    status: report(world, switching, 'Mirroring', 'Unknown', 'SwitchingOff', rollout.message),
    next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds },
  };
}

function complete(world: World, status: MirrorExperimentStatus): Step {
  let done = status;
  if (isCondition(done, 'CandidateReady', 'True') && world.experiment.spec.mirror.deployment !== undefined) {
    done = report(world, done, 'CandidateReady', 'False', 'Restored', 'the Deployment is as it was before');
  }
  const problem =
    isCondition(done, 'Mirroring', 'False', 'RestoreConflict') ||
    isCondition(done, 'Mirroring', 'Unknown', 'RestartUnfinished');
  if (!problem && !isCondition(done, 'Mirroring', 'False', 'NotStarted')) {
    done = report(world, done, 'Mirroring', 'False', 'Restored', 'the configuration is as it was before');
  }
  done = report(world, done, 'Complete', 'True', 'Finished', done.summary ?? '');
  return { status: { ...done, completionTime: timestamp(world.now) }, next: { kind: 'done' } };
}

function isOwn(world: World, object: World['objects'][number]): boolean {
  return ownJournal(world.experiment, object) !== undefined;
}
