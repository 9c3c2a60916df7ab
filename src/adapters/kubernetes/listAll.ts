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

/** All objects of a collection as of one resourceVersion, read in pages (of 500, as client-go does). Throws a ClusterError. */
export async function listAll(
  api: Pick<ApiClient, 'request'>,
  path: string,
  signal: AbortSignal,
  pageSize = 500,
): Promise<ObjectList> {
  try {
    return await readPages(api, path, signal, pageSize);
  } catch (error) {
    // The version that the pages belong to was compacted before the last one was read.
    if (error instanceof ApiError && error.code === 410) return readPages(api, path, signal, 0);
    throw error;
  }
}

async function readPages(
  api: Pick<ApiClient, 'request'>,
  path: string,
  signal: AbortSignal,
  limit: number,
): Promise<ObjectList> {
  const items: KubernetesObject[] = [];
  let next = '';
  for (;;) {
    const query = { ...(limit > 0 && { limit: String(limit) }), ...(next !== '' && { continue: next }) };
    const page = await api.request({ method: 'GET', path, query, signal });
    const metadata = isRecord(page) ? page.metadata : undefined;
    const resourceVersion = isRecord(metadata) ? metadata.resourceVersion : undefined;
    if (!isRecord(page) || !Array.isArray(page.items) || typeof resourceVersion !== 'string') {
      throw new ClusterError('Unavailable', `GET ${path}: the answer is not a list; is this the API server?`);
    }
    items.push(...page.items.map(toKubernetesObject));
    next = isRecord(metadata) && typeof metadata.continue === 'string' ? metadata.continue : '';
    if (next === '') return { items, resourceVersion };
  }
}
