import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';
import type { ApiClient } from './apiClient.ts';
import { resourcePath, toKubernetesObject } from './objects.ts';

const PAGE = 100;
const MOST_PAGES = 5;

/** The first 500 pods of a namespace that a label selector selects. Throws a ClusterError. */
export async function listPods(
  api: Pick<ApiClient, 'request'>,
  namespace: string,
  labelSelector: string,
): Promise<readonly KubernetesObject[]> {
  const path = resourcePath('', 'v1', 'pods', namespace);
  const pods: KubernetesObject[] = [];
  let next = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { labelSelector, limit: String(PAGE), ...(next !== '' && { continue: next }) };
    const answer = await api.request({ method: 'GET', path, query });
    if (!isRecord(answer) || !Array.isArray(answer.items)) {
      throw new ClusterError('Unavailable', `GET ${path}: the answer is not a list; is this the API server?`);
    }
    // Items of a list do not carry the kind that the list has.
    pods.push(...answer.items.map((item) => toKubernetesObject({ ...item, apiVersion: 'v1', kind: 'Pod' })));
    next = isRecord(answer.metadata) && typeof answer.metadata.continue === 'string' ? answer.metadata.continue : '';
    if (next === '') break;
  }
  return pods;
}
