import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Step } from './decision.ts';
import { reportOff } from './reportMirrorOff.ts';
import { relyOnJournals, restartAgain, restoreNext } from './restore.ts';
import { reportUnrecordedCandidate, restoreUnrecorded } from './restoreUnrecorded.ts';
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
  const { spec, generation } = world.experiment;
  const unrecorded = restoreUnrecorded(world, status, status.observedGeneration === generation ? spec : undefined);
  if (unrecorded.next !== undefined) return unrecorded;
  const restarted = restartAgain(world, unrecorded.status);
  return restarted.next === undefined
    ? { status: reportOff(world, reportUnrecordedCandidate(world, unrecorded.status)), next: { kind: 'release' } }
    : restarted;
}
