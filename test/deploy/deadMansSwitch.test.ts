import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings } from '../../src/settings.ts';

const deploy = new URL('../../deploy/base/', import.meta.url);
const read = (name: string) => readFile(new URL(name, deploy), 'utf8');

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: object };
  rules?: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
  subjects?: object[];
  roleRef?: { kind: string; name: string };
}
const documents = parseAllDocuments(await read('deadmansswitch.yaml')).map((each) => each.toJS());
const manifests: Manifest[] = documents;
const cronJob = documents.find(({ kind }) => kind === 'CronJob');
const { jobTemplate } = cronJob.spec;
const job = jobTemplate.spec;
const pod = job.template.spec;
const [container] = pod.containers;
interface Variable {
  name: string;
  value?: string;
  valueFrom?: { fieldRef: { fieldPath: string } };
}
const variables: Variable[] = container.env;
const env = Object.fromEntries(variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])));
const deployment = parse(await read('deployment.yaml'));

test('it takes the settings of the CronJob, and misses what the operator of deploy/ holds', async () => {
  // Flags must be known, so the environment is given as flags: a misspelt variable would be ignored.
  const flags = Object.entries(env).map(([name, value]) => `--${name.toLowerCase().replaceAll('_', '-')}=${value}`);
  const settings = readSettings(flags, {});
  expect(settings).toEqual(readSettings([], env));
  const { leaseName, leaseSeconds, leaderElection, namespace } = readSettings([], {});
  expect(settings).toMatchObject({ leaseName, leaseSeconds, leaderElection, namespace });
  const fields = Object.fromEntries(variables.map(({ name, valueFrom }) => [name, valueFrom?.fieldRef.fieldPath]));
  expect(fields).toMatchObject({ POD_NAME: 'metadata.name', POD_NAMESPACE: 'metadata.namespace' });
  expect(cronJob.metadata.namespace).toBe(deployment.metadata.namespace);
  const role = manifests.find(({ kind }) => kind === 'Role');
  expect(role?.rules?.flatMap(({ resourceNames = [] }) => resourceNames)).toEqual([leaseName]);
});

test('it runs what tsc makes of deadMansSwitch.ts, from the operator’s image', async () => {
  const { rootDir, outDir } = parse(
    await readFile(new URL('../../tsconfig.build.json', deploy), 'utf8'),
  ).compilerOptions;
  expect(existsSync(new URL(`../../${rootDir}/deadMansSwitch.ts`, deploy))).toBe(true);
  expect(container.command).toEqual(['node', `/app/${outDir}/deadMansSwitch.js`]);
  const [operator] = deployment.spec.template.spec.containers;
  expect(container.image).toBe(operator.image);
  expect(container.securityContext).toEqual(operator.securityContext);
  expect(pod.securityContext).toEqual(deployment.spec.template.spec.securityContext);
});

test('a run has time to miss the operator, to take its Lease, to restore and to end', () => {
  const { deadMansSwitchSeconds, leaseSeconds, shutdownGraceSeconds } = readSettings([], env);
  // The two last are the wait for a restart and the slack of src/engine/deadMansSwitch.ts.
  expect(job.activeDeadlineSeconds).toBeGreaterThan(deadMansSwitchSeconds + 2 * leaseSeconds + 300 + 60);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(shutdownGraceSeconds);
});

test('one runs at a time, each minute, and none is tried again by its Job', () => {
  expect(cronJob.spec).toMatchObject({
    schedule: '* * * * *',
    concurrencyPolicy: 'Forbid',
    startingDeadlineSeconds: 60,
  });
  expect([job.backoffLimit, pod.restartPolicy]).toEqual([0, 'Never']);
});

test('its pods are not taken for the operator’s, by its Deployment or its budget', async () => {
  const { labels } = job.template.metadata;
  const budget = parse(await read('poddisruptionbudget.yaml'));
  for (const { matchLabels } of [deployment.spec.selector, budget.spec.selector]) {
    expect(Object.entries(matchLabels).every(([name, value]) => labels[name] === value)).toBe(false);
  }
});

test('it has an account and rights of its own, fewer than the operator’s, and no Azure identity', async () => {
  const [account] = manifests.filter(({ kind }) => kind === 'ServiceAccount');
  expect(pod.serviceAccountName).toBe(account?.metadata.name);
  expect(account?.metadata.annotations).toBeUndefined();
  expect(Object.keys(job.template.metadata.labels).filter((label) => label.startsWith('azure.'))).toEqual([]);
  for (const { subjects } of manifests.filter(({ kind }) => kind.endsWith('Binding'))) {
    const { name, namespace } = account?.metadata ?? {};
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name, namespace }]);
  }
  const operator = parse(await read('clusterrole.yaml'));
  const rightsOf = ({ rules = [] }: Pick<Manifest, 'rules'>) =>
    rules.flatMap(({ resources, verbs }) => resources.flatMap((name) => verbs.map((verb) => `${verb} ${name}`)));
  const own = manifests.filter(({ kind }) => kind === 'ClusterRole').flatMap(rightsOf);
  expect(own.filter((right) => !rightsOf(operator).includes(right))).toEqual([]);
  expect(own.length).toBeLessThan(rightsOf(operator).length);
});

test('it can be left out: no other manifest refers to it', async () => {
  const files = (await readdir(deploy)).filter((name) => name.endsWith('.yaml') && name !== 'deadmansswitch.yaml');
  const naming: string[] = [];
  for (const name of files) {
    const text = (await read(name)).replaceAll(/^\s*#.*$/gm, '');
    if (/dead-?mans-?switch/i.test(text)) naming.push(name);
  }
  expect(naming).toEqual(['kustomization.yaml']);
});
