import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { planCandidateRestore } from '../mirror/candidate.ts';
import { planMirrorOff } from '../mirror/configMap.ts';
import { type Journal, readJournal } from '../mirror/journal.ts';
import { planRestartRestore } from '../mirror/restart.ts';
import type { Step } from './decision.ts';
import { report } from './report.ts';
import { refOf } from './run.ts';
import type { RestoreWorld } from './world.ts';

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
  const ref = refOf(object);
  const plan = planRestore(object, journal);
  const described =
    plan.problem === undefined
      ? status
      : report(world, status, 'Mirroring', 'False', 'RestoreConflict', `${ref.kind} ${ref.name}: ${plan.problem}`);
  return {
    status: {
      ...described,
      ...(described.targets !== undefined && {
        targets: described.targets.map((target) =>
          target.kind === ref.kind && target.name === ref.name ? { ...target, patched: false } : target,
        ),
      }),
    },
    next: {
      kind: 'patch',
      ref,
      resourceVersion: object.metadata.resourceVersion,
      operations: plan.operations,
      purpose: `restore ${ref.kind} ${ref.name}`,
    },
  };
}

const restoreOrder = { envoy: 0, restart: 1, candidate: 2 } as const;

function planRestore(
  object: KubernetesObject,
  journal: Journal,
): { operations: readonly JsonPatchOperation[]; problem?: string } {
  const { change } = journal;
  if (change.type === 'restart') return { operations: planRestartRestore(object) };
  if (change.type === 'envoy') {
    const plan = planMirrorOff(object, change.files);
    return { operations: plan.operations, ...(plan.conflict !== undefined && { problem: plan.conflict }) };
  }
  const plan = planCandidateRestore(object, change.fields);
  return {
    operations: plan.operations,
    ...(plan.kept.length > 0 && { problem: `left as others have set it meanwhile: ${plan.kept.join(', ')}` }),
  };
}

function isJournal(journal: Journal | 'unreadable' | undefined): journal is Journal {
  return journal !== undefined && journal !== 'unreadable';
}
