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
  const steps: Steps = world.experiment.deletionTimestamp
    ? [leave]
    : [begin, finish, keepTime, accept, guardLive, prepareCandidate, switchMirroring, ramp, awaitCopies, analyse];
  return wakeForGuard(world, follow(steps, world, world.experiment.status));
}

type Steps = readonly ((world: World, status: MirrorExperimentStatus) => Step)[];

function follow(steps: Steps, world: World, before: MirrorExperimentStatus): Decision {
  let status = before;
  for (const [index, step] of steps.entries()) {
    const result = step(world, status);
    if (result.next !== undefined) {
      return step === guardLive ? withNext(result, () => follow(steps.slice(index + 1), world, status)) : result;
    }
    status = result.status;
  }
  return { status, next: { kind: 'done' } };
}

/** What is going to be asked after the guard's question is asked with it: a look takes half the time then. */
function withNext(decision: Decision, follow: () => Decision): Decision {
  if (decision.next.kind !== 'ask' || decision.next.ask.what !== 'guard') return decision;
  const { next } = follow();
  if (next.kind !== 'ask' || next.ask.what !== 'read') return decision;
  const { ask, question } = next;
  return { ...decision, next: { ...decision.next, also: { ask, question } } };
}
