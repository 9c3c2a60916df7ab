import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { journalAnnotation } from '../../src/api/names.ts';
import { isRecord, recordAt, recordsAt } from '../../src/core/kubernetes/fields.ts';
import { kubectl } from '../support/kubectl.ts';
import { conditionOf, type LiveLab } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

// One operator with the rights of deploy/, which may patch the objects of every namespace, and a team that has every right in
// its own namespace and none in the other one's.
let stage: OperatorStage;
let operator: OperatorProcess;
let [ours, theirs]: LiveLab[] = [];
let folder: string;
let federatedToken: string;
const finished: (() => unknown)[] = [];
const context: Pick<TestContext, 'onTestFinished'> = {
  onTestFinished: (end) => void finished.push(() => end(undefined as never)),
};
const FOREIGN = '99999999-9999-4999-8999-999999999999';

beforeAll(async () => {
  stage = await setOperatorStage();
  folder = await mkdtemp(join(tmpdir(), 'isolation-'));
  [ours, theirs] = await Promise.all([stage.lab(context), stage.lab(context)]);
  const audience = ['--audience', 'api://AzureADTokenExchange'];
  const args = ['create', 'token', 'mirror-experiment', '-n', 'mirror-experiment-system', ...audience];
  federatedToken = (await kubectl(stage.server.kubeconfig, args)).stdout.trim();
  await writeFile(join(folder, 'token'), federatedToken);
  const allowed = { [ours.namespace]: [stage.azure.workspaceId], [theirs.namespace]: [FOREIGN] };
  operator = await stage.operator({
    settings: {
      ...{ LOG_LEVEL: 'debug', MISSING_TARGET_GRACE_SECONDS: '1', ALLOWED_SOURCES: JSON.stringify(allowed) },
      AZURE_FEDERATED_TOKEN_FILE: join(folder, 'token'),
    },
  });
  await ours.add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'developer' } });
  const rules = [
    { apiGroups: ['mirroring.dev'], resources: ['mirrorexperiments'], verbs: ['*'] },
    { apiGroups: ['', 'apps'], resources: ['configmaps', 'deployments', 'services'], verbs: ['*'] },
  ];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'edit' };
  const subjects = [{ kind: 'ServiceAccount', name: 'developer', namespace: ours.namespace }];
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'edit' } };
  await ours.add({ ...rbac, kind: 'Role', rules });
  await ours.add({ ...rbac, kind: 'RoleBinding', roleRef, subjects });
}, 120_000);

afterAll(async () => {
  for (const end of finished) await end();
  await stage?.stop();
  await rm(folder, { recursive: true, force: true });
});

function labs(): { ours: LiveLab; theirs: LiveLab } {
  if (ours === undefined || theirs === undefined) throw new Error('the labs are not there');
  return { ours, theirs };
}

/** Everything of the other team, down to the version of each object. */
async function theirObjects(): Promise<unknown> {
  const { stdout } = await labs().theirs.kubectl([
    'get',
    'configmaps,services,deployments,mirrorexperiments',
    '-o',
    'json',
  ]);
  return recordsAt(JSON.parse(stdout), 'items').map(({ kind, metadata, data, spec }) => {
    const { name, uid, generation, annotations } = isRecord(metadata) ? metadata : {};
    return { kind, name, uid, generation, annotations, data, spec };
  });
}

/** As the team's own developer. */
const developer = (args: readonly string[], input?: string) =>
  kubectl(
    stage.server.kubeconfig,
    [...args, '-n', labs().ours.namespace, `--as=system:serviceaccount:${labs().ours.namespace}:developer`],
    input === undefined ? {} : { input },
  );

test('objects that exist only in another namespace are not found, and are neither read nor written there', async () => {
  const { ours, theirs } = labs();
  await theirs.add({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'only-theirs' },
    data: { 'envoy.yaml': await theirs.config() },
  });
  const before = await theirObjects();
  await ours.create('foreign-names', { envoy: { configMap: { name: 'only-theirs', key: 'envoy.yaml' } } });
  const status = await ours.complete('foreign-names', 30);
  expect(conditionOf(status, 'Accepted')).toMatchObject({ status: 'False', reason: 'TargetNotFound' });
  expect(conditionOf(status, 'Accepted')?.message).toContain(
    `not found in namespace ${ours.namespace}: ConfigMap only-theirs`,
  );
  expect(await theirObjects()).toEqual(before);
}, 60_000);

test('names that lead elsewhere are refused by the API server', async () => {
  const { ours, theirs } = labs();
  for (const name of [
    `../${theirs.namespace}/default-sidecar`,
    `${theirs.namespace}/default-sidecar`,
    '..',
    '.',
    'a%2fb',
    'a\\b',
  ]) {
    const manifest = JSON.parse(
      JSON.stringify(ours.manifest('led-astray', { envoy: { configMap: { name, key: 'envoy.yaml' } } })),
    );
    const result = await developer(['create', '-f', '-'], JSON.stringify(manifest));
    expect(result.code, name).not.toBe(0);
    expect(result.stderr).toContain('spec.traffic.envoy.configMap.name');
  }
}, 60_000);

test("a namespace does not get an answer from another team's workspace: nothing is asked", async () => {
  const { ours, theirs } = labs();
  await theirs.create('curious', { logAnalytics: { workspaceId: stage.azure.workspaceId } });
  const status = await theirs.complete('curious', 30);
  expect(conditionOf(status, 'Accepted')).toMatchObject({ status: 'False', reason: 'TelemetryConfiguration' });
  expect(conditionOf(status, 'Accepted')?.message).toContain('ALLOWED_SOURCES');
  expect(stage.azure.queries().filter(({ kql }) => kql.includes(theirs.namespace))).toEqual([]);
  // The same workspace, for those who may.
  await ours.create('allowed');
  await ours.until(
    'allowed',
    'is accepted',
    (version) => conditionOf(version.status, 'Accepted')?.status === 'True',
    30,
  );
  expect(stage.azure.queries().length).toBeGreaterThan(0);
  await ours.delete('allowed');
  await ours.gone('allowed');
}, 90_000);

test('a forged journal that names another namespace changes nothing there, and no experiment hangs on it', async () => {
  const { ours, theirs } = labs();
  const before = await theirObjects();
  const owned = await ours.targets();
  const text = await ours.config();
  const owner = { namespace: theirs.namespace, name: 'theirs', uid: 'no-such-uid', generation: 1 };
  const file = (edits: object[], more = {}) => ({
    ...{ key: 'envoy.yaml', originalSha256: '', patchedSha256: '', patchedLength: text.length },
    ...{ mirrorCluster: 'm', clusterAdded: false, edits, ...more },
  });
  const forged: Record<string, unknown>[] = [
    { type: 'envoy', files: [file([{ offset: 0, removed: 'x', inserted: text.slice(0, 5) }])] },
    { type: 'envoy', files: [file([{ offset: 0, removed: '', inserted: '' }])] },
    { type: 'envoy', files: [file([], { key: '../other' }), file([], { key: '__proto__' })] },
    { type: 'restart' },
    { type: 'candidate', fields: [{ field: 'replicas', applied: 1, original: 100 }] },
  ];
  for (const [index, change] of forged.entries()) {
    const annotation = JSON.stringify({ version: 1, owner, change });
    const annotated = await developer([
      'annotate',
      'configmap',
      'default-sidecar',
      `${journalAnnotation}=${annotation}`,
      '--overwrite',
    ]);
    expect(annotated).toMatchObject({ code: 0 });
    const name = `forged-${index}`;
    await ours.create(name, { envoy: { liveCluster: 'no-such-cluster' } });
    const status = await ours.complete(name, 30);
    // Restored by what it says, or refused as nothing that the operator writes: in both cases the experiment ends.
    expect(conditionOf(status, 'Accepted')?.reason, name).toMatch(/^(RouteNotFound|JournalUnreadable)$/);
    const present = await ours.read('ConfigMap', 'default-sidecar');
    expect(recordAt(present, 'data')).toEqual({ 'envoy.yaml': text });
    await developer(['annotate', 'configmap', 'default-sidecar', `${journalAnnotation}-`]);
  }
  expect(await theirObjects()).toEqual(before);
  expect(await ours.targets()).toEqual(owned);
}, 180_000);

test('of the other namespace, the operator has written nothing but its own experiment, the evidence and Events', async () => {
  const { theirs } = labs();
  const writes = (await stage.requests()).filter(
    ({ verb, objectRef }) => objectRef?.namespace === theirs.namespace && !['get', 'list', 'watch'].includes(verb),
  );
  const unexpected = writes.filter(({ objectRef, requestURI, verb }) => {
    const isEvidence =
      objectRef?.resource === 'configmaps' &&
      (verb === 'create' || /\/configmaps\/curious-evidence\b/.test(requestURI));
    return !isEvidence && !['mirrorexperiments', 'events'].includes(objectRef?.resource ?? '');
  });
  expect(writes.length).toBeGreaterThan(0);
  expect(unexpected).toEqual([]);
  const read = (await stage.requests()).filter(({ requestURI }) => /%2f|\.\.|%5c/i.test(requestURI));
  expect(read).toEqual([]);
});

test('tokens are nowhere but with those who gave them: not in logs at debug, Events, statuses or objects', async () => {
  const { ours } = labs();
  const fault = async (what: Parameters<OperatorStage['azure']['fault']>[0], name: string) => {
    stage.azure.fault(what);
    await ours.create(name);
    await ours.until(
      name,
      'has heard of it',
      ({ status }) => conditionOf(status, 'Accepted')?.reason === 'TelemetryUnavailable',
      40,
    );
    stage.azure.fault(undefined);
    await ours.delete(name);
    await ours.gone(name);
  };
  await fault({ kind: 'status', status: 401 }, 'unauthorized');
  await fault({ kind: 'token', status: 401 }, 'no-token');
  await fault({ kind: 'status', status: 500 }, 'unavailable');
  await fault({ kind: 'reset' }, 'reset');
  // A token that has expired: its signature is nobody's business here.
  const [header = '', payload = '', signature = ''] = federatedToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const expired = `${header}.${Buffer.from(JSON.stringify({ ...claims, exp: 1 })).toString('base64url')}.${signature}`;
  await writeFile(join(folder, 'token'), expired);
  await fault({ kind: 'status', status: 401 }, 'expired');
  await writeFile(join(folder, 'token'), federatedToken);
  await ours.create('recovered');
  await ours.until('recovered', 'is accepted', ({ status }) => conditionOf(status, 'Accepted')?.status === 'True', 60);
  await ours.delete('recovered');
  await ours.gone('recovered');

  const everything = [
    'get',
    'mirrorexperiments,events,configmaps,deployments,leases',
    '-A',
    '-o',
    'json',
    '--show-managed-fields',
  ];
  const { stdout, code } = await kubectl(stage.server.kubeconfig, everything);
  expect(code).toBe(0);
  const logged = JSON.stringify(operator.log) + operator.errors();
  expect(operator.log.some(({ level }) => level === 'debug')).toBe(true);
  // What is looked for is found where it is known to be: the search works.
  expect(logged).toContain('401');
  expect(stage.azure.accessTokens().length).toBeGreaterThanOrEqual(2);
  const [, , expiredPayload = ''] = [header, payload, expired.split('.')[1]];
  const secrets = [
    federatedToken,
    payload,
    signature,
    `${header}.${payload}`,
    expired,
    expiredPayload,
    ...stage.azure.accessTokens(),
  ];
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20);
    expect(logged.includes(secret) || stdout.includes(secret)).toBe(false);
  }
  expect(logged).not.toMatch(/Bearer |client_assertion=|eyJ[\w-]{10,}/);
  expect(operator.errors()).toBe('');
}, 240_000);

test('the operator has gone on meanwhile, and nothing has failed but writes that somebody was faster with', () => {
  const failures = operator.log.filter(({ level }) => level === 'error').map((line) => JSON.stringify(line));
  for (const failure of failures) expect(failure).toMatch(/409|has changed since it was read|object has been modified/);
});
