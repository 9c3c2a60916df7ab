import type { ExperimentIdentity } from '../../api/experiment.ts';
import { finalizer } from '../../api/names.ts';
import { begin } from './begin.ts';
import { conclude } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { finish } from './finish.ts';
import { leave } from './leave.ts';
import { isCondition } from './report.ts';
import { restoreUnrecorded } from './restoreUnrecorded.ts';
import { ownJournal } from './run.ts';
import type { World } from './world.ts';

/**
 * The end of an experiment that no operator attends to: a run that has changed anything gets the verdict Inconclusive, and
 * everything is restored as the operator would. One that is being deleted is let go. A former run is restored, and the new
 * spec left to the operator. What has changed nothing is left as it is: a queue goes on when an operator is back.
 * @param absence who was absent, and for how long
 */
export function endWithoutOperator(world: World, absence: string): Decision {
  const { status } = world.experiment;
  const step = next(world, absence);
  return step.next === undefined ? { status, next: { kind: 'done' } } : step;
}

/** False when there is nothing to end, whatever the objects of the experiment look like: for a first look, without them. */
export function mayNeedEnd({ status, deletionTimestamp, finalizers }: ExperimentIdentity): boolean {
  if (deletionTimestamp !== undefined) return finalizers.includes(finalizer);
  // The targets are listed before the first of them is changed.
  return (status.targets ?? []).length > 0 && !isCondition(status, 'Complete', 'True');
}

/** True when there is something to end. */
export function needsEnd(world: World): boolean {
  const { experiment, objects } = world;
  const { status } = experiment;
  if (!mayNeedEnd(experiment)) return false;
  return (
    experiment.deletionTimestamp !== undefined ||
    status.verdict !== undefined ||
    status.targets?.some(({ patched }) => patched) === true ||
    objects.some((object) => ownJournal(experiment, object) !== undefined) ||
    restoreUnrecorded(world, status, experiment.spec).next !== undefined
  );
}

function next(world: World, absence: string): Step {
  const { experiment } = world;
  const { status } = experiment;
  if (!needsEnd(world)) return { status };
  if (experiment.deletionTimestamp !== undefined) return leave(world, status);
  if (status.observedGeneration !== experiment.generation) return begin(world, status);
  if (status.verdict === undefined) return conclude(world, status, 'Inconclusive', 'OperatorAbsent', absence);
  return finish(world, status);
}
