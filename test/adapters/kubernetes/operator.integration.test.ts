import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listAll } from '../../../src/adapters/kubernetes/listAll.ts';
import { ExperimentOperator } from '../../../src/adapters/kubernetes/operator.ts';
import type { ReflectorTiming } from '../../../src/adapters/kubernetes/reflector.ts';
import { systemClock } from '../../../src/adapters/systemClock.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type ApiServer, startApiServer, testCluster, testNamespace } from '../../support/apiServer.ts';
import { experiment } from '../../support/experiments.ts';
import { type Client, connectTo } from '../../support/kubernetes.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcpProxy.ts';

const timing: ReflectorTiming = {
  watchSeconds: 2,
  slackMilliseconds: 1500,
  relistMilliseconds: 600_000,
  backoff: { baseMilliseconds: 100, capMilliseconds: 1000 },
};
const soon = { timeout: 10_000, interval: 20 };

/** Straight to the API server, past every proxy. */
let direct: Client;
let namespace: string;
let collection: string;
const cleanUps: (() => Promise<void>)[] = [];

beforeEach(async () => {
  await useCluster(testCluster());
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function useCluster(cluster: { kubeconfig: string }): Promise<void> {
  direct = connectTo(cluster.kubeconfig);
  namespace = await testNamespace(cluster);
  collection = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`;
}

async function create(name: string, metadata = {}): Promise<KubernetesObject> {
  const body = experiment(name, metadata);
  return (await direct.api.request({ method: 'POST', path: collection, body })) as KubernetesObject;
}

async function edit(name: string, metadata: Record<string, unknown>): Promise<KubernetesObject> {
  const contentType = 'application/merge-patch+json';
  const request = { method: 'PATCH', path: `${collection}/${name}`, contentType, body: { metadata } } as const;
  return (await direct.api.request(request)) as KubernetesObject;
}

async function remove(name: string): Promise<void> {
  await direct.api.request({ method: 'DELETE', path: `${collection}/${name}` });
}

async function finalizersOf(name: string): Promise<unknown> {
  const { metadata } = (await direct.api.request({ method: 'GET', path: `${collection}/${name}` })) as KubernetesObject;
  return 'finalizers' in metadata ? metadata.finalizers : [];
}

async function start({ cluster = testCluster(), port }: { cluster?: { kubeconfig: string }; port?: number } = {}) {
  const client = connectTo(cluster.kubeconfig, {
    requestTimeoutMilliseconds: 1500,
    ...(port !== undefined && { port }),
  });
  const changes: string[] = [];
  const onChange = (key: string) => {
    changes.push(key);
  };
  const operator = new ExperimentOperator({ ...client, clock: systemClock, namespace, onChange, timing });
  cleanUps.push(async () => {
    await operator.stop();
    client.api.close();
  });
  await operator.start();
  const names = () => operator.list().map((object) => object.metadata.name);
  return { operator, changes, names, log: client.log };
}

async function startBehindProxy(cluster: { kubeconfig: string; server: string } = testCluster()) {
  const proxy: TcpProxy = await startTcpProxy(Number(new URL(cluster.server).port));
  cleanUps.push(() => proxy.close());
  const started = await start({ cluster, port: proxy.port });
  await vi.waitFor(() => expect(started.operator.synced()).toBe(true), soon);
  return { ...started, proxy };
}

describe('following the experiments', () => {
  it('knows those that are there, and hears of those that come, change and go', async () => {
    await create('before');
    const { operator, changes, names } = await start();
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    expect(names()).toEqual(['before']);
    await vi.waitFor(() => expect(changes).toEqual([`${namespace}/before`]), soon);

    const created = await create('after');
    await vi.waitFor(() => expect(operator.get(`${namespace}/after`)).toEqual(created), soon);
    expect(changes.at(-1)).toBe(`${namespace}/after`);
    const edited = await edit('after', { labels: { team: 'books' } });
    await vi.waitFor(() => expect(operator.get(`${namespace}/after`)).toEqual(edited), soon);
    await remove('after');
    await vi.waitFor(() => expect(names()).toEqual(['before']), soon);
    expect(changes.filter((key) => key.endsWith('/after'))).toHaveLength(3);
  });

  it('follows those of all namespaces, and lists those of one', async () => {
    const client = connectTo(testCluster().kubeconfig);
    const operator = new ExperimentOperator({ ...client, clock: systemClock, onChange: () => {}, timing });
    cleanUps.push(() => operator.stop());
    await operator.start();
    await create('one');
    await vi.waitFor(() => expect(operator.list(namespace)).toHaveLength(1), soon);
    const first = namespace;
    namespace = await testNamespace();
    collection = collection.replace(first, namespace);
    await create('two');
    await vi.waitFor(() => expect(operator.list(namespace)).toHaveLength(1), soon);
    expect(operator.list().length).toBeGreaterThanOrEqual(2);
  });

  it('hands out objects that cannot be changed, and the same one until it changes', async () => {
    const { operator } = await start();
    await create('one');
    await vi.waitFor(() => expect(operator.get(`${namespace}/one`)).toBeDefined(), soon);
    const object = operator.get(`${namespace}/one`);
    expect(() => Object.assign(object?.metadata ?? {}, { name: 'other' })).toThrow(TypeError);
    expect(operator.list()[0]).toBe(object);
  });

  it('does not repeat itself while nothing happens, over several watches, and stays in contact', async () => {
    await create('one');
    const { operator, changes, log } = await start();
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    const first = operator.lastContact() ?? 0;
    await vi.waitFor(() => expect(operator.lastContact()).toBeGreaterThan(first + 3900), soon);
    expect(changes).toEqual([`${namespace}/one`]);
    expect(log.lines).toEqual([]);
  });
});

describe('a network that fails', () => {
  it('goes on after connections are reset, without repeating what is known', async () => {
    await create('known');
    const { changes, names, proxy } = await startBehindProxy();
    for (const name of ['one', 'two', 'three']) {
      proxy.cut();
      await create(name);
      await vi.waitFor(() => expect(names()).toContain(name), soon);
    }
    expect(changes.filter((key) => key.endsWith('/known'))).toHaveLength(1);
  });

  it('notices a connection that goes silent, and learns what happened meanwhile', async () => {
    await create('doomed');
    const { changes, names, log, proxy } = await startBehindProxy();
    proxy.freeze();
    await remove('doomed');
    await create('born');
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/gone silent/), soon);
    expect(names()).toEqual(['doomed']);
    proxy.thaw();
    await vi.waitFor(() => expect(names()).toEqual(['born']), soon);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
  });

  it('keeps trying while the API server refuses connections, and delivers what was deleted meanwhile', async () => {
    await create('doomed');
    const { changes, names, log, proxy } = await startBehindProxy();
    await proxy.refuse();
    await remove('doomed');
    await vi.waitFor(
      () => expect(log.lines.filter((line) => line.includes('ECONNREFUSED')).length).toBeGreaterThan(2),
      soon,
    );
    await proxy.accept();
    await vi.waitFor(() => expect(names()).toEqual([]), soon);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
  });

  it('works over a slow connection', async () => {
    const { names, proxy } = await startBehindProxy();
    proxy.slow(300);
    proxy.cut();
    await create('one');
    await vi.waitFor(() => expect(names()).toEqual(['one']), soon);
  });

  it('starts while the API server is away', async () => {
    const proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
    cleanUps.push(() => proxy.close());
    await proxy.refuse();
    await create('one');
    const { operator, names } = await start({ port: proxy.port });
    expect(operator.synced()).toBe(false);
    expect(operator.lastContact()).toBeUndefined();
    await proxy.accept();
    await vi.waitFor(() => expect(names()).toEqual(['one']), soon);
    expect(operator.synced()).toBe(true);
  });
});

describe('whatever the network does', () => {
  const step = fc.constantFrom(
    'create',
    'create',
    'edit',
    'remove',
    'cut',
    'freeze',
    'thaw',
    'refuse',
    'accept',
    'slow',
    'wait',
  );

  it('ends up with what the API server has, and with somebody told of every difference', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 25 }), async (steps) => {
        await useCluster(testCluster());
        const { operator, proxy, changes } = await startBehindProxy();
        const told = new Map<string, KubernetesObject>();
        const listen = () => {
          for (const key of changes.splice(0)) {
            const object = operator.get(key);
            if (object === undefined) told.delete(key);
            else told.set(key, object);
          }
        };
        const names: string[] = [];
        let count = 0;
        const actions: Record<string, () => unknown> = {
          create: async () => {
            count += 1;
            names.push(`e${count}`);
            await create(`e${count}`);
          },
          edit: async () => names[0] && (await edit(names[0], { labels: { count: String(++count) } })),
          remove: async () => names.length > 0 && (await remove(names.shift() ?? '')),
          cut: proxy.cut,
          freeze: proxy.freeze,
          thaw: proxy.thaw,
          refuse: proxy.refuse,
          accept: proxy.accept,
          slow: () => proxy.slow(50),
          wait: () => new Promise((resolve) => setTimeout(resolve, 100)),
        };
        for (const name of steps) {
          await actions[name]?.();
          listen();
        }
        proxy.thaw();
        proxy.slow(0);
        await proxy.accept();
        const { items } = await listAll(direct.api, collection, new AbortController().signal);
        const actual = new Map(items.map((object) => [`${namespace}/${object.metadata.name}`, object]));
        await vi.waitFor(() => {
          listen();
          expect(told).toEqual(actual);
        }, soon);
        expect(new Set(operator.list())).toEqual(new Set(actual.values()));
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });
});

describe('an API server that fails', () => {
  let server: ApiServer;

  beforeAll(async () => {
    server = await startApiServer();
    return () => server.stop();
  });

  beforeEach(async () => {
    await useCluster(server);
  });

  it('survives its death, and learns what happened while the operator could not see it', async () => {
    for (const name of ['kept', 'doomed', 'reborn']) await create(name);
    const { operator, changes, names, log, proxy } = await startBehindProxy(server);
    const uid = () => operator.get(`${namespace}/reborn`)?.metadata.uid;
    const before = uid();
    await server.kill();
    await proxy.refuse();
    await server.restart();
    await remove('doomed');
    await remove('reborn');
    await create('reborn');
    await create('born');
    await proxy.accept();
    await vi.waitFor(() => expect(names().sort()).toEqual(['born', 'kept', 'reborn']), soon);
    expect(uid()).not.toBe(before);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
    await edit('kept', { labels: { after: 'restart' } });
    await vi.waitFor(() => expect(operator.get(`${namespace}/kept`)?.metadata).toHaveProperty('labels'), soon);
    // The server that came back has no history from before it, so this was the case of a version that is too old.
    expect(log.lines.join('\n')).toMatch(/410 too old resource version/);
  });

  it('recovers when it is killed under a watch, and restarted on the same port', async () => {
    await create('one');
    const { operator } = await start({ cluster: server });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    await server.restart();
    await create('two');
    await vi.waitFor(() => expect(operator.get(`${namespace}/two`)).toBeDefined(), soon);
  });

  it('without the resource definition is told so, and is followed once that is installed', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mirrorexperiments.mirroring.dev';
    const installed = await direct.api.request({ method: 'GET', path });
    await direct.api.request({ method: 'DELETE', path });
    await vi.waitFor(
      () => expect(direct.api.request({ method: 'GET', path: collection })).rejects.toThrow('404'),
      soon,
    );
    const { operator, log } = await start({ cluster: server });
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/404 .*install the resource definitions/), soon);
    expect(operator.synced()).toBe(false);
    const { apiVersion, kind, metadata, spec } = installed as KubernetesObject;
    const body = { apiVersion, kind, metadata: { name: metadata.name }, spec };
    await direct.api.request({ method: 'POST', path: path.slice(0, path.lastIndexOf('/')), body });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
  });
});

describe('the finalizer', () => {
  const ours = 'mirroring.dev/restore';

  async function cached(operator: ExperimentOperator, name: string, check: (object: KubernetesObject) => void) {
    return vi.waitFor(() => {
      const object = operator.get(`${namespace}/${name}`);
      if (object === undefined) throw new Error(`${name} is not there`);
      check(object);
      return object;
    }, soon);
  }

  it('is added first, keeps the experiment until everything is restored, and is removed then', async () => {
    const { operator } = await start();
    await create('one', { finalizers: ['other.dev/hold'] });
    let restored = 0;
    const restore = async () => {
      restored += 1;
      return 'restored' as const;
    };
    const fresh = await cached(operator, 'one', () => {});
    expect(await operator.withFinalizer(fresh, restore)).toBe('handled');
    expect(await finalizersOf('one')).toEqual(['other.dev/hold', ours]);

    const kept = await cached(operator, 'one', (object) =>
      expect(object.metadata).toHaveProperty('finalizers.1', ours),
    );
    expect(await operator.withFinalizer(kept, restore)).toBe('continue');
    expect(restored).toBe(0);

    await remove('one');
    const deleted = await cached(operator, 'one', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    expect(await operator.withFinalizer(deleted, async () => 'pending')).toBe('pending');
    const failing = operator.withFinalizer(deleted, async () => Promise.reject(new Error('the ConfigMap is locked')));
    await expect(failing).rejects.toThrow('the ConfigMap is locked');
    expect(await finalizersOf('one')).toEqual(['other.dev/hold', ours]);

    // The cached object is older than this change.
    await edit('one', { labels: { changed: 'meanwhile' } });
    expect(await operator.withFinalizer(deleted, restore)).toBe('handled');
    expect(restored).toBe(1);
    expect(await finalizersOf('one')).toEqual(['other.dev/hold']);

    const others = await cached(operator, 'one', (o) => expect(o.metadata).not.toHaveProperty('finalizers.1'));
    expect(await operator.withFinalizer(others, restore)).toBe('handled');
    expect(restored).toBe(1);
    await edit('one', { finalizers: null });
    await vi.waitFor(() => expect(operator.list()).toEqual([]), soon);
    // Nothing is left to release: no error.
    expect(await operator.withFinalizer(deleted, restore)).toBe('handled');
  });

  it('loses no finalizer of others who write at the same time', async () => {
    const { operator } = await start();
    await create('busy');
    const object = await cached(operator, 'busy', () => {});
    const others = Array.from({ length: 8 }, (_, i) => `other.dev/f${i}`);
    const append = async (finalizer: string) => {
      const body = [{ op: 'add', path: '/metadata/finalizers/-', value: finalizer }];
      const contentType = 'application/json-patch+json';
      await direct.api.request({ method: 'PATCH', path: `${collection}/busy`, contentType, body });
    };
    await edit('busy', { finalizers: ['other.dev/first'] });
    await Promise.all([...others.slice(0, 4).map(append), operator.withFinalizer(object, async () => 'restored')]);
    expect(new Set((await finalizersOf('busy')) as string[])).toEqual(
      new Set(['other.dev/first', ...others.slice(0, 4), ours]),
    );
    // An API server takes no new finalizers of a deleted object, so here the others are removed.
    await remove('busy');
    const deleted = await cached(operator, 'busy', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    const drop = async (finalizer: string) => {
      for (;;) {
        const now = (await finalizersOf('busy')) as string[];
        const index = now.indexOf(finalizer);
        const path = `/metadata/finalizers/${index}`;
        const body = [
          { op: 'test', path, value: finalizer },
          { op: 'remove', path },
        ];
        const contentType = 'application/json-patch+json';
        const request = { method: 'PATCH', path: `${collection}/busy`, contentType, body } as const;
        if (
          await direct.api.request(request).then(
            () => true,
            () => false,
          )
        )
          return;
      }
    };
    await Promise.all([...others.slice(0, 4).map(drop), operator.withFinalizer(deleted, async () => 'restored')]);
    expect(await finalizersOf('busy')).toEqual(['other.dev/first']);
  });

  it('of a later experiment of the same name is left alone', async () => {
    const { operator } = await start();
    await create('one', { finalizers: [ours] });
    await remove('one');
    const deleted = await cached(operator, 'one', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    await edit('one', { finalizers: null });
    await create('one', { finalizers: [ours] });
    expect(await operator.withFinalizer(deleted, async () => 'restored')).toBe('handled');
    expect(await finalizersOf('one')).toEqual([ours]);
  });

  it('is not added to an experiment that was deleted meanwhile', async () => {
    const { operator } = await start();
    await create('one', { finalizers: ['other.dev/hold'] });
    const object = await cached(operator, 'one', () => {});
    await remove('one');
    await expect(operator.withFinalizer(object, async () => 'restored')).rejects.toMatchObject({ kind: 'Conflict' });
    await edit('one', { finalizers: null });
    await expect(operator.withFinalizer(object, async () => 'restored')).rejects.toMatchObject({ kind: 'NotFound' });
  });
});

describe('the status, through the methods of the base class', () => {
  const metaOf = ({ apiVersion, kind, metadata }: KubernetesObject) => ({
    id: 'mirrorexperiments.mirroring.dev/v1alpha1',
    apiVersion,
    kind,
    ...metadata,
  });

  it('is replaced or merged at the version that was read, and refused with an error at another', async () => {
    const { operator } = await start();
    const created = await create('one');
    const first = await operator.setResourceStatus(metaOf(created), { summary: 'a', specHash: 'x' });
    expect(first).toMatchObject({ name: 'one', namespace });
    await expect(operator.setResourceStatus(metaOf(created), { summary: 'b' })).rejects.toMatchObject({
      kind: 'Conflict',
    });
    if (first === null) throw new Error('the experiment is gone');
    const second = await operator.patchResourceStatus(first, { specHash: null, summary: 'c' });
    expect(second).not.toBeNull();
    await expect(operator.patchResourceStatus(first, { summary: 'd' })).rejects.toMatchObject({ kind: 'Conflict' });
    await vi.waitFor(() => expect(operator.get(`${namespace}/one`)?.status).toEqual({ summary: 'c' }), soon);
    await remove('one');
    expect(await operator.setResourceStatus(metaOf(created), { summary: 'e' })).toBeNull();
  });
});
