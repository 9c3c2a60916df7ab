import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { accept } from './accept.ts';
import { analyse } from './analyse.ts';
import { awaitCopies } from './awaitCopies.ts';
import { begin } from './begin.ts';
import type { Decision, Step } from './decision.ts';
import { finish } from './finish.ts';
import { guardLive, wakeForGuard } from './guardLive.ts';
import { keepTime } from './keepTime.ts';
import { leave } from './leave.ts';
import { prepareCandidate } from './prepareCandidate.ts';
import { ramp } from './ramp.ts';
import { switchMirroring } from './switchMirroring.ts';
import type { World } from './world.ts';

/**
 * The life of an experiment: accepted, candidate prepared, mirroring switched on, copies seen, analysed until there is a
 * verdict, restored; and from the switch on live is guarded, whatever the other steps wait for. Level-triggered: the step
 * is found from the world as it is, never from memory, so that the operator may end after any write and go on from there.
 */
export function decide(world: World): Decision {
  const steps: readonly ((world: World, status: MirrorExperimentStatus) => Step)[] = world.experiment.deletionTimestamp
    ? [leave]
    : [begin, finish, keepTime, accept, guardLive, prepareCandidate, switchMirroring, ramp, awaitCopies, analyse];
  let status = world.experiment.status;
  for (const step of steps) {
    const result = step(world, status);
    if (result.next !== undefined) return wakeForGuard(world, result);
    status = result.status;
  }
  return { status, next: { kind: 'done' } };
}
