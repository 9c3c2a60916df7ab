import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Decision } from './decision.ts';
import type { World } from './world.ts';

/**
 * Has the time stored before the first change of the Envoy configuration is written, because an operator that ends right
 * after the write must still know what was before. Undefined: it is stored and the write may follow.
 */
export function recordSwitchOn(world: World, status: MirrorExperimentStatus): Decision | undefined {
  const recorded = Date.parse(status.switchOnTime ?? '');
  // A write that was held up for longer has not been before that time: what live did meanwhile belongs to the baseline.
  if (Math.abs(world.now - recorded) <= HELD_UP) return undefined;
  return { status: { ...status, switchOnTime: timestamp(world.now) }, next: { kind: 'save' } };
}

/** Milliseconds; much more than a write takes, so that recording it anew comes to an end. */
const HELD_UP = 60_000;
