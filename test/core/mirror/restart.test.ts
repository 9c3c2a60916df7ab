import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { readJournal } from '../../../src/core/mirror/journal.ts';
import { planRestart, planRestartRestore } from '../../../src/core/mirror/restart.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';

const OWNER = { namespace: 'shop', name: 'x', uid: 'u1', generation: 3 };

function workload(template: unknown, annotations?: Record<string, string>): KubernetesObject {
  const metadata = {
    name: 'front',
    namespace: 'shop',
    uid: 'w1',
    resourceVersion: '1',
    ...(annotations && { annotations }),
  };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template } };
}

describe('a restart', () => {
  it.each([
    ['a bare template', workload({ spec: {} })],
    ['a template with labels', workload({ metadata: { labels: { app: 'front' } }, spec: {} })],
    [
      'a template with annotations of others',
      workload({ metadata: { annotations: { 'a/b': 'c' } }, spec: {} }, { team: 'x' }),
    ],
  ])('changes %s and is restored to the letter', (_, object) => {
    const patched = applyJsonPatch(object, planRestart(object, 'abc123', OWNER));
    expect(patched).not.toEqual(object);
    expect(JSON.stringify(patched.spec)).toContain('"mirroring.dev/config-hash":"abc123"');
    expect(readJournal(patched)).toMatchObject({ owner: OWNER, change: { type: 'restart' } });
    const restored = applyJsonPatch(patched, planRestartRestore(patched));
    const { metadata } = (restored.spec as { template: { metadata?: object } }).template;
    // An API server does not store an empty metadata; the patch leaves one where there was none.
    if (metadata !== undefined && Object.keys(metadata).length === 0)
      expect(object.spec).toEqual({ template: { spec: {} } });
    else expect(restored).toEqual(object);
  });

  it('restores nothing twice', () => {
    const object = workload({ metadata: { annotations: { 'a/b': 'c' } }, spec: {} });
    expect(planRestartRestore(object)).toEqual([]);
  });
});
