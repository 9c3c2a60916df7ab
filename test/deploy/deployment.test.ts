import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readSettings } from '../../src/settings.ts';

const file = parse(await readFile(new URL('../../deploy/base/deployment.yaml', import.meta.url), 'utf8'));
const { spec } = file;
const pod = spec.template.spec;
const [operator] = pod.containers;
interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}
const variables: Variable[] = operator.env;
const env = Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));

test('the operator takes the settings of the Deployment', () => {
  // Flags must be known, so the environment is given as flags: a misspelt variable would be ignored.
  const flags = Object.entries(env).map(([name, value]) => `--${name.toLowerCase().replaceAll('_', '-')}=${value}`);
  const settings = readSettings(flags, {});
  expect(settings).toEqual(readSettings([], env));
  expect(settings.healthPort).toBe(operator.ports[0].containerPort);
  expect(settings.allowedSources).toEqual({ '*': ['*'] });
});

test('metrics are where the Service and the network policy say', async () => {
  const [, metrics] = operator.ports;
  expect(metrics).toEqual({ name: 'metrics', containerPort: readSettings([], env).metricsPort });
  const service = parse(await readFile(new URL('../../deploy/base/metricsservice.yaml', import.meta.url), 'utf8'));
  expect(service.spec.ports).toEqual([{ name: 'metrics', port: metrics.containerPort, targetPort: 'metrics' }]);
  expect(spec.template.metadata.labels).toMatchObject(service.spec.selector);
  const policy = parse(await readFile(new URL('../../deploy/base/networkpolicy.yaml', import.meta.url), 'utf8'));
  expect(spec.template.metadata.labels).toMatchObject(policy.spec.podSelector.matchLabels);
  const open: { ports: { port: unknown }[] }[] = policy.spec.ingress;
  expect(open.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual(['metrics']);
});

test('work in hand can end before the pod is killed', () => {
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(readSettings([], env).shutdownGraceSeconds);
});

test('of two replicas one acts, by a Lease that the pod tells its namespace of', async () => {
  expect(spec.replicas).toBe(2);
  expect(readSettings([], env).leaderElection).toBe(true);
  const fields = Object.fromEntries(variables.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef.fieldPath]));
  expect(fields).toMatchObject({ POD_NAME: 'metadata.name', POD_NAMESPACE: 'metadata.namespace' });
  const role = parse(await readFile(new URL('../../deploy/base/leaserole.yaml', import.meta.url), 'utf8'));
  expect(role.metadata.namespace).toBe(file.metadata.namespace);
  const names: string[] = role.rules.flatMap(({ resourceNames = [] }: { resourceNames?: string[] }) => resourceNames);
  expect(names).toEqual([readSettings([], env).leaseName]);
});

test('a new version is ready before an old replica goes', () => {
  expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
});

test('replicas are on different nodes where that can be, and one at a time is disrupted', async () => {
  const labels = spec.template.metadata.labels;
  const [spread] = pod.topologySpreadConstraints;
  expect(spread).toMatchObject({ topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' });
  expect(labels).toMatchObject(spread.labelSelector.matchLabels);
  const budget = parse(await readFile(new URL('../../deploy/base/poddisruptionbudget.yaml', import.meta.url), 'utf8'));
  expect(budget.spec.maxUnavailable).toBe(1);
  expect(labels).toMatchObject(budget.spec.selector.matchLabels);
});

test('the operator cannot write to its file system', () => {
  expect(operator.securityContext.readOnlyRootFilesystem).toBe(true);
});

test('the probes ask what the operator answers', () => {
  const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => operator[probe].httpGet.path);
  expect(paths).toEqual(['/livez', '/livez', '/readyz']);
});
