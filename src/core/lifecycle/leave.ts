import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Step } from './decision.ts';
import { relyOnJournals, restartAgain, restoreNext } from './restore.ts';
import { ownJournal } from './run.ts';
import type { World } from './world.ts';

/** A deleted experiment restores everything, then lets go. It waits for no rollout: the controllers go on without us. */
export function leave(world: World, status: MirrorExperimentStatus): Step {
  const marked = relyOnJournals(world, status);
  if (marked.targets?.some((target, index) => target.patched !== status.targets?.[index]?.patched)) {
    return { status: marked, next: { kind: 'save' } };
  }
  const restored = restoreNext(world, status, (object) => ownJournal(world.experiment, object) !== undefined);
  if (restored.next !== undefined) return restored;
  const restarted = restartAgain(world, status);
  return restarted.next === undefined ? { status, next: { kind: 'release' } } : restarted;
}
