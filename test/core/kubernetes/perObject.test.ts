import { describe, expect, it } from 'vitest';
import { perObject } from '../../../src/core/kubernetes/perObject.ts';
import { isMirrorInPlace } from '../../../src/core/mirror/configMap.ts';
import type { FileEdits } from '../../../src/core/mirror/envoy/types.ts';
import { readJournal } from '../../../src/core/mirror/journal.ts';

const object = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'a', name, uid: 'u', resourceVersion: '1' },
});

describe('what is computed of an object', () => {
  it('is computed once of one that is frozen, and each time of one that may change', () => {
    const computed: string[] = [];
    const nameOf = perObject(({ metadata }) => {
      computed.push(metadata.name);
      return metadata.name;
    });
    const [frozen, twin, open] = [Object.freeze(object('a')), Object.freeze(object('a')), object('b')];
    expect([frozen, frozen, twin, open, open].map((each) => nameOf(each))).toEqual(['a', 'a', 'a', 'b', 'b']);
    expect(computed).toEqual(['a', 'a', 'b', 'b']);
    open.metadata.name = 'c';
    expect(nameOf(open)).toBe('c');
  });

  it('may be undefined', () => {
    let count = 0;
    const nothing = perObject(() => {
      count += 1;
    });
    const frozen = Object.freeze(object('a'));
    nothing(frozen);
    nothing(frozen);
    expect(count).toBe(1);
  });

  it('a configuration is hashed once for each of its files', () => {
    const hashed: string[] = [];
    const hash = (text: string): string => {
      hashed.push(text);
      return `hash of ${text}`;
    };
    const files = ['a', 'b'].map((key) => ({ key, patchedSha256: `hash of ${key}` }) as FileEdits);
    const configMap = Object.freeze({ ...object('x'), data: { a: 'a', b: 'b' } });
    expect([1, 2, 3].map(() => isMirrorInPlace(configMap, files, hash))).toEqual([true, true, true]);
    expect(hashed).toEqual(['a', 'b']);
    const changed = Object.freeze({ ...configMap, data: { a: 'a', b: 'c' } });
    expect(isMirrorInPlace(changed, files, hash)).toBe(false);
  });

  it('a journal is that of the object, not of one that was read before', () => {
    const of = (annotations: Record<string, string>) =>
      Object.freeze({ ...object('x'), metadata: { ...object('x').metadata, annotations } });
    expect(readJournal(of({}))).toBeUndefined();
    expect(readJournal(of({ 'mirroring.dev/journal': '{' }))).toBe('unreadable');
  });
});
