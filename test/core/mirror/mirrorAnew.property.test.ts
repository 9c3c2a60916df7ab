import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { planMirrorAnew, planMirrorOn } from '../../../src/core/mirror/configMap.ts';
import { readJournal } from '../../../src/core/mirror/journal.ts';
import { planMirrorOff } from '../../../src/core/mirror/mirrorOff.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';
import { draws } from './envoy/draw.ts';
import { generateConfig } from './envoy/generateConfig.ts';
import { intentOf } from './envoy/support.ts';
import { writeConfig } from './envoy/writeConfig.ts';

const KEYS = { key: 'envoy.yaml' };
const OWNER = { namespace: 'shop', name: 'experiment', uid: 'u', generation: 1 };
const RUNS = Number(process.env.PROPERTY_RUNS ?? 100);

test('a share that is changed in place is, to the byte, the share that is written at once, and so is the way back', () => {
  fc.assert(
    fc.property(
      draws,
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      ({ draw }, first, second) => {
        const config = generateConfig(draw);
        fc.pre(config.live.some(({ method }) => method !== 'POST'));
        const before = configMap(writeConfig(draw, config.data));
        const methods = draw.pick(['*'], ['GET', 'HEAD']);
        const reload = draw.pick('restart' as const, 'watch' as const);
        const mark = { header: 'x-mirror-experiment', value: OWNER.name };
        const intent = (percent: number) =>
          intentOf({ liveCluster: config.liveCluster, methods, mark, percent, reload });
        const on = planMirrorOn(before, KEYS, intent(first), OWNER, { percent: first });
        fc.pre(on.kind === 'patch');
        if (on.kind !== 'patch') return;
        const patched = applyJsonPatch(before, on.operations);
        const anew = planMirrorAnew(patched, filesOf(patched), KEYS, intent(second), OWNER, { percent: second });
        if (anew.kind !== 'patch') throw new Error(anew.message);
        const raised = applyJsonPatch(patched, anew.operations);
        const atOnce = planMirrorOn(before, KEYS, intent(second), OWNER, { percent: second });
        if (atOnce.kind !== 'patch') throw new Error(atOnce.message);
        expect(raised).toEqual(applyJsonPatch(before, atOnce.operations));
        const off = planMirrorOff(raised, filesOf(raised), OWNER.name);
        expect(off.outcome).toBe('restored');
        expect(applyJsonPatch(raised, off.operations)).toEqual(before);
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);

test('a config that is not to the letter as it was written is not changed', () => {
  const text = 'static_resources: {clusters: []}';
  const files = [
    {
      key: KEYS.key,
      edits: [],
      originalSha256: '',
      patchedSha256: '',
      patchedLength: 0,
      mirrorCluster: 'm',
      clusterAdded: false,
    },
  ];
  const plan = planMirrorAnew(configMap(text), files, KEYS, intentOf({}), OWNER, { percent: 5 });
  expect(plan).toMatchObject({ kind: 'refused', reason: 'EditUnsafe' });
});

function configMap(text: string): KubernetesObject {
  const metadata = { name: 'proxy', namespace: 'shop', uid: 'c', resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [KEYS.key]: text, other: 'kept' } };
}

function filesOf(object: KubernetesObject) {
  const journal = readJournal(object);
  if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy')
    throw new Error('no journal');
  return journal.change.files;
}
