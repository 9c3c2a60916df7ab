import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { toKubernetesObject } from './objects.ts';

export interface ObjectList {
  readonly items: readonly KubernetesObject[];
  readonly resourceVersion: string;
}

/** client-go's page size. */
const pageSize = 500;

/** All objects of a collection as of one resourceVersion, read in pages. Throws a ClusterError. */
export async function listAll(api: ApiClient, path: string, signal: AbortSignal): Promise<ObjectList> {
  try {
    return await readPages(api, path, signal, pageSize);
  } catch (error) {
    // The version that the pages belong to was compacted before the last one was read.
    if (error instanceof ApiError && error.code === 410) return readPages(api, path, signal, 0);
    throw error;
  }
}

async function readPages(api: ApiClient, path: string, signal: AbortSignal, limit: number): Promise<ObjectList> {
  const items: KubernetesObject[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...(limit > 0 && { limit: String(limit) }), ...(next !== undefined && { continue: next }) };
    const page = await api.request({ method: 'GET', path, query, signal });
    const metadata = isRecord(page) ? page.metadata : undefined;
    if (!isRecord(page) || !Array.isArray(page.items) || !isRecord(metadata)) {
      throw new ClusterError('Unavailable', `GET ${path}: the answer is not a list; is this the API server?`);
    }
    items.push(...page.items.map(toKubernetesObject));
    next = typeof metadata.continue === 'string' && metadata.continue !== '' ? metadata.continue : undefined;
    if (next === undefined) return { items, resourceVersion: String(metadata.resourceVersion) };
  }
}
