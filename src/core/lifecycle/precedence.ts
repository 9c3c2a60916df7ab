import type { Experiment } from '../../api/experiment.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type JournalOwner, readJournal } from '../mirror/journal.ts';
import { hasEnded } from './hasEnded.ts';
import { isCondition } from './report.ts';
import { refOf, sameRef, targetRefs } from './run.ts';

/**
 * The experiment that has to finish before this one may begin: an older one that is not complete and uses one of the same
 * objects, or whichever has changed one of them already. One Envoy file, one Deployment, one Service that receives copies:
 * one experiment at a time.
 */
export function blockedBy(
  experiment: Experiment,
  others: readonly Experiment[],
  objects: readonly KubernetesObject[],
): { readonly name: string; readonly object: string } | undefined {
  const refs = targetRefs(experiment);
  for (const object of objects) {
    const owner = foreignOwner(experiment, object);
    if (owner !== undefined && others.some((other) => other.uid === owner.uid)) {
      return { name: owner.name, object: `${object.kind} ${object.metadata.name}` };
    }
  }
  for (const other of [...others].sort(byAge)) {
    if (hasEnded(other)) continue;
    const isOlder = byAge(other, experiment) < 0;
    // Copies of another experiment would be judged as this one's until the last of them has come.
    const service = other.spec.mirror.service;
    if (service === experiment.spec.mirror.service && (isOlder || mayMirror(other))) {
      return { name: other.name, object: `Service ${service}` };
    }
    if (!isOlder || other.deletionTimestamp !== undefined) continue;
    const shared = targetRefs(other).find((ref) => refs.some((each) => sameRef(each, ref)));
    if (shared !== undefined) return { name: other.name, object: `${shared.kind} ${shared.name}` };
  }
  return undefined;
}

/** A Service carries no journal: the status tells of a run that was accepted, of this spec or of the one before. */
function mayMirror({ status }: Experiment): boolean {
  return isCondition(status, 'Accepted', 'True') && status.observedGeneration !== 0;
}

/** Objects that an experiment has left patched which is there no more (its finalizer was taken off by hand). */
export function isAbandoned(experiment: Experiment, others: readonly Experiment[], object: KubernetesObject): boolean {
  const owner = foreignOwner(experiment, object);
  return (
    owner !== undefined &&
    targetRefs(experiment).some((ref) => sameRef(ref, refOf(object))) &&
    others.every((other) => other.uid !== owner.uid)
  );
}

/** The run of another experiment that has changed the object. */
export function foreignOwner(experiment: Experiment, object: KubernetesObject): JournalOwner | undefined {
  const journal = readJournal(object);
  if (journal === undefined || journal === 'unreadable' || journal.owner.uid === experiment.uid) return undefined;
  return journal.owner;
}

/** By creation, which the API server tells in whole seconds; within one, by name, so that people can foresee it. */
function byAge(a: Experiment, b: Experiment): number {
  return a.creationTimestamp - b.creationTimestamp || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}
