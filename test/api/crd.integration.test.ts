import { ApiException, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Experiment, parseExperiment } from '../../src/api/experiment.ts';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { kubectl } from '../support/kubectl.ts';
import {
  baseResource,
  changed,
  defaultAnalysis,
  goodCases,
  ruleCases,
  schemaCases,
  unknownFieldCases,
} from './crdCases.ts';

let namespace: string;
let objects: CustomObjectsApi;

beforeAll(async () => {
  namespace = await testNamespace();
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(testCluster().kubeconfig);
  objects = kubeConfig.makeApiClient(CustomObjectsApi);
});

/** Creates a resource as kubectl apply asks for it, without keeping it. */
async function dryRun(resource: object): Promise<unknown> {
  return objects.createNamespacedCustomObject({
    ...{ group: 'mirroring.dev', version: 'v1alpha1', plural: 'mirrorexperiments', namespace },
    ...{ body: resource, dryRun: 'All', fieldValidation: 'Strict' },
  });
}

/** What the API server says about a resource that it refuses. */
async function refusal(resource: object): Promise<string> {
  const outcome = await dryRun(resource).catch((error: unknown) => error);
  if (!(outcome instanceof ApiException)) throw new Error(`not refused: ${JSON.stringify(outcome)}`);
  return JSON.parse(outcome.body).message;
}

/** A dry run returns no resourceVersion, which an object from a watch always has. */
function stored(object: unknown): object {
  const { metadata, ...rest } = object as { metadata: object };
  return { ...rest, metadata: { ...metadata, resourceVersion: '1' } };
}

function parsed(object: unknown): Experiment {
  const result = parseExperiment(object);
  if (result.kind === 'invalid') throw new Error(`not parsed: ${JSON.stringify(result.errors)}`);
  return result.experiment;
}

describe('the API server accepts', () => {
  test.for(Object.entries(goodCases))('%s', async ([, change]) => {
    const accepted = stored(await dryRun(changed(change)));
    const { spec } = parsed(accepted);
    expect(spec).toEqual((accepted as { spec: unknown }).spec);
    // The parser fills in the same defaults as the API server.
    const { metadata } = accepted as { metadata: object };
    expect(parsed({ ...changed(change), metadata }).spec).toEqual(spec);
  });
});

test('the API server fills in every default', async () => {
  const { spec, ...accepted } = (await dryRun(baseResource())) as Record<string, unknown>;
  const { live, mirror, traffic, telemetry } = baseResource().spec;
  expect(spec).toEqual({
    live,
    mirror,
    traffic: { ...traffic, percent: 100, methods: ['GET', 'HEAD', 'OPTIONS'] },
    telemetry: { logAnalytics: { ...telemetry.logAnalytics, table: 'AppRequests', versionProperty: 'VersionTag' } },
    analysis: defaultAnalysis,
  });
  expect(accepted).not.toHaveProperty('status');
});

test('the API server fills in defaults below what is given', async () => {
  const change = {
    'spec.traffic.envoy.reload.workload': { name: 'edge' },
    'spec.analysis': { latency: [{ percentile: 90 }], routes: { exclude: ['GET Health'] } },
  };
  expect(await dryRun(changed(change))).toMatchObject({
    spec: {
      traffic: { envoy: { reload: { workload: { kind: 'Deployment', name: 'edge' } } } },
      analysis: {
        ...defaultAnalysis,
        latency: [{ percentile: 90, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20, failOnly: false }],
        routes: { include: [], exclude: ['GET Health'] },
      },
    },
  });
});

describe('the API server and the parser refuse', () => {
  test.for(Object.entries(schemaCases))('%s', async ([, { change, refused }]) => {
    const resource = changed(change);
    expect(await refusal(resource)).toContain(refused);
    const [path] = refused.split(': ');
    const { metadata } = stored(await dryRun(baseResource())) as { metadata: object };
    const result = parseExperiment({ ...resource, metadata });
    expect(result).toMatchObject({
      kind: 'invalid',
      errors: expect.arrayContaining([expect.objectContaining({ path })]),
    });
  });
});

describe('the API server alone refuses', () => {
  test.for(Object.entries(ruleCases))('%s', async ([, { change, refused }]) => {
    const resource = changed(change);
    // In full: a rule is not tried on an object that breaks the schema.
    const name = (resource as ReturnType<typeof baseResource>).metadata.name;
    expect(await refusal(resource)).toBe(`MirrorExperiment.mirroring.dev "${name}" is invalid: ${refused}`);
  });
});

describe('an unknown field', () => {
  test.for(Object.entries(unknownFieldCases))('%s is refused', async ([path, change]) => {
    expect(await refusal(changed(change))).toContain(`strict decoding error: unknown field "${path}"`);
  });
});

const apply = (resource: object, ...flags: string[]) =>
  kubectl(testCluster().kubeconfig, ['apply', '-n', namespace, '-f', '-', ...flags], {
    input: JSON.stringify(resource),
  });

describe('kubectl apply', () => {
  test.for(['--server-side=false', '--server-side'])('%s takes a resource, again too', async (flag) => {
    const resource = { ...baseResource(), metadata: { name: `applied${flag.length}` } };
    expect(await apply(resource, flag)).toMatchObject({ code: 0, stderr: '' });
    expect(await apply(resource, flag)).toMatchObject({ code: 0, stderr: '' });
  });

  test('shows the path and what to do', async () => {
    expect(await apply(changed({ 'spec.traffic.methods': ['*', 'GET'] }))).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The MirrorExperiment "bookservice-v3" is invalid: spec.traffic.methods: Invalid value: \'*\' already stands for every method: use ["*"] alone, or name the methods\n',
    });
  });

  test('refuses an unknown field', async () => {
    const result = await apply(changed({ 'spec.anlysis': {} }));
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain(
      'MirrorExperiment in version "v1alpha1" cannot be handled as a MirrorExperiment: strict decoding error: unknown field "spec.anlysis"',
    );
  });

  test('drops an unknown field with a warning when it is told to', async () => {
    const resource = changed({ 'metadata.name': 'pruned', 'spec.anlysis': {} });
    expect(await apply(resource, '--validate=warn')).toEqual({
      code: 0,
      stdout: 'mirrorexperiment.mirroring.dev/pruned created\n',
      stderr: 'Warning: unknown field "spec.anlysis"\n',
    });
    expect(await read('pruned')).not.toHaveProperty('spec.anlysis');
  });

  test('takes the largest values that a resource may hold, although it keeps a copy in an annotation', async () => {
    const resource = changed(goodCases['values of 65536 characters in all'] ?? {}) as ReturnType<typeof baseResource>;
    resource.metadata.name = 'large';
    expect(await apply(resource)).toMatchObject({ code: 0, stderr: '' });
  });
});

const read = async (name: string): Promise<unknown> => {
  const { stdout } = await kubectl(testCluster().kubeconfig, ['get', 'mexp', name, '-n', namespace, '-o', 'json']);
  return JSON.parse(stdout);
};

const status = {
  observedGeneration: 1,
  verdict: 'Fail',
  requests: { live: 62, mirror: 61, coveragePercent: 98.4, sampled: false },
  latency: [
    { percentile: 50, deltaMilliseconds: 1193, delta: '+1193 ms' },
    { percentile: 95, deltaMilliseconds: 1250.5, delta: '+1251 ms' },
  ],
  errors: { deltaPercentagePoints: 0, delta: '+0.0 pp' },
  conditions: ['Complete', 'Passed'].map((type) => ({
    type,
    status: type === 'Passed' ? 'False' : 'True',
    reason: type === 'Passed' ? 'LatencyIncreased' : 'Finished',
    message: 'p50 rose 1,193 ms',
    lastTransitionTime: '2026-01-31T12:00:00Z',
    observedGeneration: 1,
  })),
};

const writeStatus = (name: string, value: unknown) =>
  kubectl(testCluster().kubeconfig, [
    ...['patch', 'mexp', name, '-n', namespace, '--subresource=status', '--type=merge'],
    ...['-p', JSON.stringify({ status: value })],
  ]);

describe('the status', () => {
  test('is not taken with the resource, and leaves the spec and its generation alone', async () => {
    const resource = { ...changed({ 'metadata.name': 'separate' }), status };
    expect(await apply(resource)).toMatchObject({ code: 0 });
    expect(await read('separate')).not.toHaveProperty('status');

    expect(await writeStatus('separate', status)).toMatchObject({ code: 0 });
    expect(await read('separate')).toMatchObject({ metadata: { generation: 1 }, status });

    const patch = JSON.stringify({ status, spec: { traffic: { percent: 7 } } });
    const args = ['patch', 'mexp', 'separate', '-n', namespace, '--subresource=status', '--type=merge', '-p', patch];
    await kubectl(testCluster().kubeconfig, args);
    expect(await read('separate')).toMatchObject({ metadata: { generation: 1 }, spec: { traffic: { percent: 100 } } });
  });

  test('is parsed as it was written', async () => {
    await apply(changed({ 'metadata.name': 'parsed' }));
    expect(parsed(await read('parsed')).status).toEqual({});
    await writeStatus('parsed', status);
    expect(parsed(await read('parsed')).status).toEqual(status);
  });

  test.for([
    [{ verdict: 'Maybe' }, 'status.verdict: Unsupported value: "Maybe"'],
    [{ startTime: 'yesterday' }, 'status.startTime: Invalid value: "yesterday"'],
    [{ routes: Array.from({ length: 11 }, (_, i) => ({ name: `r${i}`, verdict: 'Pass' })) }, 'status.routes: Too many'],
    [{ conditions: [status.conditions[0], status.conditions[0]] }, 'status.conditions[1]: Duplicate value'],
    [{ conditions: [{ ...status.conditions[0], type: 'Ready' }] }, 'status.conditions[0].type: Unsupported value'],
    [{ conditions: [{ ...status.conditions[0], reason: 'not found' }] }, 'status.conditions[0].reason: Invalid value'],
    [{ conditions: [{ ...status.conditions[0], message: 'x'.repeat(4097) }] }, 'message: Too long'],
  ] as const)('is refused when it holds %j', async ([value, refused]) => {
    await apply(changed({ 'metadata.name': 'refused' }));
    const result = await writeStatus('refused', value);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(refused) });
  });
});

describe('kubectl get', () => {
  const columns = (stdout: string) =>
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/ {2,}/));

  beforeAll(async () => {
    await apply(changed({ 'metadata.name': 'shown', 'spec.traffic.percent': 25 }));
    await writeStatus('shown', status);
  });

  test.for(['mirrorexperiments', 'mirrorexperiment', 'mexp', 'mirroring'])('%s shows the verdict', async (word) => {
    const shown = word === 'mirroring' ? [] : ['shown'];
    const { stdout, code } = await kubectl(testCluster().kubeconfig, ['get', word, ...shown, '-n', namespace]);
    expect(code).toBe(0);
    const rows = columns(stdout);
    expect(rows[0]).toEqual(['NAME', 'VERDICT', 'REASON', 'REQUESTS', 'P95 DELTA', 'ERROR DELTA', 'AGE']);
    const row = rows.find(([name]) => name === 'shown');
    expect(row).toEqual([
      'shown',
      'Fail',
      'LatencyIncreased',
      '62',
      '+1251 ms',
      '+0.0 pp',
      expect.stringMatching(/^\d+[smh]/),
    ]);
  });

  test('-o wide shows what is compared as well', async () => {
    const args = ['get', 'mirrorexperiments', 'shown', '-n', namespace, '-o', 'wide'];
    const [header, row] = columns((await kubectl(testCluster().kubeconfig, args)).stdout);
    expect(header?.slice(7)).toEqual(['LIVE', 'MIRROR', 'PERCENT', 'COVERAGE']);
    expect(row?.slice(7)).toEqual(['V1MIR-BookService', 'V3MIR-BookService', '25', '98.4']);
  });
});
