import { finalizer, group, plural, version } from '../../api/names.ts';
import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import type { Experiments } from '../../engine/ports/experiments.ts';
import type { ApiClient } from './apiClient.ts';
import { listAll } from './listAll.ts';
import { resourcePath } from './objects.ts';
import { setFinalizer } from './setFinalizer.ts';

export interface ExperimentList {
  /** All experiments as they are now. Throws a ClusterError. */
  list(signal: AbortSignal): Promise<readonly KubernetesObject[]>;
  /** As the operator's, but an experiment without our finalizer goes on without: it is not kept by who only ends it. */
  readonly withFinalizer: Experiments['withFinalizer'];
  readonly letGo: Experiments['letGo'];
}

/** The experiments without a watch, for a program that looks once. `namespace` undefined: of all namespaces. */
export function createExperimentList(api: ApiClient, namespace: string | undefined): ExperimentList {
  const letGo: Experiments['letGo'] = ({ metadata }) => {
    const path = resourcePath(group, version, plural, metadata.namespace, metadata.name);
    return setFinalizer(api, path, { finalizer, present: false, uid: metadata.uid });
  };
  return {
    letGo,
    list: async (signal) => (await listAll(api, resourcePath(group, version, plural, namespace), signal)).items,
    withFinalizer: async (experiment, restore) => {
      const fields: unknown = experiment.metadata;
      const { deletionTimestamp, finalizers } = isRecord(fields) ? fields : {};
      if (deletionTimestamp === undefined) return 'continue';
      if (!Array.isArray(finalizers) || !finalizers.includes(finalizer)) return 'handled';
      if ((await restore()) === 'pending') return 'pending';
      await letGo(experiment);
      return 'handled';
    },
  };
}
