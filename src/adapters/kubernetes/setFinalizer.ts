import { fieldManager } from '../../api/names.ts';
import { isRecord } from '../../api/structuralSchema.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { toKubernetesObject } from './objects.ts';

export interface WantedFinalizer {
  readonly finalizer: string;
  readonly present: boolean;
  /** Of the object that is meant: another one of its name is left alone. */
  readonly uid?: string;
}

const attempts = 5;

/**
 * Adds or removes one finalizer and keeps all others, whoever else changes the list meanwhile: the list is read, changed and
 * written at the version that was read, and read again when that has moved on. To remove a finalizer of an object that is
 * gone is no error. Throws a ClusterError.
 */
export async function setFinalizer(api: ApiClient, path: string, wanted: WantedFinalizer): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await tryOnce(api, path, wanted);
      return;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.kind === 'NotFound' && !wanted.present) return;
      if (error.kind !== 'Conflict' || attempt === attempts) throw error;
    }
  }
}

async function tryOnce(api: ApiClient, path: string, { finalizer, present, uid }: WantedFinalizer): Promise<void> {
  const object: unknown = await api.request({ method: 'GET', path });
  const { metadata } = toKubernetesObject(object);
  if (uid !== undefined && metadata.uid !== uid) {
    if (!present) return;
    throw new ClusterError('NotFound', `${path}: deleted, and another of its name was created`);
  }
  const current = finalizersOf(metadata);
  if (current.includes(finalizer) === present) return;
  if (present && isDeleted(metadata)) throw new ClusterError('Conflict', `${path}: is being deleted`);
  const finalizers = present ? [...current, finalizer] : current.filter((other) => other !== finalizer);
  await api.request({
    method: 'PATCH',
    path,
    query: { fieldManager },
    contentType: 'application/merge-patch+json',
    body: { metadata: { resourceVersion: metadata.resourceVersion, finalizers } },
  });
}

function finalizersOf(metadata: unknown): readonly string[] {
  const finalizers = isRecord(metadata) ? metadata.finalizers : undefined;
  return Array.isArray(finalizers) ? finalizers.filter((one) => typeof one === 'string') : [];
}

function isDeleted(metadata: unknown): boolean {
  return isRecord(metadata) && metadata.deletionTimestamp !== undefined;
}
