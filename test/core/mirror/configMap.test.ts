import { expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { planMirrorOn } from '../../../src/core/mirror/configMap.ts';
import type { MirrorIntent } from '../../../src/core/mirror/envoy/types.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';
import { SIDECAR } from '../../support/lab.ts';

const LIMIT = 256 * 1024;
const OWNER = { namespace: 'shop', name: 'x', uid: 'u1', generation: 1 };
const INTENT: MirrorIntent = {
  liveCluster: 'bookservice',
  mirrorCluster: 'bookservicemirror',
  percent: 100,
  methods: ['*'],
  mirrorAddress: { host: 'bookservicemirror.shop.svc', port: 80 },
  maxStreamDurationSeconds: 15,
  maxRequests: 1024,
  mark: { header: 'x-mirror-experiment', value: 'x' },
  reload: 'restart',
};

it('refuses a journal that does not fit beside the annotations that are there, to the byte', () => {
  const free = LIMIT - annotationBytes(patched(configMap('')));
  const fits = patched(configMap('ü'.repeat(Math.floor(free / 2)) + 'x'.repeat(free % 2)));
  expect(annotationBytes(fits)).toBe(LIMIT);
  const plan = planMirrorOn(configMap('x'.repeat(free + 1)), { key: 'envoy.yaml' }, INTENT, OWNER);
  expect(plan).toMatchObject({ kind: 'refused', reason: 'ConfigTooLarge' });
  expect(plan.kind === 'refused' ? plan.message : '').toMatch(/^ConfigMap c: .*256 KiB is the limit.*--server-side/);
});

function configMap(note: string): KubernetesObject {
  const metadata = { name: 'c', namespace: 'shop', uid: 'c1', resourceVersion: '1', annotations: { note } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'envoy.yaml': SIDECAR } };
}

function patched(object: KubernetesObject): KubernetesObject {
  const plan = planMirrorOn(object, { key: 'envoy.yaml' }, INTENT, OWNER);
  if (plan.kind === 'refused') throw new Error(plan.message);
  return applyJsonPatch(object, plan.operations);
}

/** As the API server counts them: names and values. */
function annotationBytes({ metadata }: KubernetesObject): number {
  return Buffer.byteLength(
    Object.entries(metadata.annotations ?? {})
      .flat()
      .join(''),
  );
}
