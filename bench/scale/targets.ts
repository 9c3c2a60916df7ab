import type { ApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { startReflector } from '../../src/adapters/kubernetes/reflector.ts';
import { startWatch } from '../../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { recordAt, recordsAt } from '../../src/core/kubernetes/fields.ts';
import type { Log } from '../../src/engine/ports/log.ts';

/** What people would see of the experiments, and of what they patch. Keys are namespace/name. */
export interface WatchedTargets {
  readonly experiments: ReadonlyMap<string, Seen>;
  /** Keys of the ConfigMaps that have the mirror. */
  readonly mirroring: ReadonlySet<string>;
  stop(): Promise<unknown>;
}

/** Of an experiment. */
export interface Seen {
  readonly hasFinalizer: boolean;
  /** Its mirror is compared, and its live version watched: it has begun all that it does. */
  readonly isUnderWay: boolean;
}

export function watchTargets(api: ApiClient, log: Log): WatchedTargets {
  const options = { api, clock: systemClock, log };
  const path = '/apis/mirroring.dev/v1alpha1/mirrorexperiments';
  const experiments = new Map<string, Seen>();
  const reflector = startReflector({
    ...options,
    path,
    onEvent: (event, object) => {
      const { namespace, name } = object.metadata;
      const { finalizers = [] } = object.metadata as { finalizers?: readonly string[] };
      const status = recordAt(object, 'status');
      const isWatched = recordsAt(status, 'conditions').some(
        ({ type, status }) => type === 'LiveHealthy' && status === 'True',
      );
      const isUnderWay = isWatched && status?.lastAnalysisTime !== undefined;
      if (event === 'DELETED') experiments.delete(`${namespace}/${name}`);
      else experiments.set(`${namespace}/${name}`, { hasFinalizer: finalizers.length > 0, isUnderWay });
    },
  });
  const mirroring = new Set<string>();
  const configMaps = startWatch({
    ...options,
    path: '/api/v1/configmaps',
    begin: async () => '',
    onEvent: (_type, { metadata, data }) => {
      const key = `${metadata.namespace}/${metadata.name}`;
      if (JSON.stringify(data).includes('request_mirror_policies')) mirroring.add(key);
      else mirroring.delete(key);
    },
  });
  return {
    experiments,
    mirroring,
    stop: () => Promise.all([reflector.stop(), configMaps.stop()]),
  };
}
