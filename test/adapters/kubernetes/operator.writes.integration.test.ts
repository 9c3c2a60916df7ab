import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ExperimentOperator } from '../../../src/adapters/kubernetes/operator.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { openNamespace, runOperator, soon, type TestNamespace } from '../../support/runningOperator.ts';

let ns: TestNamespace;

beforeEach(async () => {
  ns = await openNamespace();
});

describe('the finalizer', () => {
  const ours = 'mirroring.dev/restore';

  async function cached(operator: ExperimentOperator, name: string, check: (object: KubernetesObject) => void) {
    return vi.waitFor(() => {
      const object = operator.get(`${ns.namespace}/${name}`);
      if (object === undefined) throw new Error(`${name} is not there`);
      check(object);
      return object;
    }, soon);
  }

  it('is added first, keeps the experiment until everything is restored, and is removed then', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('one', { finalizers: ['other.dev/hold'] });
    let restored = 0;
    const restore = async () => {
      restored += 1;
      return 'restored' as const;
    };
    const fresh = await cached(operator, 'one', () => {});
    expect(await operator.withFinalizer(fresh, restore)).toBe('handled');
    expect(await ns.finalizersOf('one')).toEqual(['other.dev/hold', ours]);

    const kept = await cached(operator, 'one', (object) =>
      expect(object.metadata).toHaveProperty('finalizers.1', ours),
    );
    expect(await operator.withFinalizer(kept, restore)).toBe('continue');
    expect(restored).toBe(0);

    await ns.remove('one');
    const deleted = await cached(operator, 'one', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    expect(await operator.withFinalizer(deleted, async () => 'pending')).toBe('pending');
    const failing = operator.withFinalizer(deleted, async () => Promise.reject(new Error('the ConfigMap is locked')));
    await expect(failing).rejects.toThrow('the ConfigMap is locked');
    expect(await ns.finalizersOf('one')).toEqual(['other.dev/hold', ours]);

    // The cached object is older than this change.
    await ns.edit('one', { labels: { changed: 'meanwhile' } });
    expect(await operator.withFinalizer(deleted, restore)).toBe('handled');
    expect(restored).toBe(1);
    expect(await ns.finalizersOf('one')).toEqual(['other.dev/hold']);

    const others = await cached(operator, 'one', (o) => expect(o.metadata).not.toHaveProperty('finalizers.1'));
    expect(await operator.withFinalizer(others, restore)).toBe('handled');
    expect(restored).toBe(1);
    await ns.edit('one', { finalizers: null });
    await vi.waitFor(() => expect(operator.list()).toEqual([]), soon);
    // Nothing is left to release: no error.
    expect(await operator.withFinalizer(deleted, restore)).toBe('handled');
  });

  it('loses no finalizer of others who write at the same time', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('busy');
    const object = await cached(operator, 'busy', () => {});
    const others = Array.from({ length: 8 }, (_, i) => `other.dev/f${i}`);
    const append = async (finalizer: string) => {
      const body = [{ op: 'add', path: '/metadata/finalizers/-', value: finalizer }];
      const contentType = 'application/json-patch+json';
      await ns.api.request({ method: 'PATCH', path: `${ns.collection}/busy`, contentType, body });
    };
    await ns.edit('busy', { finalizers: ['other.dev/first'] });
    await Promise.all([...others.slice(0, 4).map(append), operator.withFinalizer(object, async () => 'restored')]);
    expect(new Set((await ns.finalizersOf('busy')) as string[])).toEqual(
      new Set(['other.dev/first', ...others.slice(0, 4), ours]),
    );
    // An API server takes no new finalizers of a deleted object, so here the others are removed.
    await ns.remove('busy');
    const deleted = await cached(operator, 'busy', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    const drop = async (finalizer: string) => {
      for (;;) {
        const now = (await ns.finalizersOf('busy')) as string[];
        const index = now.indexOf(finalizer);
        const path = `/metadata/finalizers/${index}`;
        const body = [
          { op: 'test', path, value: finalizer },
          { op: 'remove', path },
        ];
        const contentType = 'application/json-patch+json';
        const request = { method: 'PATCH', path: `${ns.collection}/busy`, contentType, body } as const;
        if (
          await ns.api.request(request).then(
            () => true,
            () => false,
          )
        )
          return;
      }
    };
    await Promise.all([...others.slice(0, 4).map(drop), operator.withFinalizer(deleted, async () => 'restored')]);
    expect(await ns.finalizersOf('busy')).toEqual(['other.dev/first']);
  });

  it('is taken off an experiment that is not deleted, and set again', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('one', { finalizers: ['other.dev/hold', ours, 'other.dev/too'] });
    const held = await cached(operator, 'one', () => {});
    await operator.letGo(held);
    expect(await ns.finalizersOf('one')).toEqual(['other.dev/hold', 'other.dev/too']);
    await operator.letGo(held);
    const free = await cached(operator, 'one', (o) => expect(o.metadata).not.toHaveProperty('finalizers.2'));
    expect(await operator.withFinalizer(free, async () => 'restored')).toBe('handled');
    expect(await ns.finalizersOf('one')).toEqual(['other.dev/hold', 'other.dev/too', ours]);
  });

  it('of a later experiment of the same name is left alone', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('one', { finalizers: [ours] });
    await ns.remove('one');
    const deleted = await cached(operator, 'one', (o) => expect(o.metadata).toHaveProperty('deletionTimestamp'));
    await ns.edit('one', { finalizers: null });
    await ns.create('one', { finalizers: [ours] });
    expect(await operator.withFinalizer(deleted, async () => 'restored')).toBe('handled');
    expect(await ns.finalizersOf('one')).toEqual([ours]);
  });

  it('is not added to an experiment that was deleted meanwhile', async () => {
    const { operator } = await runOperator({ namespace: ns.namespace });
    await ns.create('one', { finalizers: ['other.dev/hold'] });
    const object = await cached(operator, 'one', () => {});
    await ns.remove('one');
    await expect(operator.withFinalizer(object, async () => 'restored')).rejects.toMatchObject({ kind: 'Conflict' });
    await ns.edit('one', { finalizers: null });
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
    const { operator } = await runOperator({ namespace: ns.namespace });
    const created = await ns.create('one');
    const first = await operator.setResourceStatus(metaOf(created), { summary: 'a', specHash: 'x' });
    expect(first).toMatchObject({ name: 'one', namespace: ns.namespace });
    await expect(operator.setResourceStatus(metaOf(created), { summary: 'b' })).rejects.toMatchObject({
      kind: 'Conflict',
    });
    if (first === null) throw new Error('the experiment is gone');
    const second = await operator.patchResourceStatus(first, { specHash: null, summary: 'c' });
    expect(second).not.toBeNull();
    await expect(operator.patchResourceStatus(first, { summary: 'd' })).rejects.toMatchObject({ kind: 'Conflict' });
    await vi.waitFor(() => expect(operator.get(`${ns.namespace}/one`)?.status).toEqual({ summary: 'c' }), soon);
    await ns.remove('one');
    expect(await operator.setResourceStatus(metaOf(created), { summary: 'e' })).toBeNull();
  });
});
