import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Step } from './decision.ts';
import { restoreNext } from './restore.ts';
import { ownJournal } from './run.ts';
import type { RestoreWorld } from './world.ts';

/** A deleted experiment restores everything, then lets go. It waits for no rollout: the controllers go on without us. */
export function leave(world: RestoreWorld, status: MirrorExperimentStatus): Step {
  const restored = restoreNext(world, status, (object) => ownJournal(world.experiment, object) !== undefined);
  return restored.next === undefined ? { status, next: { kind: 'release' } } : restored;
}
