import { journalAnnotation } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { planCandidateRestore } from '../mirror/candidate.ts';
import { type Journal, readJournal, writeJournal } from '../mirror/journal.ts';
import { planMirrorOff } from '../mirror/mirrorOff.ts';
import { planRestartAgain, planRestartRestore } from '../mirror/restart.ts';
import type { Decision, Step } from './decision.ts';
import { isPatched, markRestored } from './markPatched.ts';
import { report } from './report.ts';
import { reportMirrorOff } from './reportMirrorOff.ts';
import { ownJournal, refOf, workloadOf } from './run.ts';
import type { RestoreWorld, World } from './world.ts';

/**
 * Restores the first object that still carries changes, the proxy's before the candidate's, so that copies end before
 * what receives them changes. Decide again until there is none left.
 */
export function restoreNext(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  concerns: (object: KubernetesObject) => boolean,
): Step {
  const carriers = world.objects
    .map((object) => ({ object, journal: readJournal(object) }))
    .filter((each): each is { object: KubernetesObject; journal: Journal } => isJournal(each.journal))
    .filter(({ object }) => concerns(object))
    .sort((a, b) => restoreOrder[a.journal.change.type] - restoreOrder[b.journal.change.type]);
  const [first] = carriers;
  if (first === undefined) return { status };
  const { object, journal } = first;
  const pending = recordPendingRestart(world, status, journal, concerns);
  if (pending !== undefined) return pending;
  const ref = refOf(object);
  const what = `${ref.kind} ${ref.name}`;
  const plan = planRestore(world, status, object, journal);
  return {
    status: plan.status,
    next: {
      kind: 'patch',
      ref,
      resourceVersion: object.metadata.resourceVersion,
      operations: plan.operations,
      purpose: plan.problem === undefined ? `restore ${what}` : `restore what can be of ${what}: ${plan.problem}`,
    },
  };
}

/**
 * A run that ends between the write of a static bootstrap and the restart leaves pods that may have started in between,
 * with the mirror. The workload gets a journal before the bootstrap loses its own, so that it is restarted after that,
 * wherever the operator ends.
 */
function recordPendingRestart(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  { change, owner }: Journal,
  concerns: (object: KubernetesObject) => boolean,
): Decision | undefined {
  const reload = change.type === 'envoy' ? change.reload : undefined;
  const workload = world.objects.find(({ kind, metadata }) => kind === reload?.kind && metadata.name === reload.name);
  if (workload === undefined || readJournal(workload) !== undefined) return undefined;
  const journal: Journal = { version: 1, owner, change: { type: 'restart' } };
  const annotations = { ...workload.metadata.annotations, [journalAnnotation]: JSON.stringify(journal) };
  if (!concerns({ ...workload, metadata: { ...workload.metadata, annotations } })) return undefined;
  const ref = refOf(workload);
  return {
    // The journal tells from here on.
    status: markRestored(status, ref),
    next: {
      kind: 'patch',
      ref,
      resourceVersion: workload.metadata.resourceVersion,
      operations: writeJournal(workload, journal),
      purpose: `record that ${ref.kind} ${ref.name} is to be restarted once the configuration is restored`,
    },
  };
}

/**
 * From here on the journals tell what is left to restore. The marks come off in the write before the first restore, so that
 * a target which still has its mark has lost its journal to somebody else, wherever the operator ended in between.
 */
export function relyOnJournals(world: RestoreWorld, status: MirrorExperimentStatus): MirrorExperimentStatus {
  return world.objects
    .filter((object) => ownJournal(world.experiment, object) !== undefined)
    .reduce((marked, object) => markRestored(marked, refOf(object)), status);
}

/**
 * Somebody has replaced the workload that runs Envoy, and the journal with it, while the mirror was on: its pods have
 * started with the mirror and keep it until they are replaced once more. To be called when the configuration is restored.
 */
export function restartAgain(world: World, status: MirrorExperimentStatus): Step {
  const workload = workloadOf(world);
  // A journal that can be read is another run's: that run has the pods replaced, and needs its journal for it.
  if (workload === undefined || !isPatched(status, refOf(workload)) || isJournal(readJournal(workload))) {
    return { status };
  }
  const ref = refOf(workload);
  const restore = planRestartRestore(workload);
  return {
    status: markRestored(status, ref),
    next: {
      kind: 'patch',
      ref,
      resourceVersion: workload.metadata.resourceVersion,
      operations: restore.length > 0 ? restore : planRestartAgain(workload),
      purpose: `restart ${ref.kind} ${ref.name}, which was replaced while the mirror was on`,
    },
  };
}

const restoreOrder = { envoy: 0, restart: 1, candidate: 2 } as const;

function planRestore(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  object: KubernetesObject,
  { change, owner }: Journal,
): { operations: readonly JsonPatchOperation[]; status: MirrorExperimentStatus; problem?: string } {
  if (change.type === 'restart') return { operations: planRestartRestore(object), status };
  if (change.type === 'envoy') {
    const plan = planMirrorOff(object, change.files, owner.name);
    const problem = plan.outcome === 'restored' ? {} : { problem: plan.message };
    return { operations: plan.operations, status: reportMirrorOff(world, status, object, plan), ...problem };
  }
  const { operations, kept } = planCandidateRestore(object, change.fields);
  if (kept.length === 0) return { operations, status };
  const problem = `left as others have set it meanwhile: ${kept.join(', ')}`;
  const message = `Deployment ${object.metadata.name}: ${problem}`;
  return { operations, status: report(world, status, 'CandidateReady', 'False', 'RestoreConflict', message), problem };
}

function isJournal(journal: Journal | 'unreadable' | undefined): journal is Journal {
  return journal !== undefined && journal !== 'unreadable';
}
