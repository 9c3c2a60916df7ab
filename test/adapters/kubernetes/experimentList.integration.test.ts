import { expect, it } from 'vitest';
import { createExperimentList } from '../../../src/adapters/kubernetes/experimentList.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { openNamespace } from '../../support/runningOperator.ts';

const ours = 'mirroring.dev/restore';
const { signal } = new AbortController();
const named = (list: readonly KubernetesObject[], name: string): KubernetesObject => {
  const found = list.find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`${name} is not in the list`);
  return found;
};

it('lists the experiments of one namespace or of all, as they are now', async () => {
  const [one, other] = [await openNamespace(), await openNamespace()];
  await one.create('a');
  await other.create('b');
  const names = async (namespace: string | undefined) =>
    (await createExperimentList(one.api, namespace).list(signal)).map(
      ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
    );
  expect(await names(one.namespace)).toEqual([`${one.namespace}/a`]);
  expect(await names(undefined)).toEqual(expect.arrayContaining([`${one.namespace}/a`, `${other.namespace}/b`]));
  await one.remove('a');
  expect(await names(one.namespace)).toEqual([]);
});

it('takes our finalizer off a deleted experiment when it is restored, and adds none', async () => {
  const ns = await openNamespace();
  const experiments = createExperimentList(ns.api, ns.namespace);
  const restored: string[] = [];
  const act = async (name: string, answer: 'restored' | 'pending') =>
    experiments.withFinalizer(named(await experiments.list(signal), name), async () => {
      restored.push(name);
      return answer;
    });
  await ns.create('bare');
  expect(await act('bare', 'restored')).toBe('continue');
  expect(await ns.finalizersOf('bare')).toEqual([]);

  await ns.create('kept', { finalizers: ['other.dev/hold', ours] });
  expect(await act('kept', 'restored')).toBe('continue');
  expect(restored).toEqual([]);
  await ns.remove('kept');
  expect(await act('kept', 'pending')).toBe('pending');
  expect(await ns.finalizersOf('kept')).toEqual(['other.dev/hold', ours]);
  const deleted = named(await experiments.list(signal), 'kept');
  expect(await act('kept', 'restored')).toBe('handled');
  expect(await ns.finalizersOf('kept')).toEqual(['other.dev/hold']);
  expect(restored).toEqual(['kept', 'kept']);
  // Not kept by us any more: nothing is to be done.
  expect(await act('kept', 'restored')).toBe('handled');
  expect(restored).toHaveLength(2);

  // Another of its name, created since, keeps its finalizer.
  await ns.edit('kept', { finalizers: null });
  await ns.create('kept', { finalizers: [ours] });
  expect(await experiments.withFinalizer(deleted, async () => 'restored')).toBe('handled');
  expect(await ns.finalizersOf('kept')).toEqual([ours]);
});
