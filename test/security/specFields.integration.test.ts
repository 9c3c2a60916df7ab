import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { parseExperiment } from '../../src/api/experiment.ts';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { HOSTILE_TEXTS, resourceWith, TEXT_FIELDS } from './specFields.ts';

let namespace: string;
let objects: CustomObjectsApi;

beforeAll(async () => {
  namespace = await testNamespace();
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(testCluster().kubeconfig);
  objects = kubeConfig.makeApiClient(CustomObjectsApi);
});

/** The spec as the API server would store it; undefined when it refuses it as invalid. */
async function admitted(body: object): Promise<unknown> {
  const place = { group: 'mirroring.dev', version: 'v1alpha1', plural: 'mirrorexperiments', namespace };
  try {
    const stored = await objects.createNamespacedCustomObject({
      ...place,
      body,
      dryRun: 'All',
      fieldValidation: 'Strict',
    });
    return stored;
  } catch (error) {
    if (error instanceof ApiException && (error.code === 422 || error.code === 400)) return undefined;
    throw error;
  }
}

// The unit tests take what the parser admits for what the API server does: here they are the same, text by text.
test.for(Object.keys(TEXT_FIELDS))(
  '%s: the API server admits the hostile texts that the parser admits, as they are, and refuses the others',
  { timeout: 300_000 },
  async (field, context) => {
    const different: string[] = [];
    let taken = 0;
    const check = async (text: string) => {
      const resource = resourceWith(field, text);
      const stored = await admitted(resource);
      const metadata = {
        namespace,
        name: 'hostile',
        uid: 'u',
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: '2026-01-01T00:00:00Z',
      };
      const parsed = parseExperiment({ ...resource, metadata });
      if (stored !== undefined) taken += 1;
      // Half a surrogate pair is no text in JSON; the API server stores the character for that instead.
      const sent = JSON.parse(JSON.stringify(resource.spec), (_, value) =>
        typeof value === 'string' ? value.toWellFormed() : value,
      );
      const isSame =
        stored === undefined ? parsed.kind === 'invalid' : parsed.kind === 'experiment' && contains(stored, sent);
      const known = stored === undefined && parsed.kind === 'experiment' && isRule(field, text);
      if (!isSame && !known)
        different.push(`${JSON.stringify(text.slice(0, 80))}: ${stored === undefined ? 'refused' : 'admitted'}`);
    };
    for (let at = 0; at < HOSTILE_TEXTS.length; at += 16)
      await Promise.all(HOSTILE_TEXTS.slice(at, at + 16).map(check));
    context.expect(different).toEqual([]);
    context.expect(taken).toBeGreaterThan(0);
    context.expect(taken).toBeLessThanOrEqual(HOSTILE_TEXTS.length);
  },
);

/** What only the rules in CEL refuse. */
function isRule(field: string, text: string): boolean {
  return field === 'spec.analysis.routes.include[]' && (text === '(all)' || text === '(other)');
}

function contains(stored: unknown, spec: unknown): boolean {
  try {
    expect(stored).toMatchObject({ spec });
    return true;
  } catch {
    return false;
  }
}
