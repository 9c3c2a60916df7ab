import { parseExperiment } from '../../api/experiment.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import { type Standing, standingOf } from '../status/stage.ts';
import { awaitedObjects } from './awaitedObjects.ts';

/** What has to be known of every experiment at any time, so that the whole of it need not be. */
export interface Outline {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Changes with what others decide (a spec, a deletion), and not with what the operator writes. */
  readonly revision: string;
  readonly standing: Standing;
  /** Objects whose change the experiment may be waiting for. */
  readonly awaited: readonly ObjectRef[];
}

export function outlineOf(object: KubernetesObject): Outline {
  const { namespace, name, uid, generation } = object.metadata;
  const { deletionTimestamp = '' } = object.metadata as { deletionTimestamp?: string };
  const parsed = parseExperiment(object);
  return {
    ...{ namespace, name, uid },
    revision: `${uid}/${generation}/${deletionTimestamp}`,
    standing: standingOf(object),
    awaited: parsed.kind === 'experiment' ? awaitedObjects(parsed.experiment) : [],
  };
}
