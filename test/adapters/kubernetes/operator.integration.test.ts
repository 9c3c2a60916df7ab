import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { trimmed } from '../../../src/adapters/kubernetes/trimmed.ts';
import { testCluster } from '../../support/apiServer.ts';
import {
  openNamespace,
  runOperator,
  runOperatorBehindProxy,
  soon,
  type TestNamespace,
} from '../../support/runningOperator.ts';
import { startTcpProxy } from '../../support/tcpProxy.ts';

let ns: TestNamespace;

beforeEach(async () => {
  ns = await openNamespace();
});

describe('following the experiments', () => {
  it('knows those that are there, and hears of those that come, change and go', async () => {
    await ns.create('before');
    const { operator, changes, names } = await runOperator({ namespace: ns.namespace });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    expect(names()).toEqual(['before']);
    await vi.waitFor(() => expect(changes).toEqual([`${ns.namespace}/before`]), soon);

    const created = await ns.create('after');
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/after`)).toEqual(trimmed(created)), soon);
    expect(changes.at(-1)).toBe(`${ns.namespace}/after`);
    const edited = await ns.edit('after', { labels: { team: 'books' } });
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/after`)).toEqual(trimmed(edited)), soon);
    await ns.remove('after');
    await vi.waitFor(() => expect(names()).toEqual(['before']), soon);
    expect(changes.filter((key) => key.endsWith('/after'))).toHaveLength(3);
  });

  it('follows those of all namespaces, and lists those of one', async () => {
    const { operator } = await runOperator({});
    await ns.create('one');
    await vi.waitFor(() => expect(operator.list(ns.namespace)).toHaveLength(1), soon);
    ns = await openNamespace();
    await ns.create('two');
    await vi.waitFor(() => expect(operator.list(ns.namespace)).toHaveLength(1), soon);
    expect(operator.list().length).toBeGreaterThanOrEqual(2);
  });

  it('hands out objects that cannot be changed, and the same one until it changes', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('one');
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/one`)).toBeDefined(), soon);
    const object = operator.get(`${ns.namespace}/one`);
    expect(() => Object.assign(object?.metadata ?? {}, { name: 'other' })).toThrow(TypeError);
    expect(operator.list()[0]).toBe(object);
  });

  it('does not repeat itself while nothing happens, over several watches, and stays in contact', async () => {
    await ns.create('one');
    const { operator, changes, log } = await runOperator({ namespace: ns.namespace });
    await vi.waitFor(() => expect(operator.synced()).toBe(true), soon);
    const first = operator.lastContact() ?? 0;
    await vi.waitFor(() => expect(operator.lastContact()).toBeGreaterThan(first + 3900), soon);
    expect(changes).toEqual([`${ns.namespace}/one`]);
    expect(log.lines).toEqual([]);
  });
});

describe('a network that fails', () => {
  it('goes on after connections are reset, without repeating what is known', async () => {
    await ns.create('known');
    const { changes, names, proxy } = await runOperatorBehindProxy({ namespace: ns.namespace });
    for (const name of ['one', 'two', 'three']) {
      proxy.cut();
      await ns.create(name);
      await vi.waitFor(() => expect(names()).toContain(name), soon);
    }
    expect(changes.filter((key) => key.endsWith('/known'))).toHaveLength(1);
  });

  it('notices a connection that goes silent, and learns what happened meanwhile', async () => {
    await ns.create('doomed');
    const { changes, names, log, proxy } = await runOperatorBehindProxy({ namespace: ns.namespace });
    proxy.freeze();
    await ns.remove('doomed');
    await ns.create('born');
    await vi.waitFor(() => expect(log.lines.join()).toMatch(/gone silent/), soon);
    expect(names()).toEqual(['doomed']);
    proxy.thaw();
    await vi.waitFor(() => expect(names()).toEqual(['born']), soon);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
  });

  it('keeps trying while the API server refuses connections, and delivers what was deleted meanwhile', async () => {
    await ns.create('doomed');
    const { changes, names, log, proxy } = await runOperatorBehindProxy({ namespace: ns.namespace });
    await proxy.refuse();
    await ns.remove('doomed');
    await vi.waitFor(
      () => expect(log.lines.filter((line) => line.includes('ECONNREFUSED')).length).toBeGreaterThan(2),
      soon,
    );
    await proxy.accept();
    await vi.waitFor(() => expect(names()).toEqual([]), soon);
    expect(changes.filter((key) => key.endsWith('/doomed'))).toHaveLength(2);
  });

  it('works over a slow connection', async () => {
    const { names, proxy } = await runOperatorBehindProxy({ namespace: ns.namespace });
    proxy.slow(300);
    proxy.cut();
    await ns.create('one');
    await vi.waitFor(() => expect(names()).toEqual(['one']), soon);
  });

  it('starts while the API server is away', async () => {
    const proxy = await startTcpProxy(Number(new URL(testCluster().server).port));
    onTestFinished(() => proxy.close());
    await proxy.refuse();
    await ns.create('one');
    const { operator, names } = await runOperator({ port: proxy.port, namespace: ns.namespace });
    expect(operator.synced()).toBe(false);
    expect(operator.lastContact()).toBeUndefined();
    await proxy.accept();
    await vi.waitFor(() => expect(names()).toEqual(['one']), soon);
    expect(operator.synced()).toBe(true);
  });
});
