import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readManifest } from '../../src/cli/manifest.ts';
import { UsageError } from '../../src/cli/usageError.ts';
import { experiment } from '../support/experiments.ts';

const options = { file: 'x.yaml', namespace: { name: 'team', given: false }, nameSuffix: undefined };
const text = (metadata: object, more: object = {}) => stringify({ ...experiment('n'), metadata, ...more });

test('an experiment goes into its own namespace, else into that of the context', () => {
  expect(readManifest(text({ name: 'a' }), options)).toMatchObject({
    name: 'a',
    namespace: 'team',
    object: { metadata: { name: 'a', namespace: 'team' } },
  });
  expect(readManifest(text({ name: 'a', namespace: 'own' }), options)).toMatchObject({ namespace: 'own' });
});

test('what an API server has written into it is left out', () => {
  const metadata = {
    ...{ name: 'a', uid: 'u', resourceVersion: '1', managedFields: [], generation: 3, labels: { team: 'x' } },
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' },
  };
  const { object } = readManifest(text(metadata, { status: { verdict: 'Pass' } }), options);
  expect(object.metadata).toEqual({
    name: 'a',
    namespace: 'team',
    labels: { team: 'x' },
    annotations: { kept: 'yes' },
  });
  expect(object).not.toHaveProperty('status');
});

test('a suffix gives every build its own name, within the limit', () => {
  const named = (name: string, nameSuffix: string) => readManifest(text({ name }), { ...options, nameSuffix }).name;
  expect(named('bookservice', 'a1b2c3')).toBe('bookservice-a1b2c3');
  expect(named('x'.repeat(63), 'a1b2c3')).toBe(`${'x'.repeat(56)}-a1b2c3`);
  expect(() => named('a', 'A_1')).toThrow(/--name-suffix A_1: must be lower-case/);
});

test('generateName leaves the name to the server', () => {
  expect(readManifest(text({ generateName: 'a-' }), options)).toMatchObject({ name: undefined });
});

describe('refuses', () => {
  test.for<[name: string, content: string, message: RegExp]>([
    ['nothing', '', /holds no object/],
    [
      'two objects',
      `${text({ name: 'a' })}---\n${text({ name: 'b' })}`,
      /holds 2 objects \(a MirrorExperiment, a Mirr/,
    ],
    [
      'another kind',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}',
      /holds a ConfigMap; run takes exactly one/,
    ],
    ['a list', 'apiVersion: v1\nkind: List\nitems: []', /holds a List/],
    ['no name', text({}), /metadata.name is missing/],
    ['a name that is a number', text({ name: 5 }), /metadata.name must be a text; quote it/],
    ['what is no YAML', 'a: [', /is no valid YAML or JSON/],
  ])('%s', ([, content, message]) => {
    expect(() => readManifest(content, options)).toThrow(message);
  });

  test('a namespace that contradicts the flag', () => {
    const given = { ...options, namespace: { name: 'other', given: true } };
    expect(() => readManifest(text({ name: 'a', namespace: 'own' }), given)).toThrow(/--namespace says other/);
  });

  test('anything else by a UsageError', () => {
    fc.assert(
      fc.property(fc.string(), (content) => {
        expect(() => readManifest(content, options)).toThrow(UsageError);
      }),
    );
  });
});
