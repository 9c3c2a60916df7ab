import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { type Journal, readJournal, removeJournal, writeJournal } from '../../../src/core/mirror/journal.ts';
import { applyJsonPatch } from '../../support/jsonPatch.ts';

const JOURNAL: Journal = {
  version: 1,
  owner: { namespace: 'shop', name: 'x', uid: 'u1', generation: 3 },
  change: { type: 'candidate', fields: [{ field: 'replicas', original: 0, applied: 1 }] },
};

function object(annotations?: Record<string, string>, kind = 'Deployment'): KubernetesObject {
  const metadata = {
    name: 'd',
    namespace: 'shop',
    uid: 'd1',
    resourceVersion: '1',
    ...(annotations && { annotations }),
  };
  return { apiVersion: 'v1', kind, metadata };
}

describe('the journal', () => {
  it.each([[undefined], [{ team: 'x' }], [{ 'a/b~c': 'x', z: 'y' }]])(
    'comes and goes beside annotations %j',
    (annotations) => {
      const before = object(annotations);
      const written = applyJsonPatch(before, writeJournal(before, JOURNAL));
      expect(readJournal(written)).toEqual(JOURNAL);
      expect(applyJsonPatch(written, removeJournal(written))).toEqual(before);
    },
  );

  it('is not there on an object without one', () => {
    expect(readJournal(object({ team: 'x' }))).toBeUndefined();
    expect(removeJournal(object({ team: 'x' }))).toEqual([]);
  });

  it.each([
    ['no JSON', '{'],
    ['another version', JSON.stringify({ ...JOURNAL, version: 2 })],
    ['no owner', JSON.stringify({ ...JOURNAL, owner: undefined })],
    ['an unknown change', JSON.stringify({ ...JOURNAL, change: { type: 'other' } })],
    [
      'a field without its value',
      JSON.stringify({ ...JOURNAL, change: { type: 'candidate', fields: [{ field: 'image', container: 'a' }] } }),
    ],
    [
      'an edit without its offset',
      JSON.stringify({
        ...JOURNAL,
        change: {
          type: 'envoy',
          files: [{ key: 'k', originalSha256: '', patchedSha256: '', edits: [{ removed: '', inserted: '' }] }],
        },
      }),
    ],
  ])('with %s is unreadable, not believed', (_, text) => {
    expect(readJournal(object({ 'mirroring.dev/journal': text }))).toBe('unreadable');
  });

  const file = (...edits: object[]) => ({
    key: 'k',
    originalSha256: '',
    patchedSha256: '',
    patchedLength: 9,
    mirrorCluster: 'm',
    clusterAdded: false,
    edits,
  });
  const EDIT = { offset: 3, removed: '', inserted: 'abc' };
  const deep = (levels: number) => ({ name: 'A', valueFrom: `nested ${levels}` });
  const env = (original: unknown) => ({ field: 'env', container: 'c', name: 'A', applied: 'x', original });
  const ACCEPTED: [string, object][] = [
    ['ConfigMap', { type: 'envoy', files: [file(EDIT, { ...EDIT, offset: 6 })] }],
    ['Deployment', { type: 'candidate', fields: [env(deep(4)), env({ name: 'A', value: 'y' })] }],
    ['Deployment', { type: 'restart' }],
    ['DaemonSet', { type: 'restart' }],
    ['StatefulSet', { type: 'restart' }],
  ];
  const FORGED: [string, string, object][] = [
    ['a restart of a ConfigMap', 'ConfigMap', { type: 'restart' }],
    ['a candidate that is a ConfigMap', 'ConfigMap', { type: 'candidate', fields: [] }],
    ['a candidate that is a DaemonSet', 'DaemonSet', { type: 'candidate', fields: [] }],
    ['files of a Deployment', 'Deployment', { type: 'envoy', files: [] }],
    ['an edit that inserts nothing', 'ConfigMap', { type: 'envoy', files: [file({ ...EDIT, inserted: '' })] }],
    ['an edit in front of the text', 'ConfigMap', { type: 'envoy', files: [file({ ...EDIT, offset: -1 })] }],
    ['edits that overlap', 'ConfigMap', { type: 'envoy', files: [file(EDIT, { ...EDIT, offset: 5 })] }],
    ['edits that descend', 'ConfigMap', { type: 'envoy', files: [file(EDIT, { ...EDIT, offset: 0 })] }],
    [
      'thousands of edits',
      'ConfigMap',
      { type: 'envoy', files: [file(...Array.from({ length: 5000 }, (_, i) => ({ ...EDIT, offset: 3 * i })))] },
    ],
    ['a variable of another name', 'Deployment', { type: 'candidate', fields: [env({ name: 'B', value: 'x' })] }],
    ['a variable that is no object', 'Deployment', { type: 'candidate', fields: [env(['A'])] }],
    ['a nesting without end', 'Deployment', { type: 'candidate', fields: [env(deep(20_000))] }],
    [
      'an image that is no text',
      'Deployment',
      { type: 'candidate', fields: [{ field: 'image', container: 'c', applied: 'x', original: {} }] },
    ],
    ['half a replica', 'Deployment', { type: 'candidate', fields: [{ field: 'replicas', applied: 1, original: 0.5 }] }],
  ];
  // JSON.stringify recurses; a forger need not.
  const nest = (_: string, levels: string) => `${'['.repeat(Number(levels))}${']'.repeat(Number(levels))}`;
  const annotated = (kind: string, change: object) => {
    const text = JSON.stringify({ ...JOURNAL, change }).replace(/"nested (\d+)"/, nest);
    return object({ 'mirroring.dev/journal': text }, kind);
  };

  it.each(ACCEPTED)('is read on a %s', (kind, change) => {
    expect(readJournal(annotated(kind, change))).toMatchObject({ change: { type: Reflect.get(change, 'type') } });
  });

  it.each(FORGED)('forged with %s is unreadable, not believed', (_, kind, change) => {
    expect(readJournal(annotated(kind, change))).toBe('unreadable');
  });

  it('never throws, whatever the annotation holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = readJournal(object({ 'mirroring.dev/journal': text }));
        expect(read === 'unreadable' || typeof read === 'object').toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });
});
