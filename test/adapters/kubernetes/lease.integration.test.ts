import { expect, it, onTestFinished } from 'vitest';
import { createLease } from '../../../src/adapters/kubernetes/lease.ts';
import { release } from '../../../src/engine/leadership.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { connectTo } from '../../support/kubernetes.ts';

const { signal } = new AbortController();
const record = { holder: 'a_1', durationSeconds: 15, acquireTime: 1_700_000_000_123, renewTime: 1_700_000_001_456 };
const first = { ...record, transitions: 0 };

async function open() {
  const namespace = await testNamespace();
  const { api } = connectTo(testCluster().kubeconfig);
  onTestFinished(() => api.close());
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return { api, path, lease: createLease({ api, namespace, name: 'x' }) };
}

it('reads back what it has written, to the millisecond', async () => {
  const { lease } = await open();
  expect(await lease.read(signal)).toBeUndefined();
  const created = await lease.write(first, undefined, signal);
  expect(created.record).toEqual(first);
  expect(await lease.read(signal)).toEqual(created);
  const released = await lease.write(release(first, 1_700_000_002_000), created.resourceVersion, signal);
  expect((await lease.read(signal))?.record).toMatchObject({ holder: '', durationSeconds: 1 });
  expect(released.resourceVersion).not.toBe(created.resourceVersion);
});

it('lets one of two win, whether they create or update', async () => {
  const { lease } = await open();
  const won = await lease.write(first, undefined, signal);
  await expect(lease.write(first, undefined, signal)).rejects.toMatchObject({ kind: 'Conflict' });
  const rivals = ['b', 'c', 'd'].map((holder) => lease.write({ ...first, holder }, won.resourceVersion, signal));
  const results = await Promise.allSettled(rivals);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
});

it('keeps the labels and annotations of others', async () => {
  const { api, path, lease } = await open();
  const { resourceVersion } = await lease.write(first, undefined, signal);
  const contentType = 'application/merge-patch+json';
  const metadata = { labels: { team: 'books' }, annotations: { note: 'x' } };
  await api.request({ method: 'PATCH', path: `${path}/x`, contentType, body: { metadata } });
  await expect(lease.write(first, resourceVersion, signal)).rejects.toMatchObject({ kind: 'Conflict' });
  const now = await lease.read(signal);
  await lease.write({ ...first, transitions: 1 }, now?.resourceVersion, signal);
  expect(await api.request({ method: 'GET', path: `${path}/x` })).toMatchObject({
    metadata,
    spec: { leaseTransitions: 1 },
  });
});

it('takes a Lease that says nothing for one that nobody holds', async () => {
  const { api, path, lease } = await open();
  const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'x' } };
  await api.request({ method: 'POST', path, body });
  expect((await lease.read(signal))?.record).toEqual({
    holder: '',
    durationSeconds: undefined,
    acquireTime: undefined,
    renewTime: undefined,
    transitions: 0,
  });
});
