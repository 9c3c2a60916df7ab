import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type CandidateChange, planCandidate } from '../../../src/core/mirror/candidate.ts';
import { planMirrorOn } from '../../../src/core/mirror/configMap.ts';
import { type PatchedField, type PatchedObject, patchedFields } from '../../../src/core/mirror/patchedFields.ts';
import { planRestart } from '../../../src/core/mirror/restart.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';
import { SIDECAR } from '../../support/lab.ts';
import { intentOf } from './envoy/support.ts';

const OWNER = { namespace: 'shop', name: 'x', uid: 'u', generation: 1 };
const at = (name: string) => ({ name, namespace: 'shop', uid: name, resourceVersion: '1' });

describe('the fields that a run patches', () => {
  it('are the keys of the ConfigMap and the journal, and no other key', () => {
    const key = 'a~b/envoy.yaml';
    const before: KubernetesObject = {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: at('c') },
      data: { [key]: SIDECAR, other: 'kept' },
    };
    const plan = planMirrorOn(before, { key }, intentOf({ liveCluster: 'bookservice' }), OWNER);
    if (plan.kind !== 'patch') throw new Error(plan.message);
    const after = applyJsonPatch(before, plan.operations);
    expectExactly(before, after, patchedFields({ role: 'config', ref: ref('ConfigMap', 'c'), keys: { key } }, after));
  });

  it('are an annotation of the pod template and the journal in the workload that runs Envoy', () => {
    const before = deployment([{ name: 'envoy', image: 'envoy' }]);
    const after = applyJsonPatch(before, planRestart(before, 'hash', OWNER));
    expectExactly(before, after, patchedFields({ role: 'workload', ref: ref('Deployment', 'd') }, after));
  });

  test('of any candidate are told by pointers and by names alike, and are exactly what changes', () => {
    fc.assert(
      fc.property(candidates, ({ before, change }) => {
        const plan = planCandidate(before, change, OWNER);
        if (plan.kind !== 'patch') throw new Error(plan.message);
        const after = applyJsonPatch(before, plan.operations);
        const patched: PatchedObject = { role: 'candidate', ref: ref('Deployment', 'd'), change };
        expectExactly(before, after, patchedFields(patched, after));
      }),
      { numRuns: 200 },
    );
  });

  it('are named as a whole where there are too many', () => {
    const env = Array.from({ length: 40 }, (_, index) => ({ name: `V${index}`, value: '1' }));
    const change = { replicas: 1, containers: [{ name: 'app', env }] };
    const fields = patchedFields({ role: 'candidate', ref: ref('Deployment', 'd'), change }, deployment([]));
    expect(fields.map(({ pointer }) => pointer)).toEqual([
      '/spec/replicas',
      '/spec/template/spec/containers',
      '/metadata/annotations/mirroring.dev~1journal',
    ]);
  });
});

/** Everything at the fields, and nothing else, differs between the two; pointers and jq paths name the same. */
function expectExactly(before: KubernetesObject, after: KubernetesObject, fields: readonly PatchedField[]): void {
  const [was, is] = [byName(before), byName(after)];
  const changed = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((path) => was[path] !== is[path]);
  const names = fields.map(({ pointer }) => namedPath(after, pointer ?? '/not there'));
  for (const path of changed)
    expect(
      names.filter((name) => isWithin(path, name)),
      `${path} in ${names.join()}`,
    ).toHaveLength(1);
  for (const name of names) expect(changed.filter((path) => isWithin(path, name)).length, name).toBeGreaterThan(0);
  for (const { pointer, jq } of fields) {
    if (jq !== undefined) expect(pathOfJq(jq)).toBe(namedPath(after, pointer ?? ''));
  }
}

const isWithin = (path: string, of: string) => path === of || path.startsWith(`${of}/`);

/** Every leaf by its path; entries of lists by their name, because an index means another entry in another version. */
function byName(value: unknown, path = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return { [path]: value };
  const entries = Array.isArray(value)
    ? value.map((each: { name: string }) => [`=${each.name}`, each] as const)
    : Object.entries(value).map(([key, each]) => [escapeKey(key), each] as const);
  return Object.assign({}, ...entries.map(([key, each]) => byName(each, `${path}/${key}`)));
}

/** A JSON pointer (RFC 6901) with names instead of indices; throws where it leads nowhere. */
function namedPath(object: unknown, pointer: string): string {
  let value = object;
  const steps = pointer.split('/').slice(1);
  return steps
    .map((step) => {
      const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const list = Array.isArray(value);
      value = (value as Record<string, unknown> | undefined)?.[key];
      if (value === undefined) throw new Error(`${pointer} leads nowhere`);
      return `/${list ? `=${(value as { name: string }).name}` : escapeKey(key)}`;
    })
    .join('');
}

/** The only two forms of jq path there are. */
function pathOfJq(jq: string): string {
  const match =
    /^\.spec\.template\.spec\.containers\[\] \| select\(\.name == ("[^"]*")\) \| \.(?:(image)|env\[\]\? \| select\(\.name == (".*")\))$/.exec(
      jq,
    );
  if (match === null) throw new Error(`unexpected ${jq}`);
  const [, container = '', image, variable = ''] = match;
  const path = `/spec/template/spec/containers/=${JSON.parse(container)}`;
  return image === undefined ? `${path}/env/=${JSON.parse(variable)}` : `${path}/image`;
}

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

const ref = (kind: 'ConfigMap' | 'Deployment', name: string) => ({ kind, namespace: 'shop', name });

function deployment(containers: readonly object[], replicas?: number): KubernetesObject {
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: at('d') },
    spec: { ...(replicas !== undefined && { replicas }), template: { spec: { containers } } },
  };
}

/** A Deployment, and a change in which everything that is named has another value than before. */
const candidates = fc
  .record({
    names: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/), { minLength: 1, maxLength: 3 }),
    present: fc.uniqueArray(fc.constantFrom('A', 'B', 'VersionTag', 'a"b', 'x\\(y)'), { maxLength: 4 }),
    wanted: fc.uniqueArray(fc.constantFrom('B', 'VersionTag', 'a"b', 'x\\(y)'), { maxLength: 3 }),
    replicas: fc.option(fc.constantFrom(1, 2), { nil: undefined }),
    had: fc.option(fc.constantFrom(0, 5), { nil: undefined }),
    images: fc.boolean(),
  })
  .filter(({ wanted, images, replicas }) => images || wanted.length > 0 || replicas !== undefined)
  .map(({ names, present, wanted, replicas, had, images }) => {
    const env = () => present.map((name) => ({ name, value: 'before' }));
    const containers = names.map((name) => ({ name, image: 'before', ...(present.length > 0 && { env: env() }) }));
    const changed = names.slice(0, 2).map((name) => ({
      name,
      ...(images && { image: 'during' }),
      ...(wanted.length > 0 && { env: wanted.map((each) => ({ name: each, value: 'during' })) }),
    }));
    const change: CandidateChange = { replicas, ...((images || wanted.length > 0) && { containers: changed }) };
    return { before: deployment(containers, had), change };
  });
