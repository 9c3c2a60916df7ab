import { apiVersion, fieldManager, group, kind, plural, version } from '../../api/names.ts';
import type { JsonPatchOperation, KubernetesObject, ObjectRef } from '../../core/kubernetes/object.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { type Cluster, ClusterError } from '../../engine/ports/cluster.ts';
import type { Log } from '../../engine/ports/log.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { listPods } from './listPods.ts';
import { resourcePath, targetPath, toKubernetesObject } from './objects.ts';
import { recordEvent } from './recordEvent.ts';
import { writeStatus } from './writeStatus.ts';

export interface ClusterOptions {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Log;
}

/** The engine's Cluster on a real API server. */
export function createCluster({ api, clock, log }: ClusterOptions): Cluster {
  async function read(ref: ObjectRef): Promise<KubernetesObject | undefined> {
    try {
      return toKubernetesObject(await api.request({ method: 'GET', path: targetPath(ref) }));
    } catch (error) {
      if (error instanceof ClusterError && error.kind === 'NotFound') return undefined;
      throw error;
    }
  }

  async function patch(
    ref: ObjectRef,
    resourceVersion: string,
    operations: readonly JsonPatchOperation[],
  ): Promise<KubernetesObject> {
    // A write that names a version is refused with 409 when that is not the current one. A `test` of it would be
    // refused with 422, as any other failed operation.
    const precondition = { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion };
    try {
      const written = await api.request({
        method: 'PATCH',
        path: targetPath(ref),
        query: { fieldManager },
        contentType: 'application/json-patch+json',
        body: [precondition, ...operations],
      });
      return toKubernetesObject(written);
    } catch (error) {
      if (error instanceof ApiError && error.code === 422) throw await explain(error, ref, resourceVersion, operations);
      throw error;
    }
  }

  /**
   * The operations are tried before the version is compared: one that does not fit the object as it is now (422) may have
   * fitted the version that was read, and then the cause is the conflict.
   */
  async function explain(
    error: ApiError,
    ref: ObjectRef,
    resourceVersion: string,
    operations: readonly JsonPatchOperation[],
  ): Promise<ClusterError> {
    const now = await read(ref);
    const name = `${ref.kind} ${ref.namespace}/${ref.name}`;
    if (now === undefined) return new ClusterError('NotFound', `${name} is gone`, { cause: error });
    if (now.metadata.resourceVersion !== resourceVersion) {
      return new ClusterError('Conflict', `${name} has changed since it was read`, { cause: error });
    }
    // Values stay out of the message: a log may get it.
    const tried = operations.map(({ op, path }) => `${op} ${path}`).join(', ');
    return new ClusterError('Invalid', `${error.message} (tried on ${name}: ${tried})`, { cause: error });
  }

  return {
    read,
    listPods: (namespace, labelSelector) => listPods(api, namespace, labelSelector),
    patch,
    createConfigMap: async (configMap) => {
      await api.request({
        method: 'POST',
        path: resourcePath('', 'v1', 'configmaps', configMap.metadata.namespace),
        query: { fieldManager },
        body: { apiVersion: 'v1', kind: 'ConfigMap', ...configMap },
      });
    },
    writeStatus: ({ namespace, name, uid }, resourceVersion, status) =>
      writeStatus(api, {
        how: 'replace',
        path: resourcePath(group, version, plural, namespace, name),
        identity: { apiVersion, kind, name, namespace, uid, resourceVersion },
        status,
      }),
    recordEvent: (ref, event) => recordEvent({ api, clock, log }, ref, event),
  };
}
