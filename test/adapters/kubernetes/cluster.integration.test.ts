import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCluster } from '../../../src/adapters/kubernetes/cluster.ts';
import { systemClock } from '../../../src/adapters/systemClock.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type Cluster, ClusterError } from '../../../src/engine/ports/cluster.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { experiment } from '../../support/experiments.ts';
import { kubectl } from '../../support/kubectl.ts';
import { type Client, connectTo } from '../../support/kubernetes.ts';
import { startTcpProxy } from '../../support/tcpProxy.ts';

const experiments = '/apis/mirroring.dev/v1alpha1/namespaces';
let client: Client;
let cluster: Cluster;
let namespace: string;

beforeAll(() => {
  client = connectTo(testCluster().kubeconfig);
  cluster = createCluster({ ...client, clock: systemClock });
});

beforeEach(async () => {
  namespace = await testNamespace();
});

async function create(body: { kind: string; metadata: object }, path = `/api/v1/namespaces/${namespace}/configmaps`) {
  return (await client.api.request({ method: 'POST', path, body })) as KubernetesObject;
}

const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'default-sidecar', labels: { team: 'books' }, annotations: { note: 'keep me' } },
  data: { 'envoy.yaml': 'static_resources: {} # ours\n', other: 'x: 1' },
};

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'bookservicemirror' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'mirror' } },
    template: {
      metadata: { labels: { app: 'mirror' } },
      spec: { containers: [{ name: 'bookservice', image: 'readymirroring/bookservice:v1' }] },
    },
  },
};

async function failure(promise: Promise<unknown>): Promise<ClusterError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ClusterError);
  return error as ClusterError;
}

/** What two versions of an object differ in, apart from what the API server itself counts. */
function content({ metadata, ...rest }: KubernetesObject): Record<string, unknown> {
  const { resourceVersion: _, managedFields: __, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

describe('read', () => {
  it('returns the object as the API server has it, as plain JSON', async () => {
    const created = await create(deployment, `/apis/apps/v1/namespaces/${namespace}/deployments`);
    const read = await cluster.read({ kind: 'Deployment', namespace, name: 'bookservicemirror' });
    expect(read).toEqual(created);
    const raw = await kubectl(testCluster().kubeconfig, [
      'get',
      'deployment',
      'bookservicemirror',
      '-n',
      namespace,
      '-o',
      'json',
      '--show-managed-fields',
    ]);
    expect(read).toEqual(JSON.parse(raw.stdout));
    expect(read?.metadata).toHaveProperty('creationTimestamp', expect.any(String));
  });

  it('keeps fields that the definition of the resource does not know here', async () => {
    await create(experiment('one'), `${experiments}/${namespace}/mirrorexperiments`);
    const read = await cluster.read({ kind: 'MirrorExperiment', namespace, name: 'one' });
    expect(read?.spec).toMatchObject(experiment('one').spec);
  });

  it('returns undefined for an object that does not exist', async () => {
    expect(await cluster.read({ kind: 'ConfigMap', namespace, name: 'nope' })).toBeUndefined();
    expect(await cluster.read({ kind: 'ConfigMap', namespace: 'nope', name: 'nope' })).toBeUndefined();
  });

  it('does not let a name reach another object', async () => {
    await create(configMap);
    const name = `../../${namespace}/configmaps/default-sidecar`;
    expect(await cluster.read({ kind: 'ConfigMap', namespace: 'default', name })).toBeUndefined();
  });
});

describe('patch', () => {
  const add = [{ op: 'add', path: '/metadata/annotations/mirroring.dev~1journal', value: '{}' }] as const;

  it('changes what the operations name and nothing else, and returns the object as written', async () => {
    const before = await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    const text = 'static_resources: {} # ours, and a mirror\n';
    const written = await cluster.patch(ref, before.metadata.resourceVersion, [
      ...add,
      { op: 'replace', path: '/data/envoy.yaml', value: text },
    ]);
    const after = await cluster.read(ref);
    expect(after).toEqual(written);
    const annotations = { ...before.metadata.annotations, 'mirroring.dev/journal': '{}' };
    const data = { ...configMap.data, 'envoy.yaml': text };
    const expected = { ...before, data, metadata: { ...before.metadata, annotations } };
    expect(content(written)).toEqual(content(expected));
    expect(written.metadata.managedFields?.map((entry) => entry.manager)).toContain('mirror-experiment');
  });

  it('answers Conflict and writes nothing when the object has changed since it was read', async () => {
    const read = await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    const moved = await cluster.patch(ref, read.metadata.resourceVersion, [{ op: 'add', path: '/data/z', value: '1' }]);
    const error = await failure(cluster.patch(ref, read.metadata.resourceVersion, add));
    expect(error.kind).toBe('Conflict');
    expect(await cluster.read(ref)).toEqual(moved);
  });

  it('answers Conflict, not Invalid, when the operations do not fit because the object has changed', async () => {
    const read = await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    const moved = await cluster.patch(ref, read.metadata.resourceVersion, [{ op: 'remove', path: '/data/other' }]);
    const again = [{ op: 'remove', path: '/data/other' }] as const;
    expect((await failure(cluster.patch(ref, read.metadata.resourceVersion, again))).kind).toBe('Conflict');
    const tested = [{ op: 'test', path: '/data/envoy.yaml', value: 'else' }] as const;
    const error = await failure(cluster.patch(ref, moved.metadata.resourceVersion, tested));
    expect(error.kind).toBe('Invalid');
    expect(error.message).toContain(`ConfigMap ${namespace}/default-sidecar: test /data/envoy.yaml`);
    expect(await cluster.read(ref)).toEqual(moved);
  });

  it('answers Conflict when the object was deleted and created again', async () => {
    const read = await create(configMap);
    const path = `/api/v1/namespaces/${namespace}/configmaps/default-sidecar`;
    await client.api.request({ method: 'DELETE', path });
    await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    expect((await failure(cluster.patch(ref, read.metadata.resourceVersion, add))).kind).toBe('Conflict');
  });

  it('answers NotFound when the object is gone', async () => {
    const ref = { kind: 'ConfigMap', namespace, name: 'nope' } as const;
    expect((await failure(cluster.patch(ref, '1', add))).kind).toBe('NotFound');
  });

  it('answers Invalid when the API server refuses the content, and keeps the content out of the message', async () => {
    const read = await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    const operations = [{ op: 'add', path: '/data/secret', value: 5 }] as const;
    const error = await failure(cluster.patch(ref, read.metadata.resourceVersion, operations));
    expect(error.kind).toBe('Invalid');
    expect(error.message).toContain('cannot unmarshal number');
    expect(error.message).not.toContain('# ours');
  });
});

describe('writeStatus', () => {
  const status = { summary: 'analysing', startTime: '2026-01-02T03:04:05Z', requests: { live: 1, mirror: 1 } };

  it('replaces the status, fields that are left out included, and nothing else', async () => {
    const metadata = { finalizers: ['other.dev/hold'] };
    const created = await create(experiment('one', metadata), `${experiments}/${namespace}/mirrorexperiments`);
    const ref = { namespace, name: 'one', uid: created.metadata.uid };
    const target = { kind: 'MirrorExperiment', namespace, name: 'one' } as const;
    await cluster.writeStatus(ref, created.metadata.resourceVersion, status);
    const first = await cluster.read(target);
    expect(first?.status).toEqual(status);
    await cluster.writeStatus(ref, first?.metadata.resourceVersion ?? '', { summary: 'done' });
    const second = await cluster.read(target);
    if (second === undefined) throw new Error('the experiment is gone');
    const { status: written, ...rest } = content(second);
    expect(written).toEqual({ summary: 'done' });
    expect(rest).toEqual(content(created));
  });

  it('answers Conflict and writes nothing when the experiment has changed, or is another of its name', async () => {
    const path = `${experiments}/${namespace}/mirrorexperiments`;
    const created = await create(experiment('one'), path);
    const ref = { namespace, name: 'one', uid: created.metadata.uid };
    const target = { kind: 'MirrorExperiment', namespace, name: 'one' } as const;
    await cluster.writeStatus(ref, created.metadata.resourceVersion, status);
    const stale = cluster.writeStatus(ref, created.metadata.resourceVersion, { summary: 'late' });
    expect((await failure(stale)).kind).toBe('Conflict');
    expect((await cluster.read(target))?.status).toEqual(status);
    const now = (await cluster.read(target))?.metadata.resourceVersion ?? '';
    const other = cluster.writeStatus({ ...ref, uid: 'f6f3a6c8-0000-4000-8000-000000000000' }, now, {});
    expect((await failure(other)).kind).toBe('Conflict');
    expect((await cluster.read(target))?.status).toEqual(status);
  });

  it('answers NotFound when the experiment is gone, and Invalid when the definition forbids the status', async () => {
    const gone = cluster.writeStatus({ namespace, name: 'nope', uid: 'x' }, '1', status);
    expect((await failure(gone)).kind).toBe('NotFound');
    const created = await create(experiment('one'), `${experiments}/${namespace}/mirrorexperiments`);
    const ref = { namespace, name: 'one', uid: created.metadata.uid };
    const bad = cluster.writeStatus(ref, created.metadata.resourceVersion, { startTime: 'yesterday' });
    const error = await failure(bad);
    expect(error.kind).toBe('Invalid');
    expect(error.message).toContain('status.startTime');
  });

  it('logs what the API server drops because the installed definition does not know it', async () => {
    const created = await create(experiment('one'), `${experiments}/${namespace}/mirrorexperiments`);
    const ref = { namespace, name: 'one', uid: created.metadata.uid };
    const newer = { summary: 'x', fieldOfANewerVersion: 1 };
    await cluster.writeStatus(ref, created.metadata.resourceVersion, newer);
    expect(client.log.lines.join('\n')).toContain('unknown field \\"status.fieldOfANewerVersion\\"');
  });
});

describe('recordEvent', () => {
  it('records an Event that kubectl describe shows, and counts the same one instead of repeating it', async () => {
    const created = await create(experiment('one'), `${experiments}/${namespace}/mirrorexperiments`);
    const ref = { namespace, name: 'one', uid: created.metadata.uid };
    const event = {
      type: 'Warning',
      reason: 'CandidateUnavailable',
      message: 'no pod of the candidate is ready',
    } as const;
    await cluster.recordEvent(ref, event);
    await cluster.recordEvent(ref, event);
    await cluster.recordEvent(ref, { ...event, type: 'Normal', reason: 'Mirroring', message: 'ä'.repeat(2000) });
    const { stdout } = await kubectl(testCluster().kubeconfig, ['describe', 'mexp', 'one', '-n', namespace]);
    expect(stdout).toMatch(
      /Warning\s+CandidateUnavailable\s+.*\(x2 over .*\)\s+mirror-experiment\s+no pod of the candidate is ready/,
    );
    expect(stdout).toMatch(/Normal\s+Mirroring\s+\S+\s+mirror-experiment\s+ä{510}…/);
  });

  it('logs, and does not throw, when the Event cannot be recorded', async () => {
    const before = client.log.lines.length;
    const event = { type: 'Normal', reason: 'Mirroring', message: 'x' } as const;
    await cluster.recordEvent({ namespace: 'nope', name: 'one', uid: 'x' }, event);
    expect(client.log.lines.slice(before).join()).toMatch(/warn: event Mirroring of nope\/one was not recorded: .*404/);
  });
});

describe('failures', () => {
  it('names what the RBAC of the operator lacks', async () => {
    const kubeconfig = await testCluster().addUser(`reader-${namespace}`);
    const other = createCluster({ ...connectTo(kubeconfig), clock: systemClock });
    const error = await failure(other.read({ kind: 'ConfigMap', namespace, name: 'default-sidecar' }));
    expect(error.kind).toBe('Forbidden');
    expect(error.message).toContain(`User "reader-${namespace}" cannot get resource "configmaps"`);
  });

  it('answers Unavailable when the API server is away, silent or unknown, and works again afterwards', async () => {
    await create(configMap);
    const ref = { kind: 'ConfigMap', namespace, name: 'default-sidecar' } as const;
    await using proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
    const { port } = proxy;
    const far = connectTo(testCluster().kubeconfig, { port, requestTimeoutMilliseconds: 300 });
    const other = createCluster({ ...far, clock: systemClock });
    expect(await other.read(ref)).toBeDefined();
    proxy.freeze();
    const silent = await failure(other.read(ref));
    expect([silent.kind, silent.message]).toEqual(['Unavailable', expect.stringContaining('no answer within 0.3 s')]);
    await proxy.refuse();
    const away = await failure(other.read(ref));
    expect([away.kind, away.message]).toEqual(['Unavailable', expect.stringContaining('ECONNREFUSED')]);
    proxy.thaw();
    await proxy.accept();
    expect(await other.read(ref)).toBeDefined();
    far.api.close();
  });

  it('reads again when the server closed the connection that was kept', async () => {
    await create(configMap);
    await using proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
    const far = connectTo(testCluster().kubeconfig, { port: proxy.port });
    const other = createCluster({ ...far, clock: systemClock });
    for (let i = 0; i < 5; i++) {
      expect(await other.read({ kind: 'ConfigMap', namespace, name: 'default-sidecar' })).toBeDefined();
      proxy.cut();
    }
    far.api.close();
  });

  it('keeps connections: many requests in a row open one', async () => {
    await using proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
    const far = connectTo(testCluster().kubeconfig, { port: proxy.port });
    const other = createCluster({ ...far, clock: systemClock });
    for (let i = 0; i < 20; i++) await other.read({ kind: 'ConfigMap', namespace, name: 'nope' });
    expect(proxy.accepted()).toBe(1);
    far.api.close();
  });
});

describe('listing pods', () => {
  const names = async (selector: string) =>
    (await cluster.listPods(namespace, selector)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);

  it('gives those of the namespace that the selector selects, with the selectors of Services and workloads', async () => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const spec = { containers: [{ name: 'app', image: 'books:v1' }] };
    for (const [name, labels] of [
      ['a', { app: 'books', tier: 'back' }],
      ['b', { app: 'books', tier: 'front' }],
      ['c', { app: 'other' }],
    ] as const) {
      await create({ kind: 'Pod', metadata: { name, labels }, ...{ apiVersion: 'v1', spec } }, path);
    }
    expect(await names('app=books')).toEqual(['Pod a', 'Pod b']);
    expect(await names('app in (books,other),tier notin (front)')).toEqual(['Pod a', 'Pod c']);
    expect(await names('app=books,!tier')).toEqual([]);
  });

  it('says that the selector is wrong when it is', async () => {
    expect(await failure(cluster.listPods(namespace, '=='))).toMatchObject({ kind: 'Invalid' });
  });
});
