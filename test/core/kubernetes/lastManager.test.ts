import { expect, it } from 'vitest';
import { lastManager } from '../../../src/core/kubernetes/lastManager.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';

const KEY = [['f:data', 'f:envoy.yaml']];
const data = { 'f:data': { 'f:envoy.yaml': {} } };
const label = { 'f:metadata': { 'f:labels': { 'f:team': {} } } };

it('is who owns the field now, not who has put a label on later', () => {
  const object = written(
    { manager: 'argocd-controller', time: '2026-01-01T00:00:01Z', fieldsV1: data },
    { manager: 'kubectl-label', time: '2026-01-01T00:00:02Z', fieldsV1: label },
  );
  expect(lastManager(object, 'mirror-experiment', KEY)).toBe('argocd-controller');
});

it('is who wrote last where nobody owns the field, apart from us and from controllers', () => {
  const object = written(
    { manager: 'first', time: '2026-01-01T00:00:01Z', fieldsV1: label },
    { manager: 'second', time: '2026-01-01T00:00:02Z', fieldsV1: label },
    { manager: 'kube-controller-manager', time: '2026-01-01T00:00:03Z', subresource: 'status' },
    { manager: 'mirror-experiment', time: '2026-01-01T00:00:04Z', fieldsV1: data },
  );
  expect(lastManager(object, 'mirror-experiment', KEY)).toBe('second');
});

it('is nobody where the API server does not say', () => {
  expect(lastManager(written(), 'mirror-experiment', KEY)).toBeUndefined();
});

function written(...managedFields: NonNullable<KubernetesObject['metadata']['managedFields']>): KubernetesObject {
  const metadata = { name: 'c', namespace: 'n', uid: 'u', resourceVersion: '1', managedFields };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}
