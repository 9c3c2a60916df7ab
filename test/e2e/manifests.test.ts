import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { fill } from '../../e2e/manifests.ts';
import { parseExperiment } from '../../src/api/experiment.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'e2e', 'manifests');

/** A value for every placeholder; the experiment's Envoy part is what the lab gives. */
const VALUES = {
  NAMESPACE: 'shop',
  NAME: 'shop-v2',
  LIVE: 'V1MIR-shop',
  CANDIDATE: 'MIR-shop-v2',
  LAB_IMAGE: 'localhost:5000/lab',
  TAG: 'v2',
  ENVOY_IMAGE: 'envoy:1',
  CONNECTION_STRING: 'InstrumentationKey=a;IngestionEndpoint=http://b:8080/',
  REQUESTS_PER_SECOND: 30,
  MAX_SECONDS: 60,
  MIN_DURATION_SECONDS: 50,
  DEADLINE_SECONDS: 600,
  ENVOY: JSON.stringify({
    configMap: { name: 'envoy-bootstrap', key: 'envoy.yaml' },
    liveCluster: 'bookservice',
    mirrorCluster: 'bookservicemirror',
  }),
};

test.each(globSync('*.yaml', { cwd: FOLDER }).sort())('%s is YAML with every placeholder filled in', (name) => {
  const text = fill(readFileSync(join(FOLDER, name), 'utf8'), VALUES);
  expect(text).not.toContain('__');
  const objects = parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  expect(objects.length).toBeGreaterThan(0);
  for (const object of objects) expect(object).toMatchObject({ metadata: { namespace: 'shop' } });
});

test('the experiment is one that the operator reads', () => {
  const text = fill(readFileSync(join(FOLDER, 'experiment.yaml'), 'utf8'), VALUES);
  const object = parse(text);
  const stored = {
    ...object,
    metadata: {
      ...object.metadata,
      uid: 'u',
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
  };
  expect(parseExperiment(stored)).toMatchObject({ kind: 'experiment' });
});

test('a placeholder without a value is an error', () => {
  expect(() => fill('a: __NAMESPACE__ __OTHER__', VALUES)).toThrow('there is no value for __OTHER__');
});
