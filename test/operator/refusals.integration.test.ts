import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SIDECAR, V3 } from '../support/lab.ts';
import { type Change, conditionOf, type LiveLab } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;
let books: LiveLab;

beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator({ settings: { MISSING_TARGET_GRACE_SECONDS: '2' } });
});
afterAll(async () => {
  await books?.stop();
  await stage?.stop();
});

const fixture = (name: string) => readFile(join(import.meta.dirname, '..', 'fixtures', 'envoy', name), 'utf8');

/** What is wrong, what Accepted says about it (a reason, and words that help), and how the lab gets there. */
const REFUSALS: readonly (readonly [
  what: string,
  reason: string,
  message: RegExp,
  envoy: string | undefined,
  change?: Change,
])[] = [
  [
    'a ConfigMap without the key',
    'ConfigKeyNotFound',
    /has no key front.yaml \(it has: envoy.yaml\)/,
    SIDECAR,
    { envoy: { configMap: { name: 'default-sidecar', key: 'front.yaml' } } },
  ],
  [
    'broken YAML',
    'ConfigNotParsable',
    /line 4: .*Correct the config/,
    'static_resources:\n  listeners: []\n  clusters: [1\nadmin: {}\n',
  ],
  ['Envoy’s v2 API', 'ConfigV2Api', /v2/, 'bad/v2-type.yaml'],
  ['v2 fields', 'ConfigV2Api', /hosts/, 'bad/v2-hosts.yaml'],
  ['templated text', 'ConfigTemplated', /template/, SIDECAR.replace('15s', '{{ .Values.timeout }}')],
  ['weighted clusters', 'WeightedClusters', /bookservice/, 'bad/weighted.yaml'],
  ['a mirror policy that is there already', 'MirrorPolicyPresent', /bookservicemirror/, 'bad/policy-present.yaml'],
  ['no route to the live cluster', 'RouteNotFound', /books2/, SIDECAR, { envoy: { liveCluster: 'books2' } }],
  [
    'a static bootstrap without reload',
    'ReloadNeeded',
    /Name the workload to restart \(reload\)/,
    SIDECAR,
    { envoy: { reload: undefined } },
  ],
  [
    'a missing ConfigMap',
    'TargetNotFound',
    /ConfigMap front-sidecar; correct the names in the spec/,
    SIDECAR,
    { envoy: { configMap: { name: 'front-sidecar', key: 'envoy.yaml' } } },
  ],
  [
    'a missing Deployment',
    'TargetNotFound',
    /Deployment bookservice-next/,
    SIDECAR,
    { deployment: { name: 'bookservice-next' } },
  ],
  [
    'a missing workload',
    'TargetNotFound',
    /StatefulSet front/,
    SIDECAR,
    { envoy: { reload: { workload: { kind: 'StatefulSet', name: 'front' } } } },
  ],
  [
    'a missing container',
    'ContainerNotFound',
    /no container named books \(it has: bookservicemirror\)/,
    SIDECAR,
    { deployment: { containers: [{ name: 'books', image: 'books:2' }] } },
  ],
  [
    'an unknown workspace',
    'TelemetryConfiguration',
    /workspace .* \(404\).*; correct spec.telemetry.logAnalytics/,
    SIDECAR,
    { logAnalytics: { workspaceId: randomUUID() } },
  ],
];

describe('what cannot run is refused with what to do, and nothing is written', () => {
  beforeAll(async () => {
    books = await stage.lab({ onTestFinished: () => undefined });
  });

  test.for(REFUSALS)('%s', async ([_, reason, message, envoy, change]) => {
    const text = envoy?.startsWith('bad/') ? await fixture(envoy) : envoy;
    await books.patch('ConfigMap', 'default-sidecar', { data: { 'envoy.yaml': text } });
    await refused(change ?? {}, reason, message);
  });

  test('a Service without the port that is named', async () => {
    await books.patch('ConfigMap', 'default-sidecar', { data: { 'envoy.yaml': SIDECAR } });
    const two = [
      { name: 'http', port: 80 },
      { name: 'admin', port: 81 },
    ];
    await books.patch('Service', 'bookservicemirror', { spec: { ports: two } });
    await refused({}, 'ServicePortUnclear', /80, 81.*spec.mirror.port/);
    await books.patch('Service', 'bookservicemirror', { spec: { ports: [{ port: 80 }] } });
  });

  test('an immutable ConfigMap', async () => {
    await books.patch('ConfigMap', 'default-sidecar', { immutable: true });
    await refused({}, 'ConfigImmutable', /immutable/);
  });

  let count = 0;
  async function refused(change: Change, reason: string, message: RegExp): Promise<void> {
    count += 1;
    const name = `refused-${count}`;
    const before = await versions();
    await books.create(name, change);
    const status = await books.complete(name, 15);
    expect(status.verdict).toBe('Inconclusive');
    expect(conditionOf(status, 'Accepted')).toMatchObject({ status: 'False', reason });
    expect(conditionOf(status, 'Accepted')?.message).toMatch(message);
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'ConfigurationError' });
    expect(conditionOf(status, 'Mirroring')).toMatchObject({ status: 'False', reason: 'NotStarted' });
    expect(conditionOf(status, 'Complete')).toMatchObject({ status: 'True' });
    expect(await versions()).toEqual(before);
  }

  /** Not one write. */
  async function versions(): Promise<unknown> {
    const [config, ...deployments] = await Promise.all([
      books.read('ConfigMap', 'default-sidecar'),
      books.read('Deployment', 'bookinfo-spa'),
      books.read('Deployment', 'bookservicemirror'),
    ]);
    return [config, ...deployments].map(({ metadata }) => metadata);
  }
});

describe.concurrent('what may run', { timeout: 120_000 }, () => {
  test('two listeners that route to the live cluster are both patched, and both restored', async (context) => {
    const data = { 'envoy.yaml': await fixture('good/two-listeners.yaml') };
    const lab = await stage.lab(context, { data, traffic: { behaviour: V3 } });
    const before = await lab.targets();
    await lab.create('candidate');
    await lab.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    const config = await lab.config();
    const listeners = config.split(/^ {4}- name: (?=\w+\n {6}address:)/m).slice(1);
    context.expect(listeners.map((text) => text.includes('request_mirror_policies'))).toEqual([true, true]);
    context.expect(await lab.complete('candidate')).toMatchObject({ verdict: 'Fail' });
    context.expect(await lab.targets()).toEqual(before);
  });

  test('a candidate that never becomes available ends the run, and is put back', async (context) => {
    const lab = await stage.lab(context);
    await lab.patch('Deployment', 'bookservicemirror', { spec: { progressDeadlineSeconds: 3 } });
    const before = await lab.targets();
    const containers = [{ name: 'bookservicemirror', image: 'readymirroring/bookservice:bad' }];
    await lab.create('candidate', { deployment: { containers } });
    const status = await lab.complete('candidate', 30);
    context.expect(status).toMatchObject({ verdict: 'Inconclusive' });
    context.expect(conditionOf(status, 'Passed')).toMatchObject({
      status: 'False',
      reason: 'ImagePullFailed',
      message: context.expect.stringMatching(
        /image of container bookservicemirror .*kubectl describe deployment bookservicemirror/,
      ),
    });
    context.expect(conditionOf(status, 'Mirroring')).toMatchObject({ status: 'False', reason: 'NotStarted' });
    context.expect(conditionOf(status, 'CandidateReady')).toMatchObject({ status: 'False' });
    context.expect(await lab.targets()).toEqual(before);
  });

  test('a candidate without Deployment is left alone', async (context) => {
    const lab = await stage.lab(context, { traffic: { behaviour: V3 } });
    const { metadata } = await lab.read('Deployment', 'bookservicemirror');
    await lab.create('candidate', { deployment: null });
    const status = await lab.complete('candidate');
    context.expect(status).toMatchObject({ verdict: 'Fail' });
    context.expect(conditionOf(status, 'CandidateReady')).toMatchObject({ status: 'True', reason: 'NotManaged' });
    context.expect((await lab.read('Deployment', 'bookservicemirror')).metadata).toEqual(metadata);
  });
});
