import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { Decision } from './decision.ts';
import { foreignOwner } from './precedence.ts';
import type { World } from './world.ts';

/**
 * Two experiments that were accepted in the same moment can meet at an object. Whoever finds the other's changes there
 * starts over: it restores what it has patched and waits for its turn, so that neither waits while it holds something.
 */
export function yieldTo(world: World, status: MirrorExperimentStatus, object: KubernetesObject): Decision | undefined {
  if (foreignOwner(world.experiment, object) === undefined) return undefined;
  // A status without a generation is a run that has not begun: its first step restores what an earlier one has left.
  const { observedGeneration: _, ...rest } = status;
  return { status: { ...rest, observedGeneration: 0 }, next: { kind: 'save' } };
}
