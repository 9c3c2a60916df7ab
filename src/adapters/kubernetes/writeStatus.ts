import { fieldManager } from '../../api/names.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import type { ApiClient } from './apiClient.ts';
import { toKubernetesObject } from './objects.ts';

export interface StatusWrite {
  /** replace: the status becomes this one; merge: a JSON Merge Patch (RFC 7386) of it. */
  readonly how: 'replace' | 'merge';
  /** Path of the object. */
  readonly path: string;
  readonly identity: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion: string;
  };
  readonly status: unknown;
}

/**
 * Writes the status subresource of exactly the version in `identity`; nothing else of the object changes. Returns the object
 * as written. Throws a ClusterError: Conflict when the version has moved on, or the object is another one of its name.
 */
export async function writeStatus(
  api: ApiClient,
  { how, path, identity, status }: StatusWrite,
): Promise<KubernetesObject> {
  const { apiVersion, kind, ...metadata } = identity;
  const write =
    how === 'replace'
      ? { method: 'PUT' as const, body: { apiVersion, kind, metadata, status } }
      : {
          method: 'PATCH' as const,
          contentType: 'application/merge-patch+json',
          body: { metadata: { resourceVersion: metadata.resourceVersion }, status },
        };
  return toKubernetesObject(await api.request({ ...write, path: `${path}/status`, query: { fieldManager } }));
}
