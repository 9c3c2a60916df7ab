import { type Experiment, type ParseResult, parseExperiment } from '../api/experiment.ts';
import type { KubernetesObject, ObjectRef } from '../core/kubernetes/object.ts';
import { candidateSelector } from '../core/lifecycle/candidatePods.ts';
import { isAccepted } from '../core/lifecycle/report.ts';
import { refsToRead } from '../core/lifecycle/run.ts';
import type { CandidatePods, LifecycleSettings, World } from '../core/lifecycle/world.ts';
import { ClusterError, type KnownObjects } from './ports/cluster.ts';

/**
 * The world as a decision needs it, as `cluster` reads it.
 * @param known the experiments of its namespace
 */
export async function observe(
  experiment: Experiment,
  known: () => readonly KubernetesObject[],
  cluster: KnownObjects,
  now: number,
  settings: LifecycleSettings,
): Promise<World> {
  const objects = await readAll(refsToRead(experiment), cluster);
  return {
    now,
    experiment,
    objects,
    others: isAccepted(experiment) ? [] : othersOf(experiment, known()),
    candidatePods: await readCandidatePods(experiment, objects, cluster),
    answers: {},
    settings,
  };
}

/** Pods tell why a run gets on or not; one that cannot read them goes on, and above all it ends and restores. */
async function readCandidatePods(
  experiment: Experiment,
  objects: readonly KubernetesObject[],
  cluster: KnownObjects,
): Promise<CandidatePods | undefined> {
  const selector = candidateSelector(experiment, objects);
  if (selector === undefined) return undefined;
  try {
    return { ok: true, pods: await cluster.listPods(experiment.namespace, selector) };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { ok: false, message: error.message };
  }
}

/** Those of the objects that exist. */
export async function readAll(
  refs: readonly ObjectRef[],
  cluster: Pick<KnownObjects, 'read'>,
): Promise<readonly KubernetesObject[]> {
  const objects = await Promise.all(refs.map((ref) => cluster.read(ref)));
  return objects.filter((object) => object !== undefined);
}

function othersOf(experiment: Experiment, known: readonly KubernetesObject[]): readonly Experiment[] {
  return known.filter(({ metadata }) => metadata.uid !== experiment.uid).flatMap((object) => parsed(object) ?? []);
}

/** The experiment, if it is valid. As long as somebody holds the object it is the same one, and parsed once. */
export function parsed(object: KubernetesObject): Experiment | undefined {
  const known = PARSED.get(object);
  if (known !== undefined) return known.kind === 'experiment' ? known.experiment : undefined;
  PARSED.set(object, parseExperiment(object));
  return parsed(object);
}

const PARSED = new WeakMap<KubernetesObject, ParseResult>();
