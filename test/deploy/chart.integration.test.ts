import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { readSettings } from '../../src/settings.ts';
import { testCluster } from '../support/apiServer.ts';
import { CHART, helm } from '../support/helm.ts';
import { kubectl } from '../support/kubectl.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SYSTEM = 'mirror-experiment-system';
const CLIENT_ID = '00000000-0000-0000-0000-000000000000';

type Manifest = Record<string, unknown>;
/** By kind, namespace and name. */
type Objects = Readonly<Record<string, Manifest>>;

/** What Helm makes of the chart; throws what it says when it refuses. */
async function rendered(values: object, namespace = SYSTEM, ...flags: string[]): Promise<Objects> {
  const args = ['template', 'mirror-experiment', CHART, '--namespace', namespace, ...flags];
  const { code, stdout, stderr } = await helm(args, { values });
  if (code !== 0) throw new Error(stderr);
  return objects(stdout);
}

async function kustomized(path: string): Promise<Objects> {
  const { code, stdout, stderr } = await kubectl(testCluster().kubeconfig, ['kustomize', join(ROOT, path)]);
  if (code !== 0) throw new Error(stderr);
  return objects(stdout);
}

function objects(text: string): Objects {
  const all = parseAllDocuments(text).map((each): Manifest => each.toJS());
  const entries = all.filter(Boolean).map((each) => {
    const metadata = recordAt(each, 'metadata');
    return [[each.kind, metadata?.namespace, metadata?.name].filter(Boolean).join(' '), comparable(each)] as const;
  });
  // None hides another.
  expect(new Set(entries.map(([name]) => name)).size).toBe(entries.length);
  return Object.fromEntries(entries);
}

/** With JSON in variables read, where white space means nothing, and variables in the order of their names. */
function comparable(object: Manifest): Manifest {
  return JSON.parse(JSON.stringify(object), (key, value: unknown) => {
    if (key === 'value' && typeof value === 'string' && value.startsWith('{')) return JSON.parse(value);
    return key === 'env' ? recordsAt({ value }, 'value').toSorted(byName) : value;
  });
}

const byName = (a: Manifest, b: Manifest): number => (String(a.name) < String(b.name) ? -1 : 1);

/**
 * Without what Helm leaves to others: a release's namespace has to be there before, and definitions come from the chart's
 * folder crds, unchanged (test/deploy/chart.test.ts) and without labels.
 */
const ofAChart = (all: Objects): Objects =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !/^(Namespace|CustomResourceDefinition) /.test(name)));

describe('the chart renders what kustomize does', () => {
  test.for([
    ['deploy', {}, SYSTEM],
    ['deploy/overlays/aks-workload-identity', { azureWorkloadIdentity: { clientId: CLIENT_ID } }, SYSTEM],
    ['deploy/overlays/single-namespace', { scope: 'Namespace' }, 'bookstore'],
    ['deploy/overlays/prometheus-operator', { prometheusOperator: { enabled: true } }, SYSTEM],
  ] as const)('of %s with %j', async ([path, values, namespace]) => {
    const [fromKustomize, fromHelm] = await Promise.all([kustomized(path), rendered(values, namespace)]);
    expect(Object.keys(fromHelm).sort()).toEqual(Object.keys(ofAChart(fromKustomize)).sort());
    expect(fromHelm).toEqual(ofAChart(fromKustomize));
    expect(Object.keys(fromHelm).length).toBeGreaterThan(10);
  });

  test('of examples/install with the values beside it', async () => {
    const values = parse(await readFile(join(ROOT, 'examples', 'install', 'values.yaml'), 'utf8'));
    expect(await rendered(values)).toEqual(ofAChart(await kustomized('examples/install')));
  });

  test('with its definition in the folder crds', async () => {
    const name = 'CustomResourceDefinition mirrorexperiments.mirroring.dev';
    const [fromHelm, fromKustomize] = await Promise.all([rendered({}, SYSTEM, '--include-crds'), kustomized('crds')]);
    expect(fromHelm[name]).toEqual(fromKustomize[name]);
    expect(fromHelm[name]).toBeDefined();
  });
});

const deployment = `Deployment ${SYSTEM} mirror-experiment`;
const cronJob = `CronJob ${SYSTEM} mirror-experiment-dead-mans-switch`;
const podOf = (all: Objects, name: string): Manifest => {
  const spec = recordAt(all[name], 'spec');
  const template = recordAt(spec, 'template') ?? recordAt(recordAt(recordAt(spec, 'jobTemplate'), 'spec'), 'template');
  return recordAt(template, 'spec') ?? {};
};
const containerOf = (all: Objects, name: string): Manifest => recordsAt(podOf(all, name), 'containers')[0] ?? {};
function environmentOf(all: Objects, name: string): Record<string, string> {
  const variables = recordsAt(containerOf(all, name), 'env');
  return Object.fromEntries(
    variables.flatMap(({ name, value }) =>
      value === undefined ? [] : [[String(name), typeof value === 'string' ? value : JSON.stringify(value)]],
    ),
  );
}

describe('values', () => {
  test('settings reach the operator, and what both have to know the dead man’s switch', async () => {
    const settings = {
      ...{ LOG_LEVEL: 'debug', CONCURRENCY: 4, SHUTDOWN_GRACE_SECONDS: 25, LOG_ANALYTICS_SCOPE: 'https://x/.default' },
      ...{ LEASE_SECONDS: 1200, RENEW_DEADLINE_SECONDS: '8.5', RETRY_SECONDS: 3 },
    };
    const all = await rendered({
      settings,
      deadMansSwitch: { afterSeconds: 1_200_0 },
      allowedSources: { books: [CLIENT_ID] },
    });
    const [operator, ender] = [deployment, cronJob].map((name) => environmentOf(all, name));
    expect(readSettings([], operator ?? {})).toMatchObject({
      ...{ logLevel: 'debug', concurrency: 4, shutdownGraceSeconds: 25, logAnalyticsScope: 'https://x/.default' },
      ...{ leaseSeconds: 1200, renewDeadlineSeconds: 8.5, retrySeconds: 3, allowedSources: { books: [CLIENT_ID] } },
    });
    expect(readSettings([], ender ?? {})).toMatchObject({
      ...{ logLevel: 'debug', deadMansSwitchSeconds: 12_000 },
      ...{ leaseSeconds: 1200, renewDeadlineSeconds: 8.5, retrySeconds: 3 },
    });
    expect(podOf(all, deployment).terminationGracePeriodSeconds).toBeGreaterThan(25);
    // The two last are the wait for a restart and the slack of src/engine/deadMansSwitch.ts.
    const job = recordAt(recordAt(recordAt(all[cronJob], 'spec'), 'jobTemplate'), 'spec');
    expect(job?.activeDeadlineSeconds).toBeGreaterThan(12_000 + 2 * 1200 + 300 + 60);
  });

  test.for([
    [{ tag: '1.2.3' }, 'mirror-experiment:1.2.3'],
    [
      { repository: 'registry.example.com:5000/platform/mirror-experiment' },
      'registry.example.com:5000/platform/mirror-experiment:0.1.0',
    ],
    [{ digest: `sha256:${'a'.repeat(64)}` }, `mirror-experiment@sha256:${'a'.repeat(64)}`],
    [{ tag: '1.2.3', digest: `sha256:${'a'.repeat(64)}` }, `mirror-experiment:1.2.3@sha256:${'a'.repeat(64)}`],
  ] as const)('the image %j is %s, for both programs', async ([image, reference]) => {
    const all = await rendered({ image: { ...image, pullPolicy: 'Always' } });
    for (const name of [deployment, cronJob]) {
      expect(containerOf(all, name)).toMatchObject({ image: reference, imagePullPolicy: 'Always' });
    }
  });

  test('variables that are no settings are the operator’s', async () => {
    const extraEnv = [
      { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'https://collector:4318' },
      { name: 'AZURE_CLIENT_SECRET', valueFrom: { secretKeyRef: { name: 'azure', key: 'secret' } } },
    ];
    const all = await rendered({ extraEnv });
    expect(recordsAt(containerOf(all, deployment), 'env')).toEqual(expect.arrayContaining(extraEnv));
    expect(environmentOf(all, cronJob).OTEL_EXPORTER_OTLP_ENDPOINT).toBeUndefined();
  });

  test('placement, resources and secrets for pulling reach both pods', async () => {
    const placement = {
      ...{ tolerations: [{ key: 'system', operator: 'Exists' }], nodeSelector: { pool: 'system' } },
      ...{ priorityClassName: 'system-cluster-critical', imagePullSecrets: [{ name: 'registry' }] },
      affinity: { nodeAffinity: {} },
    };
    const resources = { limits: { memory: '1Gi' } };
    const more = {
      podLabels: { team: 'x' },
      podAnnotations: { note: 'y' },
      serviceAccount: { annotations: { z: '1' } },
    };
    const all = await rendered({ ...placement, ...more, resources, deadMansSwitch: { resources } });
    for (const name of [deployment, cronJob]) {
      expect(podOf(all, name)).toMatchObject({
        ...placement,
        nodeSelector: { 'kubernetes.io/os': 'linux', pool: 'system' },
      });
      expect(containerOf(all, name)).toMatchObject({ resources });
    }
    const template = recordAt(recordAt(all[deployment], 'spec'), 'template');
    expect(recordAt(template, 'metadata')).toMatchObject({ labels: { team: 'x' }, annotations: { note: 'y' } });
    const account = all[`ServiceAccount ${SYSTEM} mirror-experiment`];
    expect(recordAt(account, 'metadata')).toMatchObject({ annotations: { z: '1' } });
  });

  test.for([
    [{ deadMansSwitch: { enabled: false } }, /dead-mans-switch/],
    [{ userRoles: { enabled: false } }, /^ClusterRole mirror-experiment-(view|edit)$/],
    [{ admissionPolicy: { enabled: false } }, /^ValidatingAdmissionPolicy/],
    [{ podDisruptionBudget: { enabled: false } }, /^PodDisruptionBudget/],
    [{ networkPolicy: { enabled: false } }, /^NetworkPolicy/],
  ] as const)('%j leaves out that, and nothing else', async ([values, part]) => {
    const [all, fewer] = await Promise.all([rendered({}), rendered(values)]);
    const names = Object.keys(all);
    expect(names.filter((name) => part.test(name)).length).toBeGreaterThan(0);
    expect(Object.keys(fewer).sort()).toEqual(names.filter((name) => !part.test(name)).sort());
  });

  test('ports of the network policy are those that are given', async () => {
    const all = await rendered({ networkPolicy: { egressPorts: [443, 16_443] } });
    for (const name of ['mirror-experiment', 'mirror-experiment-dead-mans-switch']) {
      const egress = recordsAt(recordAt(all[`NetworkPolicy ${SYSTEM} ${name}`], 'spec'), 'egress');
      expect(egress.flatMap((rule) => recordsAt(rule, 'ports')).map(({ port }) => port)).toEqual([53, 53, 443, 16_443]);
    }
  });
});

describe('bad values are refused, with the value and what is wrong with it', () => {
  test.for([
    [{ replicas: 0 }, "at '/replicas': minimum: got 0, want 1"],
    [{ replicas: 'two' }, "at '/replicas': got string, want integer"],
    [{ scope: 'Everything' }, "at '/scope': value must be one of 'Cluster', 'Namespace'"],
    [{ replicaCount: 2 }, "additional properties 'replicaCount' not allowed"],
    [{ image: 'mirror-experiment:1' }, "at '/image': got string, want object"],
    [{ image: { repository: 'mirror-experiment:1' } }, "at '/image/repository'"],
    [{ image: { tag: 'a b' } }, "at '/image/tag'"],
    [{ image: { digest: 'sha256:1' } }, "at '/image/digest'"],
    [{ settings: { LOG_LEVLE: 'debug' } }, "at '/settings': additional properties 'LOG_LEVLE' not allowed"],
    // With another name, the Lease would be one that the Role does not allow; without election, there is no Lease.
    [{ settings: { LEASE_NAME: 'x' } }, "at '/settings': additional properties 'LEASE_NAME' not allowed"],
    [{ settings: { LEADER_ELECTION: false } }, "at '/settings': additional properties 'LEADER_ELECTION' not allowed"],
    [{ settings: { CONCURRENCY: [1] } }, "at '/settings/CONCURRENCY'"],
    [{ allowedSources: { books: 'all' } }, "at '/allowedSources/books': got string, want array"],
    [{ allowedSources: { 'Not A Namespace': [] } }, "at '/allowedSources'"],
    [{ azureWorkloadIdentity: { clientId: 'mine' } }, "at '/azureWorkloadIdentity/clientId'"],
    [
      { networkPolicy: { egressPorts: [70_000] } },
      "at '/networkPolicy/egressPorts/0': maximum: got 70,000, want 65,535",
    ],
    [{ networkPolicy: { egressPorts: [] } }, "at '/networkPolicy/egressPorts'"],
    [{ deadMansSwitch: { afterSeconds: 0 } }, "at '/deadMansSwitch/afterSeconds'"],
    [{ imagePullSecrets: ['registry'] }, "at '/imagePullSecrets/0': got string, want object"],
    [{ podLabels: { team: 1 } }, "at '/podLabels/team': got number, want string"],
    [{ extraEnv: { OTEL_SDK_DISABLED: 'true' } }, "at '/extraEnv': got object, want array"],
    [{ extraEnv: [{ name: 'X', value: 1 }] }, "at '/extraEnv/0/value': got number, want string"],
    [{ userRoles: { enable: false } }, "at '/userRoles': additional properties 'enable' not allowed"],
  ] as const)('%j', async ([values, message]) => {
    await expect(rendered(values)).rejects.toThrow(message);
  });
});

test('helm lint finds nothing wrong', async () => {
  const { code, stdout, stderr } = await helm(['lint', '--strict', CHART]);
  expect(stdout + stderr).toContain('1 chart(s) linted, 0 chart(s) failed');
  expect(code).toBe(0);
});

test('the version is that of the package', async () => {
  const { version, appVersion } = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8'));
  const packaged = stringAt(JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')), 'version');
  expect([version, appVersion]).toEqual([packaged, packaged]);
});
