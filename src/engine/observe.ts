import { type Experiment, type ParseResult, parseExperiment } from '../api/experiment.ts';
import type { KubernetesObject, ObjectRef } from '../core/kubernetes/object.ts';
import { refsToRead } from '../core/lifecycle/run.ts';
import type { LifecycleSettings, World } from '../core/lifecycle/world.ts';
import type { Cluster } from './ports/cluster.ts';

/** The world as a decision needs it, read from the API server now. */
export async function observe(
  experiment: Experiment,
  known: readonly KubernetesObject[],
  cluster: Cluster,
  now: number,
  settings: LifecycleSettings,
): Promise<World> {
  return {
    now,
    experiment,
    objects: await readAll(refsToRead(experiment), cluster),
    others: othersOf(experiment, known),
    answers: {},
    settings,
  };
}

/** Those of the objects that exist. */
export async function readAll(refs: readonly ObjectRef[], cluster: Cluster): Promise<readonly KubernetesObject[]> {
  const objects = await Promise.all(refs.map((ref) => cluster.read(ref)));
  return objects.filter((object) => object !== undefined);
}

function othersOf(experiment: Experiment, known: readonly KubernetesObject[]): readonly Experiment[] {
  return known.filter(({ metadata }) => metadata.uid !== experiment.uid).flatMap((object) => parsed(object) ?? []);
}

/** The watch hands out the same object until the experiment changes, so that each is parsed once. */
function parsed(object: KubernetesObject): Experiment | undefined {
  const known = PARSED.get(object);
  if (known !== undefined) return known.kind === 'experiment' ? known.experiment : undefined;
  PARSED.set(object, parseExperiment(object));
  return parsed(object);
}

const PARSED = new WeakMap<KubernetesObject, ParseResult>();
