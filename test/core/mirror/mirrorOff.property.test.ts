import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { planMirrorOn } from '../../../src/core/mirror/configMap.ts';
import { type Journal, readJournal } from '../../../src/core/mirror/journal.ts';
import { planMirrorOff, planMirrorOffUnrecorded } from '../../../src/core/mirror/mirrorOff.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';
import { changeByOthers, MARKER } from './envoy/changeByOthers.ts';
import { draws } from './envoy/draw.ts';
import { generateConfig } from './envoy/generateConfig.ts';
import { marked, read } from './envoy/markedPolicies.ts';
import { intentOf } from './envoy/support.ts';
import { writeConfig } from './envoy/writeConfig.ts';

const KEY = 'envoy.yaml';
const RUNS = Number(process.env.PROPERTY_RUNS ?? 100);
const OWNER = { namespace: 'shop', name: 'experiment', uid: 'u', generation: 1 };
const KNOWN = { keys: { key: KEY }, mirrorCluster: 'bookservicemirror' };

test('with or without its journal, a config that others have changed copies nothing afterwards, or the plan says so', () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(draws, fc.boolean(), ({ draw }, recorded) => {
      const config = generateConfig(draw);
      fc.pre(config.live.some(({ method }) => method !== 'POST'));
      const before = configMap(writeConfig(draw, config.data));
      const intent = intentOf({
        liveCluster: config.liveCluster,
        methods: draw.pick(['*'], ['GET', 'HEAD']),
        mark: { header: 'x-mirror-experiment', value: OWNER.name },
      });
      const on = planMirrorOn(before, { key: KEY }, intent, OWNER);
      if (on.kind !== 'patch') throw new Error(on.message);
      const patched = applyJsonPatch(before, on.operations);
      const files = filesOf(readJournal(patched));
      const changed = withText(patched, changeByOthers(draw, textOf(patched), files[0]?.edits ?? []));
      const object = recorded ? changed : { ...changed, metadata: before.metadata };
      const plan = recorded
        ? planMirrorOff(object, files, OWNER.name)
        : planMirrorOffUnrecorded(object, OWNER.name, KNOWN);
      const after = plan === undefined ? object : applyJsonPatch(object, plan.operations);
      expect(after.metadata).toEqual(before.metadata);
      expect(textOf(after).split(MARKER).length).toBe(textOf(object).split(MARKER).length);
      const outcome = plan?.outcome ?? 'nothing';
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome === 'copying') return;
      expect(marked(read(textOf(after)))).toBe(0);
      expect(textOf(after)).not.toMatch(
        /request_?mirror_?policies"?:\s*(?:-|\[?\s*\{)\s*"?cluster"?: "?bookservicemirror/i,
      );
    }),
    { numRuns: RUNS },
  );
  expect(outcomes.get('restored')).toBeGreaterThan(0);
  expect(outcomes.get('partly')).toBeGreaterThan(RUNS / 5);
  expect(outcomes.get('copying')).toBeGreaterThan(0);
}, 120_000);

function configMap(text: string): KubernetesObject {
  const metadata = { name: 'proxy', namespace: 'shop', uid: 'c', resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [KEY]: text, other: 'kept' } };
}

function withText(object: KubernetesObject, text: string): KubernetesObject {
  return { ...object, data: { ...(object.data as Record<string, string>), [KEY]: text } };
}

function textOf(object: KubernetesObject): string {
  return (object.data as Record<string, string>)[KEY] ?? '';
}

function filesOf(journal: Journal | 'unreadable' | undefined) {
  if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy')
    throw new Error('no journal');
  return journal.change.files;
}
