import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExperiment } from '../../src/api/experiment.ts';
import {
  baseResource,
  changed,
  defaultAnalysis,
  goodCases,
  ruleCases,
  schemaCases,
  unknownFieldCases,
} from './crdCases.ts';

const metadata = {
  namespace: 'books',
  name: 'bookservice-v3',
  uid: '0b5a1c6e-0000-4000-8000-000000000000',
  resourceVersion: '42',
  generation: 2,
  creationTimestamp: '2026-01-31T12:00:00Z',
};

const stored = (change = {}): object => ({ ...changed(change), metadata });
const pathsOf = (object: unknown) => {
  const result = parseExperiment(object);
  return result.kind === 'invalid' ? result.errors.map(({ path }) => path) : [];
};

test('an experiment is parsed with its defaults', () => {
  const { live, mirror, traffic, telemetry } = baseResource().spec;
  expect(parseExperiment(stored())).toEqual({
    kind: 'experiment',
    experiment: {
      ...metadata,
      creationTimestamp: Date.UTC(2026, 0, 31, 12),
      finalizers: [],
      status: {},
      spec: {
        live,
        mirror,
        traffic: { ...traffic, percent: 100, methods: ['GET', 'HEAD', 'OPTIONS'] },
        telemetry: { logAnalytics: { ...telemetry.logAnalytics, table: 'AppRequests', versionProperty: 'VersionTag' } },
        analysis: defaultAnalysis,
      },
    },
  });
});

test('metadata that the operator does not read is left out, and what it reads is typed', () => {
  const given = {
    ...metadata,
    labels: { a: 'b' },
    managedFields: [{ manager: 'kubectl' }],
    finalizers: ['mirroring.dev/restore'],
    deletionTimestamp: '2026-01-31T13:00:00.5+01:00',
  };
  expect(parseExperiment({ ...baseResource(), metadata: given })).toMatchObject({
    experiment: { finalizers: ['mirroring.dev/restore'], deletionTimestamp: Date.UTC(2026, 0, 31, 12, 0, 0, 500) },
  });
  expect(parseExperiment({ ...baseResource(), metadata: given })).not.toHaveProperty('experiment.labels');
});

test('an item of a list, which has neither apiVersion nor kind, is parsed', () => {
  const { spec } = baseResource();
  expect(parseExperiment({ metadata, spec })).toMatchObject({ kind: 'experiment' });
});

test('an object of another kind is refused', () => {
  expect(pathsOf({ ...stored(), kind: 'Deployment', apiVersion: 'apps/v1' })).toEqual(['apiVersion', 'kind']);
});

describe('what the API server accepts is parsed', () => {
  test.each(Object.entries(goodCases))('%s', (_, change) => {
    expect(pathsOf(stored(change))).toEqual([]);
  });
});

describe('what breaks the schema is refused', () => {
  test.each(Object.entries(schemaCases))('%s', (_, { change, refused }) => {
    expect(pathsOf(stored(change))).toContain(refused.split(': ')[0]);
  });

  test.each(Object.entries(unknownFieldCases))('unknown field %s', (path, change) => {
    expect(pathsOf(stored(change))).toEqual([path]);
  });
});

test('rules are left to the API server', () => {
  for (const { change } of Object.values(ruleCases)) expect(pathsOf(stored(change))).toEqual([]);
});

describe('an invalid experiment', () => {
  const status = {
    observedGeneration: 1,
    targets: [{ kind: 'ConfigMap', name: 'default-sidecar', patched: true }],
  };

  test('can still be reported on and restored', () => {
    const finalizers = ['mirroring.dev/restore'];
    const deleted = { ...metadata, finalizers, deletionTimestamp: '2026-01-31T12:30:00Z' };
    expect(parseExperiment({ metadata: deleted, spec: 'nonsense', status })).toEqual({
      kind: 'invalid',
      identity: {
        ...metadata,
        creationTimestamp: Date.UTC(2026, 0, 31, 12),
        deletionTimestamp: Date.UTC(2026, 0, 31, 12, 30),
        finalizers,
        status,
      },
      errors: [{ path: 'spec', message: 'must be an object; it is "nonsense"' }],
    });
  });

  test.each(['namespace', 'name', 'uid', 'resourceVersion', 'generation', 'creationTimestamp'])(
    'that has no %s cannot be addressed',
    (field) => {
      const object = { ...baseResource(), metadata: { ...metadata, [field]: undefined } };
      expect(parseExperiment(object)).toMatchObject({
        kind: 'invalid',
        identity: undefined,
        errors: [{ path: `metadata.${field}`, message: 'is missing: set it' }],
      });
    },
  );
});

describe('an experiment that is being deleted', () => {
  const deleted = { ...metadata, deletionTimestamp: '2026-01-31T12:30:00Z' };
  const newer = changed({ 'spec.analysis.novelty': 1, 'spec.analysis.latency': [{ percentile: 50, novelty: 2 }] });

  test('can be restored although a newer definition has given it fields', () => {
    expect(parseExperiment({ ...newer, metadata })).toMatchObject({ kind: 'invalid' });
    expect(parseExperiment({ ...newer, metadata: deleted })).toMatchObject({
      kind: 'experiment',
      experiment: { spec: { analysis: { ...defaultAnalysis, latency: [{ percentile: 50, failOnly: false }] } } },
    });
  });

  test('is invalid when no valid spec remains', () => {
    expect(pathsOf({ ...changed({ 'spec.live.service': 5 }), metadata: deleted })).toEqual(['spec.live.service']);
  });
});

describe('a malformed status', () => {
  test.each([[undefined], [null], ['text'], [[]], [{ verdict: 'Maybe', conditions: 'none', targets: [{}] }]])(
    'does not make the experiment unreadable: %j',
    (status) => {
      const result = parseExperiment({ ...stored(), status });
      expect(result).toMatchObject({ kind: 'experiment' });
      if (result.kind === 'experiment') expect(Object.values(result.experiment.status).flat()).toEqual([]);
    },
  );

  test('keeps what is valid of it', () => {
    const target = { kind: 'Deployment', name: 'candidate', patched: true };
    const status = {
      verdict: 'Pass',
      startTime: 'soon',
      targets: [{ kind: 'Secret', name: 'x', patched: true }, target],
    };
    expect(parseExperiment({ ...stored(), status })).toMatchObject({
      experiment: { status: { verdict: 'Pass', targets: [target] } },
    });
  });
});

describe('parseExperiment never throws, and what it returns', () => {
  const value = fc.oneof(
    fc.anything({ withBigInt: true, withNullPrototype: true }),
    fc.integer({ max: 99 }),
    fc.string(),
  );
  const spoilt = fc
    .tuple(fc.constantFrom(...specPaths(stored())), value)
    .map(([path, wrong]) => changedAt(stored(), path, wrong));

  test('is invalid for anything', () => {
    const options = { withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true };
    fc.assert(fc.property(fc.anything(options), (input) => parseExperiment(input).kind === 'invalid'));
  });

  test('is the same when an experiment is parsed again', () => {
    fc.assert(
      fc.property(spoilt, (input) => {
        const first = parseExperiment(input);
        if (first.kind === 'invalid') {
          expect(first.errors.length).toBeGreaterThan(0);
        } else {
          const { spec, status } = first.experiment;
          const again = parseExperiment({ metadata, spec, status });
          expect(again).toMatchObject({ kind: 'experiment', experiment: { spec, status } });
        }
      }),
    );
  });
});

/** The path of every value in an object. */
function specPaths(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...path]];
  const below = Object.entries(value).flatMap(([name, field]) => specPaths(field, [...path, name]));
  return path.length === 0 ? below : [[...path], ...below];
}

function changedAt(object: object, [name = '', ...rest]: readonly string[], value: unknown): object {
  const field = (object as Record<string, unknown>)[name];
  return { ...object, [name]: rest.length === 0 ? value : changedAt(field as object, rest, value) };
}
