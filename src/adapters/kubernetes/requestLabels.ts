import type { ApiRequest } from './apiClient.ts';

/** Verb and resource of a request, as the API server's own metrics and audit log name them. */
export interface RequestLabels {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';
  /** With the subresource, such as mirrorexperiments/status; `other` for what the operator has no business with. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export function requestLabels({ method, path, query }: Pick<ApiRequest, 'method' | 'path' | 'query'>): RequestLabels {
  // /api/v1/..., /apis/GROUP/VERSION/...
  const parts = path.split('/').filter((part) => part !== '');
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, subresource] = namespaced ? rest.slice(2) : rest;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  return {
    verb: verbOf(method, name !== undefined, query),
    resource: KNOWN.has(resource) ? resource : 'other',
    namespace: namespaced ? rest[1] : undefined,
    name,
  };
}

function verbOf(method: ApiRequest['method'], isNamed: boolean, query: ApiRequest['query']): RequestLabels['verb'] {
  if (method !== 'GET') return VERBS[method];
  if (query?.watch === 'true' || query?.watch === '1') return 'watch';
  return isNamed ? 'get' : 'list';
}

const VERBS = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const;

/** What the operator has rights to. Bounds the label of the metric, whatever a path may hold. */
const KNOWN: ReadonlySet<string> = new Set([
  ...['mirrorexperiments', 'mirrorexperiments/status', 'configmaps', 'services', 'pods', 'events', 'leases'],
  ...['deployments', 'daemonsets', 'statefulsets', 'replicasets'],
]);
