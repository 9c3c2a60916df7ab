import type { ApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { startReflector } from '../../src/adapters/kubernetes/reflector.ts';
import { startWatch } from '../../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import type { Log } from '../../src/engine/ports/log.ts';

/** What people would see of the experiments, and of what they patch. Keys are namespace/name. */
export interface WatchedTargets {
  readonly experiments: ReadonlyMap<string, KubernetesObject>;
  /** Keys of the ConfigMaps that have the mirror. */
  readonly mirroring: ReadonlySet<string>;
  stop(): Promise<unknown>;
}

export function watchTargets(api: ApiClient, log: Log): WatchedTargets {
  const options = { api, clock: systemClock, log };
  const path = '/apis/mirroring.dev/v1alpha1/mirrorexperiments';
  const experiments = startReflector({ ...options, path, onEvent: () => {} });
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
    experiments: experiments.objects,
    mirroring,
    stop: () => Promise.all([experiments.stop(), configMaps.stop()]),
  };
}
