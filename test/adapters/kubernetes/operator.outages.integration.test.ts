import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listAll } from '../../../src/adapters/kubernetes/listAll.ts';
import { trimmed } from '../../../src/adapters/kubernetes/trimmed.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type ApiServer, startApiServer } from '../../support/apiServer.ts';
import {
  openNamespace,
  runOperator,
  runOperatorBehindProxy,
  soon,
  type TestNamespace,
} from '../../support/runningOperator.ts';

let ns: TestNamespace;

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
        ns = await openNamespace();
        const { operator, proxy, changes } = await runOperatorBehindProxy({ namespace: ns.namespace });
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
            await ns.create(`e${count}`);
          },
          edit: async () => names[0] && (await ns.edit(names[0], { labels: { count: String(++count) } })),
          remove: async () => names.length > 0 && (await ns.remove(names.shift() ?? '')),
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
        const { items } = await listAll(ns.api, ns.collection, new AbortController().signal);
        const actual = new Map(items.map((object) => [`${ns.namespace}/${object.metadata.name}`, trimmed(object)]));
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
    ns = await openNamespace(server);
  });

  it('survives its death, and learns what happened while the operator could not see it', async () => {
    for (const name of ['kept', 'doomed', 'reborn']) await ns.create(name);
    const { operator, changes, names, log, proxy } = await runOperatorBehindProxy({
      cluster: server,
      namespace: ns.namespace,
    });
    const uid = () => operator.get(`${ns.namespace}/reborn`)?.metadata.uid;
    const before = uid();
    await server.kill();
    await proxy.refuse();
    await server.restart();
    await ns.remove('doomed');
    await ns.remove('reborn');
    await ns.create('reborn');
    await ns.create('born');
    await proxy.accept();
    await vi.waitFor(() => expect(names().sort()).toEqual(['born', 'kept', 'reborn']), soon);
    expect(uid()).not.toBe(before);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
    await ns.edit('kept', { labels: { after: 'restart' } });
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/kept`)?.metadata).toHaveProperty('labels'), soon);
    // The server that came back has no history from before it, so this was the case of a version that is too old.
    expect(log.lines.join('\n')).toMatch(/410 too old resource version/);
  });

  it('recovers when it is killed under a watch, and restarted on the same port', async () => {
    await ns.create('one');
    const { operator } = await runOperator({ cluster: server, namespace: ns.namespace });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    await server.restart();
    await ns.create('two');
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/two`)).toBeDefined(), soon);
  });

  it('without the resource definition is told so, and is followed once that is installed', async () => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/mirrorexperiments.mirroring.dev';
    const installed = await ns.api.request({ method: 'GET', path });
    await ns.api.request({ method: 'DELETE', path });
    await vi.waitFor(() => expect(ns.api.request({ method: 'GET', path: ns.collection })).rejects.toThrow('404'), soon);
    const { operator, log } = await runOperator({ cluster: server, namespace: ns.namespace });
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/404 .*install the resource definitions/), soon);
    expect(operator.synced()).toBe(false);
    const { apiVersion, kind, metadata, spec } = installed as KubernetesObject;
    const body = { apiVersion, kind, metadata: { name: metadata.name }, spec };
    await ns.api.request({ method: 'POST', path: path.slice(0, path.lastIndexOf('/')), body });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
  });
});
