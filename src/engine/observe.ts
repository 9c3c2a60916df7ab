import { type Experiment, parseExperiment } from '../api/experiment.ts';
import type { KubernetesObject } from '../core/kubernetes/object.ts';
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
  const objects = await Promise.all(refsToRead(experiment).map((ref) => cluster.read(ref)));
  return {
    now,
    experiment,
    objects: objects.filter((object) => object !== undefined),
    others: othersOf(experiment, known),
    answers: {},
    settings,
  };
}

function othersOf(experiment: Experiment, known: readonly KubernetesObject[]): readonly Experiment[] {
  return known
    .filter(({ metadata }) => metadata.uid !== experiment.uid)
    .flatMap((object) => {
      const parsed = parseExperiment(object);
      return parsed.kind === 'experiment' ? [parsed.experiment] : [];
    });
}
