import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { planCandidate, planCandidateRestore } from '../../src/core/mirror/candidate.ts';
import { planMirrorOn } from '../../src/core/mirror/configMap.ts';
import { addMirror } from '../../src/core/mirror/envoy/addMirror.ts';
import { removeMirror } from '../../src/core/mirror/envoy/removeMirror.ts';
import { stripMirror } from '../../src/core/mirror/envoy/stripMirror.ts';
import { readJournal } from '../../src/core/mirror/journal.ts';
import { planMirrorOff, planMirrorOffUnrecorded } from '../../src/core/mirror/mirrorOff.ts';
import { planRestart, planRestartRestore } from '../../src/core/mirror/restart.ts';
import { type Draw, draws } from '../core/mirror/envoy/draw.ts';
import { fixture, fixtureNames, intentOf } from '../core/mirror/envoy/support.ts';
import { FUZZ_RUNS } from '../support/fuzzRuns.ts';
import { applyJsonPatch } from '../support/jsonPatch.ts';
import { SIDECAR } from '../support/lab.ts';
import { HOSTILE_PIECES, mutateData, mutateOnce, mutateText } from './mutate.ts';

const runs = { numRuns: FUZZ_RUNS };
const OWNER = { namespace: 'shop', name: 'experiment', uid: 'u', generation: 1 };
const MARK = { header: 'x-mirror-experiment', value: OWNER.name };
const GOOD = [SIDECAR, ...fixtureNames('good').map((name) => fixture(`good/${name}`))];
const ANY = [...GOOD, ...fixtureNames('bad').map((name) => fixture(`bad/${name}`))];
const KEYS: [string, ...string[]] = ['envoy.yaml', '__proto__', 'constructor', 'a..b', '-'];

function intent(draw: Draw) {
  return intentOf({ methods: draw.pick(['*'], ['GET', 'HEAD']), mark: MARK });
}

function one(draw: Draw, texts: readonly string[]): string {
  return texts[draw.nat(texts.length - 1)] ?? SIDECAR;
}

/** An object with a key of its own, whatever it is called. */
function data(key: string, text: string): Record<string, string> {
  return Object.fromEntries([
    [key, text],
    ['other', 'kept'],
  ]);
}

function configMap(key: string, text: string, annotations?: Record<string, string>): KubernetesObject {
  const metadata = { name: 'proxy', namespace: 'shop', uid: 'c', resourceVersion: '1' };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, ...(annotations && { annotations }) },
    data: data(key, text),
  };
}

function textOf(object: KubernetesObject, key: string): string {
  return Object.getOwnPropertyDescriptor(object.data, key)?.value;
}

describe(`with ${FUZZ_RUNS} cases each`, { timeout: 1_200_000 }, () => {
  it('a mutated config is patched as meant and restored to the byte, or refused and left alone', () => {
    const kinds = new Map<string, number>();
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const text = draw.nat(2) === 0 ? mutateText(draw, one(draw, ANY)) : mutateOnce(draw, one(draw, GOOD));
        const key = draw.pick(...KEYS);
        const wanted = intent(draw);
        const result = addMirror({ routes: { key, text } }, wanted);
        kinds.set(result.kind, (kinds.get(result.kind) ?? 0) + 1);
        if (result.kind === 'refused') {
          expect(result.message.length).toBeLessThan(4096);
          return;
        }
        const patched = Object.getOwnPropertyDescriptor(result.files, key)?.value;
        expect(withoutMirror(parse(patched), wanted.methods[0] !== '*')).toEqual(withoutMirror(parse(text), false));
        const restored = removeMirror(result.files, JSON.parse(JSON.stringify(result.edits)));
        expect(restored.kind === 'restored' && Object.entries(restored.files)).toEqual([[key, text]]);
        const outside = result.edits.flatMap(({ edits }) => edits).toReversed();
        expect(
          outside.reduce(
            (all, { offset, removed, inserted }) =>
              all.slice(0, offset) + removed + all.slice(offset + inserted.length),
            patched,
          ),
        ).toBe(text);
      }),
      runs,
    );
    expect(kinds.get('patched')).toBeGreaterThan(FUZZ_RUNS / 20);
    expect(kinds.get('refused')).toBeGreaterThan(FUZZ_RUNS / 20);
  });

  it('a patched config that is mutated is restored, stripped, or told to be copying; nothing throws', () => {
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const key = draw.pick(...KEYS);
        const before = configMap(key, one(draw, GOOD));
        const on = planMirrorOn(before, { key }, intent(draw), OWNER);
        if (on.kind !== 'patch') return;
        const patched = applyJsonPatch(before, on.operations);
        const journal = readJournal(patched);
        if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy')
          throw new Error('no journal');
        const { files } = journal.change;
        // Without a change, it is as it was: to the byte.
        const off = planMirrorOff(patched, files, OWNER.name);
        expect(off.outcome).toBe('restored');
        expect(textOf(applyJsonPatch(patched, off.operations), key)).toBe(textOf(before, key));

        const changed = { ...patched, data: data(key, mutateText(draw, textOf(patched, key))) };
        const known = { keys: { key }, mirrorCluster: 'bookservicemirror' };
        const plans = [
          planMirrorOff(changed, files, OWNER.name),
          planMirrorOffUnrecorded(changed, OWNER.name, draw.coin() ? known : undefined),
        ];
        for (const plan of plans) {
          for (const { path } of plan?.operations ?? []) {
            expect(path).toMatch(/^(\/data\/[^/]+|\/metadata\/annotations(\/mirroring\.dev~1journal)?)$/);
            expect(path).not.toBe('/data/other');
          }
          const after = applyJsonPatch(changed, plan?.operations ?? []);
          expect(textOf(after, 'other')).toBe('kept');
          // Nothing is ever put in: whatever line is there now was there before, apart from lists that are emptied.
          const lines = new Set(
            [...textOf(changed, key).split('\n'), ...textOf(before, key).split('\n')].map((line) => line.trim()),
          );
          if (/[\r[\]{}]/.test(textOf(changed, key)) === false) {
            for (const line of textOf(after, key).split('\n'))
              expect(lines.has(line.trim()) || line.trim() === '[]').toBe(true);
          }
          outcomes.set(plan?.outcome ?? 'nothing', (outcomes.get(plan?.outcome ?? 'nothing') ?? 0) + 1);
        }
      }),
      runs,
    );
    for (const outcome of ['restored', 'partly', 'copying']) expect(outcomes.get(outcome), outcome).toBeGreaterThan(0);
  });

  it('a text that is stripped of nothing stays as it is', () => {
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const text = mutateText(draw, one(draw, ANY));
        const { files, copying } = stripMirror({ [draw.pick('a', 'b')]: text }, { mark: MARK });
        expect(files).toEqual({});
        expect(copying.length === 0 || text.includes(MARK.header)).toBe(true);
      }),
      runs,
    );
  });

  it('forged and mutated journals restore nothing but their own object, and never fail', () => {
    const genuine = addMirror({ routes: { key: 'envoy.yaml', text: SIDECAR } }, intentOf({ mark: MARK }));
    if (genuine.kind !== 'patched') throw new Error(genuine.message);
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const change = mutateData(draw, { type: 'envoy', files: genuine.edits });
        const text = JSON.stringify({ version: 1, owner: OWNER, change }) ?? '';
        const object = configMap('envoy.yaml', genuine.files['envoy.yaml'] ?? '', { 'mirroring.dev/journal': text });
        const journal = readJournal(object);
        if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy') return;
        const { operations } = planMirrorOff(object, journal.change.files, journal.owner.name);
        const after = applyJsonPatch(object, operations);
        expect(Object.keys(after.data ?? {}).toSorted()).toEqual(['envoy.yaml', 'other']);
        expect(textOf(after, 'other')).toBe('kept');
      }),
      runs,
    );
  });

  it('a candidate is patched and restored to the letter, whatever its texts', () => {
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const word = () => draw.pick('app', 'a/b~c', '__proto__', ...HOSTILE_PIECES);
        const list = <T>(make: () => T) => Array.from({ length: draw.nat(3) }, make);
        const env = () =>
          unique(
            list(() => ({
              name: word(),
              ...(draw.coin() ? { value: word() } : { valueFrom: { fieldRef: { fieldPath: word() } } }),
            })),
          );
        const containers = unique(list(() => ({ name: word(), image: word(), ...envField(env()) })));
        const spec = { ...(draw.coin() && { replicas: draw.nat(3) }), template: { spec: { containers } } };
        const metadata = { name: 'd', namespace: 'a', uid: 'd', resourceVersion: '1' };
        const before: KubernetesObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec };
        const wanted = unique(
          containers.map(({ name }) => ({
            name,
            image: word(),
            env: unique(list(() => ({ name: word(), value: word() }))),
          })),
        );
        const plan = planCandidate(before, { replicas: 1 + draw.nat(3), containers: wanted }, OWNER);
        if (plan.kind !== 'patch') throw new Error(plan.message);
        for (const { path } of plan.operations) {
          expect(path).toMatch(
            /^(\/spec\/replicas|\/spec\/template\/spec\/containers\/\d+\/(image|env(\/(\d+|-))?)|\/metadata\/annotations)$/,
          );
        }
        const patched = applyJsonPatch(before, plan.operations);
        const journal = readJournal(patched);
        if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'candidate')
          throw new Error('no journal');
        const restore = planCandidateRestore(patched, journal.change.fields);
        expect(restore.kept).toEqual([]);
        expect(JSON.stringify(applyJsonPatch(patched, restore.operations))).toBe(JSON.stringify(before));

        const forged = { ...patched, spec: mutateData(draw, patched.spec) };
        const { operations } = planCandidateRestore(forged, journal.change.fields);
        for (const { path } of operations)
          expect(path).toMatch(/^\/(spec\/(replicas|template\/spec\/containers\/\d+\/)|metadata\/annotations)/);
      }),
      runs,
    );
  });

  it('a restart touches one annotation of the template, and is taken back to the letter', () => {
    fc.assert(
      fc.property(
        draws,
        fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }),
        ({ draw }, annotations) => {
          const template = draw.pick<object>({}, { metadata: {} }, { metadata: { annotations } });
          const metadata = { name: 'w', namespace: 'a', uid: 'w', resourceVersion: '1' };
          const before: KubernetesObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template } };
          const operations = planRestart(before, draw.pick(...HOSTILE_PIECES), OWNER);
          for (const { path } of operations)
            expect(path).toMatch(
              /^\/(spec\/template\/metadata(\/annotations(\/mirroring\.dev~1config-hash)?)?|metadata\/annotations)$/,
            );
          const patched = applyJsonPatch(before, operations);
          const after = applyJsonPatch(patched, planRestartRestore(patched));
          expect({ ...after, spec: undefined }).toEqual({ ...before, spec: undefined });
          const kept =
            Object.keys(annotations).length > 0 && 'metadata' in template && 'annotations' in Object(template.metadata);
          if (kept) expect(after).toEqual(before);
        },
      ),
      runs,
    );
  });
});

/** An API server keeps no empty list. */
function envField<T>(env: readonly T[]): { env?: readonly T[] } {
  return env.length === 0 ? {} : { env };
}

function unique<T extends { name: string }>(items: readonly T[]): T[] {
  return [...new Map(items.map((each) => [each.name, each])).values()];
}

/** The data without the policies, copied routes and cluster that the operator puts in. */
function withoutMirror(value: unknown, copies: boolean): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((each, index) => !(copies && isMarked(each) && sameRoute(each, value[index + 1])))
      .filter(
        (each) =>
          !(isMap(each) && each.name === 'bookservicemirror' && JSON.stringify(each).includes('max_stream_duration')),
      )
      .map((each) => withoutMirror(each, copies));
  }
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      if (key !== 'request_mirror_policies' && key !== 'requestMirrorPolicies') {
        return [[key, withoutMirror(each, copies)]];
      }
      const others = Array.isArray(each) ? each.filter((policy) => !JSON.stringify(policy).includes(MARK.header)) : [];
      return others.length === 0 ? [] : [[key, others]];
    }),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMarked(route: unknown): boolean {
  return isMap(route) && isMap(route.match) && JSON.stringify(route.route ?? '').includes(MARK.header);
}

/** A copy is the route below it with a matcher for methods. */
function sameRoute(copy: unknown, original: unknown): boolean {
  if (!isMap(copy) || !isMap(original) || !isMap(copy.match) || !isMap(original.match)) return false;
  const { headers: more, ...match } = copy.match;
  const { headers = [], ...theirs } = original.match;
  const isNarrower = Array.isArray(more) && Array.isArray(headers) && more.length === headers.length + 1;
  return isNarrower && JSON.stringify(match) === JSON.stringify(theirs);
}
