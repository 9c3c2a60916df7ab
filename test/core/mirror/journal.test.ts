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

function object(annotations?: Record<string, string>): KubernetesObject {
  const metadata = {
    name: 'd',
    namespace: 'shop',
    uid: 'd1',
    resourceVersion: '1',
    ...(annotations && { annotations }),
  };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
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
