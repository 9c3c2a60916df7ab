import { expect, it } from 'vitest';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { createOutlines } from '../../src/engine/outlines.ts';

function experiment(metadata: object, status: object = {}): KubernetesObject {
  const identity = { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 1 };
  return {
    ...{ apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', status },
    metadata: { ...identity, ...metadata },
  };
}

it('news is what others decide: an experiment, its spec, its deletion', () => {
  const outlines = createOutlines();
  const update = (metadata: object, status?: object) => outlines.update('shop/a', experiment(metadata, status));
  expect(update({})).toBe(true);
  expect(update({ resourceVersion: '2', finalizers: ['x'] })).toBe(false);
  expect(update({ resourceVersion: '3' }, { percent: 10 })).toBe(false);
  expect(update({ generation: 2 })).toBe(true);
  expect(update({ generation: 2, deletionTimestamp: '2026-01-01T00:00:00Z' })).toBe(true);
  expect(update({ uid: 'another' })).toBe(true);
});

it('tell what was seen last, and nothing of what is gone', () => {
  const outlines = createOutlines();
  outlines.update('shop/a', experiment({}, { percent: 10 }));
  outlines.update('shop/a', experiment({}, { percent: 20 }));
  expect(outlines.get('shop/a')).toMatchObject({ uid: 'u', standing: { mirroredPercent: 20 } });
  expect(outlines.update('shop/a', undefined)).toBe(false);
  expect([...outlines.entries()]).toEqual([]);
  expect(outlines.update('shop/a', experiment({}))).toBe(true);
});
