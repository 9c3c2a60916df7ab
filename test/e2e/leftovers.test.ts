import { expect, test } from 'vitest';
import { marks } from '../../e2e/leftovers.ts';

const object = (kind: string, name: string, more: object, metadata: object = {}) => ({
  kind,
  metadata: { name, namespace: 'shop', ...metadata },
  ...more,
});

test.each([
  [
    'a journal',
    object('ConfigMap', 'envoy', {}, { annotations: { 'mirroring.dev/journal': '{}', other: 'x' } }),
    ['ConfigMap shop/envoy: annotation mirroring.dev/journal'],
  ],
  [
    'a restart’s trace in a pod template',
    object('Deployment', 'front', {
      spec: { template: { metadata: { annotations: { 'mirroring.dev/config-hash': 'restored-1' } } } },
    }),
    ['Deployment shop/front: annotation mirroring.dev/config-hash'],
  ],
  ['evidence', object('ConfigMap', 'v2-evidence', {}), ['ConfigMap shop/v2-evidence: evidence']],
  [
    'a finalizer',
    object('Secret', 'x', {}, { finalizers: ['mirroring.dev/restore', 'other'] }),
    ['Secret shop/x: finalizer mirroring.dev/restore'],
  ],
  [
    'an aggregated rule',
    {
      kind: 'ClusterRole',
      metadata: { name: 'edit' },
      rules: [{ apiGroups: ['apps'] }, { apiGroups: ['mirroring.dev'] }],
    },
    ['ClusterRole edit: a rule for mirroring.dev'],
  ],
])('tells of %s', (_, left, expected) => {
  expect(marks(left)).toEqual(expected);
});

test('does not tell of the objects of others, nor of the history of a Deployment', () => {
  const history = {
    spec: { template: { metadata: { annotations: { 'mirroring.dev/config-hash': 'x' } } } },
  };
  expect(marks(object('ReplicaSet', 'front-1', history))).toEqual([]);
  expect(marks(object('ConfigMap', 'envoy', { data: { a: 'mirroring.dev' } }, { annotations: { a: 'b' } }))).toEqual(
    [],
  );
});
