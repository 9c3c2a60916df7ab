import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type CandidateChange, planCandidate, planCandidateRestore } from '../../../src/core/mirror/candidate.ts';
import { readJournal } from '../../../src/core/mirror/journal.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';

const OWNER = { namespace: 'shop', name: 'x', uid: 'u1', generation: 3 };

const name = fc.constantFrom('app', 'proxy', 'side~car', 'a/b', 'toString');
const variable = fc.constantFrom('A', 'B', 'C', 'PATH', '__proto__');
const entry = fc.oneof(
  fc.record({ name: variable, value: fc.string() }),
  fc.record({ name: variable, valueFrom: fc.constant({ fieldRef: { fieldPath: 'metadata.name' } }) }),
);
const env = fc.uniqueArray(entry, { selector: (each) => each.name, maxLength: 5 });

const deployment: fc.Arbitrary<KubernetesObject> = fc
  .record({
    replicas: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    annotations: fc.option(fc.dictionary(fc.constantFrom('team', 'note/x'), fc.string(), { minKeys: 1 }), {
      nil: undefined,
    }),
    containers: fc.uniqueArray(
      fc.record({
        name,
        image: fc.constantFrom('i:1', 'i:2'),
        env: fc.option(env, { nil: undefined }),
        tty: fc.boolean(),
      }),
      { selector: (each) => each.name, minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ replicas, annotations, containers }) =>
    JSON.parse(
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'd', namespace: 'shop', uid: 'd1', resourceVersion: '1', annotations },
        spec: { replicas, template: { spec: { containers: containers.map(withoutEmptyEnv) } } },
      }),
    ),
  );

const change: fc.Arbitrary<CandidateChange> = fc.record({
  replicas: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  containers: fc.option(
    fc.uniqueArray(
      fc.record({
        name,
        image: fc.option(fc.constantFrom('i:1', 'i:3'), { nil: undefined }),
        env: fc.option(
          fc.uniqueArray(fc.record({ name: variable, value: fc.string() }), {
            selector: (each) => each.name,
            maxLength: 5,
          }),
          { nil: undefined },
        ),
      }),
      { selector: (each) => each.name, maxLength: 4 },
    ),
    { nil: undefined },
  ),
});

describe('a candidate’s Deployment', () => {
  it('has what the experiment wants, and nothing else changed', () => {
    fc.assert(
      fc.property(deployment, change, (object, wanted) => {
        const plan = planCandidate(object, wanted, OWNER);
        if (plan.kind === 'refused') return;
        const patched = applyJsonPatch(object, plan.operations);
        const before = containersOf(object);
        containersOf(patched).forEach((container, index) => {
          const asked = wanted.containers?.find((each) => each.name === container.name);
          expect(container.image).toBe(asked?.image ?? before[index]?.image);
          for (const { name: key, value } of asked?.env ?? []) {
            expect(container.env?.filter((each) => each.name === key)).toEqual([{ name: key, value }]);
          }
          const untouched = (before[index]?.env ?? []).filter(
            (each) => !asked?.env?.some((own) => own.name === each.name),
          );
          expect(container.env ?? []).toEqual(expect.arrayContaining(untouched));
        });
        expect(specOf(patched).replicas).toBe(wanted.replicas ?? specOf(object).replicas);
      }),
      { numRuns: 2000 },
    );
  });

  it('is restored to the letter', () => {
    fc.assert(
      fc.property(deployment, change, (object, wanted) => {
        const plan = planCandidate(object, wanted, OWNER);
        if (plan.kind === 'refused') return;
        const patched = applyJsonPatch(object, plan.operations);
        const restore = planCandidateRestore(patched, fieldsOf(patched));
        expect(restore.kept).toEqual([]);
        expect(JSON.stringify(applyJsonPatch(patched, restore.operations))).toBe(JSON.stringify(object));
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps what somebody else has changed meanwhile, wherever it has moved', () => {
    fc.assert(
      fc.property(deployment, change, fc.nat(5), (object, wanted, at) => {
        const plan = planCandidate(object, wanted, OWNER);
        if (plan.kind === 'refused') return;
        const patched = applyJsonPatch(object, plan.operations);
        const fields = fieldsOf(patched);
        // Somebody inserts a variable and changes the image of the first container.
        const [first] = containersOf(patched);
        if (first === undefined) return;
        first.image = 'theirs:1';
        first.env = [...(first.env ?? [])];
        first.env.splice(Math.min(at, first.env.length), 0, { name: 'THEIRS', value: '1' });
        const restore = planCandidateRestore(patched, fields);
        const after = containersOf(applyJsonPatch(patched, restore.operations))[0];
        expect(after?.image).toBe('theirs:1');
        expect(after?.env).toContainEqual({ name: 'THEIRS', value: '1' });
        const without = (after?.env ?? []).filter((each) => each.name !== 'THEIRS');
        expect(without).toEqual(containersOf(object)[0]?.env ?? []);
      }),
      { numRuns: 2000 },
    );
  });
});

it('a container that the Deployment does not have is refused with those that it has', () => {
  const object = { ...base, spec: { template: { spec: { containers: [{ name: 'app' }, { name: 'proxy' }] } } } };
  expect(planCandidate(object, { containers: [{ name: 'other', image: 'i:1' }] }, OWNER)).toEqual({
    kind: 'refused',
    reason: 'ContainerNotFound',
    message:
      'Deployment d has no container named other (it has: app, proxy); correct spec.mirror.deployment.containers',
  });
});

const base: KubernetesObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'shop', uid: 'd1', resourceVersion: '1' },
};

it('restores an image to which admission has added the digest', () => {
  const before: KubernetesObject = {
    ...base,
    spec: { template: { spec: { containers: [{ name: 'app', image: 'i:1' }] } } },
  };
  const plan = planCandidate(before, { containers: [{ name: 'app', image: 'i:2' }] }, OWNER);
  if (plan.kind === 'refused') throw new Error(plan.message);
  const written = applyJsonPatch(before, plan.operations);
  const admitted = applyJsonPatch(written, [
    { op: 'replace', path: '/spec/template/spec/containers/0/image', value: `i:2@sha256:${'0'.repeat(64)}` },
  ]);
  const restore = planCandidateRestore(admitted, fieldsOf(admitted));
  expect(restore.kept).toEqual([]);
  expect(applyJsonPatch(admitted, restore.operations)).toEqual(before);
});

interface Container {
  name: string;
  image?: string;
  env?: { name: string; value?: string }[];
}

function withoutEmptyEnv<T extends { env?: unknown[] | undefined }>(container: T): T {
  return container.env?.length === 0 ? { ...container, env: undefined } : container;
}

function specOf(object: KubernetesObject): { replicas?: number; template: { spec: { containers: Container[] } } } {
  return object.spec as { replicas?: number; template: { spec: { containers: Container[] } } };
}

function containersOf(object: KubernetesObject): Container[] {
  return specOf(object).template.spec.containers;
}

function fieldsOf(object: KubernetesObject) {
  const journal = readJournal(object);
  if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'candidate')
    throw new Error('no journal');
  expect(journal.owner).toEqual(OWNER);
  return journal.change.fields;
}
