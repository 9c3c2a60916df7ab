import fc from 'fast-check';
import { expect, it } from 'vitest';
import { requestLabels } from '../../../src/adapters/kubernetes/requestLabels.ts';

const CUSTOM = '/apis/mirroring.dev/v1alpha1';

it.each([
  ['GET', `${CUSTOM}/mirrorexperiments`, {}, 'list mirrorexperiments'],
  ['GET', `${CUSTOM}/mirrorexperiments`, { watch: 'true' }, 'watch mirrorexperiments'],
  ['GET', `${CUSTOM}/namespaces/shop/mirrorexperiments`, { limit: '500' }, 'list mirrorexperiments'],
  ['PUT', `${CUSTOM}/namespaces/shop/mirrorexperiments/x/status`, {}, 'update mirrorexperiments/status'],
  ['PATCH', '/apis/apps/v1/namespaces/shop/deployments/books', {}, 'patch deployments'],
  ['GET', '/api/v1/namespaces/shop/configmaps/envoy', {}, 'get configmaps'],
  ['POST', '/api/v1/namespaces/shop/events', {}, 'create events'],
  ['DELETE', '/apis/coordination.k8s.io/v1/namespaces/own/leases/x', {}, 'delete leases'],
  ['GET', '/api/v1/namespaces/shop/secrets/x', {}, 'get other'],
  ['GET', '/version', {}, 'list other'],
] as const)('%s %s %j is %s', (method, path, query, expected) => {
  const { verb, resource } = requestLabels({ method, path, query });
  expect(`${verb} ${resource}`).toBe(expected);
});

it('tells whose object is written, for spans', () => {
  const request = { method: 'PATCH', path: '/apis/apps/v1/namespaces/shop/deployments/books' } as const;
  expect(requestLabels(request)).toMatchObject({ namespace: 'shop', name: 'books' });
});

it('has few values, whatever the path', () => {
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
  fc.assert(
    fc.property(method, fc.array(fc.string()), (verb, parts) => {
      const labels = requestLabels({ method: verb, path: `/api/v1/${parts.join('/')}` });
      expect(labels.resource).toMatch(/^(other|[a-z]+(\/status)?)$/);
    }),
  );
});
