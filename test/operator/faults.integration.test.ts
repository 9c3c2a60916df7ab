import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { parse } from 'yaml';
import { type Fault, startAzureMonitor } from '../../demo/azure-monitor/index.ts';
import { recordsAt } from '../../src/core/kubernetes/fields.ts';
import { V3 } from '../support/lab.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(() => stage?.stop());

type Context = Parameters<OperatorStage['lab']>[0];

/** The shortest deadline that the resource definition allows. */
const SHORT = { deadlineSeconds: 30 };

describe.concurrent('a telemetry service that does not answer', { timeout: 150_000 }, () => {
  /** A lab with an Azure of its own, so that a fault hits no other test, and an operator that asks it. */
  async function alone(context: Context) {
    const azure = await startAzureMonitor();
    context.onTestFinished(() => azure.close());
    const books = await stage.lab(context, { azure, traffic: { behaviour: V3 } });
    const operator = await stage.operator({ azure, settings: { WATCH_NAMESPACE: books.namespace } });
    context.onTestFinished(() => operator.kill());
    return { azure, books, operator, before: await books.targets() };
  }
  test.for<readonly [string, Fault, RegExp]>([
    ['403', { kind: 'status', status: 403 }, /may not read workspace .* grant it the role Log Analytics Reader/],
    ['429', { kind: 'throttled', retryAfterSeconds: 5 }, /limits the rate of queries \(429\)/],
    ['no token', { kind: 'token', status: 401 }, /gets no token .*check its workload identity/],
  ])(
    '%s before the start: nothing is written until it ends, then the run goes on',
    async ([, fault, message], context) => {
      const { expect } = context;
      const { azure, books, before } = await alone(context);
      azure.fault(fault);
      await books.create('candidate');
      const { status } = await books.until(
        'candidate',
        'is told',
        (each) => conditionOf(each.status, 'Accepted')?.reason === 'TelemetryUnavailable',
      );
      expect(conditionOf(status, 'Accepted')).toMatchObject({
        status: 'False',
        message: expect.stringMatching(message),
      });
      expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'Unknown', reason: 'Waiting' });
      expect(await books.targets()).toEqual(before);
      azure.fault(undefined);
      expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail' });
      expect(await books.targets()).toEqual(before);
    },
  );

  test('204, no data: as if nobody reported anything', async (context) => {
    const { expect } = context;
    const { azure, books, before } = await alone(context);
    azure.fault({ kind: 'noContent' });
    await books.create('candidate', { analysis: SHORT });
    const status = await books.complete('candidate');
    expect(status).toMatchObject({ verdict: 'Inconclusive' });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'NoLiveTelemetry' });
    expect(await books.targets()).toEqual(before);
  });

  test('throttled during the analysis: it waits as long as it is told, and is inconclusive at the deadline', async (context) => {
    const { expect } = context;
    const { azure, books, before } = await alone(context);
    await books.create('candidate', { analysis: { deadlineSeconds: 50, minRequests: 2000 } });
    await books.until('candidate', 'is analysed', ({ status }) => status.lastAnalysisTime !== undefined);
    azure.fault({ kind: 'throttled', retryAfterSeconds: 7 });
    const status = await books.complete('candidate');
    expect(status).toMatchObject({ verdict: 'Inconclusive' });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'TelemetryError' });
    expect(conditionOf(status, 'TelemetryFlowing')).toMatchObject({ status: 'False', reason: 'TelemetryError' });
    const times = azure
      .queries()
      .filter(({ status: answered }) => answered === 429)
      .map(({ at }) => at.getTime());
    expect(times.length).toBeGreaterThanOrEqual(2);
    // What a look needs is asked at the same time: two queries may be refused at once, and then none is sent.
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps.filter((gap) => gap > 500 && gap < 6900)).toEqual([]);
    expect(gaps.filter((gap) => gap >= 6900).length).toBeGreaterThanOrEqual(1);
    expect(await books.targets()).toEqual(before);
  });
});

describe.concurrent('an operator without the right to patch ConfigMaps', { timeout: 120_000 }, () => {
  const LIMITED = 'limited-operator';

  /** A lab with an operator that has the rights of deploy/ in this namespace only, and whose rights can be changed. */
  async function limited(context: Context) {
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const metadata = { name: LIMITED };
    const clusterRole = await readFile(
      join(import.meta.dirname, '..', '..', 'deploy', 'base', 'clusterrole.yaml'),
      'utf8',
    );
    const all = recordsAt(parse(clusterRole), 'rules');
    const fewer = all.map((rule) => (isFor(rule, 'configmaps') ? { ...rule, verbs: ['get'] } : rule));
    await books.add({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    await books.add({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules: all });
    await books.add({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: LIMITED },
      subjects: [{ kind: 'ServiceAccount', name: LIMITED, namespace: books.namespace }],
    });
    const operator = await stage.operator({
      serviceAccount: { namespace: books.namespace, name: LIMITED },
      settings: { WATCH_NAMESPACE: books.namespace },
    });
    context.onTestFinished(() => operator.kill());
    return {
      books,
      operator,
      before: await books.targets(),
      takeAway: () => setRules(books, fewer),
      giveBack: () => setRules(books, all),
    };
  }

  const isFor = (rule: Record<string, unknown>, resource: string) =>
    Array.isArray(rule.resources) && rule.resources.includes(resource);

  /** The API server's authorizer follows the roles with a little delay. */
  async function setRules(books: LiveLab, rules: readonly object[]): Promise<void> {
    await books.patch('Role', LIMITED, { rules });
    const allowed = rules.some((rule) => isFor({ ...rule }, 'configmaps') && JSON.stringify(rule).includes('patch'));
    const user = `system:serviceaccount:${books.namespace}:${LIMITED}`;
    await until('the role is in force', async () => {
      const { stdout } = await books.kubectl(['auth', 'can-i', 'patch', 'configmaps', `--as=${user}`]);
      return stdout.trim() === (allowed ? 'yes' : 'no');
    });
  }

  const WORDS = /refuses to add the mirror to ConfigMap default-sidecar.*cannot patch resource "configmaps"/;

  test('ends the experiment with the API server’s words, and puts back what it could patch', async (context) => {
    const { expect } = context;
    const { books, before, takeAway } = await limited(context);
    await takeAway();
    await books.create('candidate');
    const status = await books.complete('candidate', 30);
    expect(status).toMatchObject({ verdict: 'Inconclusive', summary: expect.stringMatching(WORDS) });
    expect(conditionOf(status, 'Passed')).toMatchObject({
      status: 'False',
      reason: 'ConfigurationError',
      message: expect.stringMatching(WORDS),
    });
    expect(await books.targets()).toEqual(before);
  });

  test('says that it cannot restore, tries again without haste, and restores when it may', async (context) => {
    const { expect } = context;
    const { books, operator, before, takeAway, giveBack } = await limited(context);
    await books.create('candidate');
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    await takeAway();
    const { status } = await books.until('candidate', 'cannot be restored', isRefused);
    expect(status.verdict).toBe('Fail');
    expect(conditionOf(status, 'Complete')).toMatchObject({ status: 'False' });
    expect(conditionOf(status, 'Mirroring')?.message).toMatch(/restore ConfigMap default-sidecar: .*cannot patch/);
    await until('it is told', async () => (await books.events('candidate')).includes('RestoreRefused x1'));
    const start = Date.now();
    await until('it is tried again', async () => refusals(operator) >= 2);
    expect(Date.now() - start).toBeGreaterThan(8000);
    await giveBack();
    expect(await books.complete('candidate', 40)).toMatchObject({ verdict: 'Fail' });
    expect(await books.targets()).toEqual(before);
  });

  test('keeps a deleted experiment until it may restore, and says why', async (context) => {
    const { expect } = context;
    const { books, before, takeAway, giveBack } = await limited(context);
    books.traffic.change({ requestsPerSecond: 2 });
    await books.create('candidate');
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    await takeAway();
    await books.delete('candidate');
    const { finalizers, deletionTimestamp } = await books.until('candidate', 'cannot be restored', isRefused);
    expect(finalizers).toEqual(['mirroring.dev/restore']);
    expect(deletionTimestamp).toBeDefined();
    await giveBack();
    await books.gone('candidate', 40);
    expect(await books.targets()).toEqual(before);
  });

  const isRefused = ({ status }: Parameters<Parameters<LiveLab['until']>[2]>[0]) =>
    conditionOf(status, 'Mirroring')?.reason === 'RestoreRefused';
  const refusals = ({ log }: { readonly log: readonly { readonly message: string }[] }) =>
    log.filter(({ message }) => message.startsWith('the API server refuses to restore')).length;
});

test.concurrent('an API server that is killed and comes back during a run', { timeout: 150_000 }, async (context) => {
  const { expect } = context;
  const own = await setOperatorStage();
  context.onTestFinished(() => own.stop());
  const operator = await own.operator();
  const books = await own.lab(context, { traffic: { requestsPerSecond: 4 } });
  const before = await books.targets();
  await books.create('candidate', { analysis: { deadlineSeconds: 100 } });
  await books.until('candidate', 'is analysed', ({ status }) => conditionOf(status, 'Passed')?.reason === 'Analysing');
  await own.server.kill();
  await new Promise((resolve) => setTimeout(resolve, 7000));
  await own.server.restart();
  books.traffic.change({ behaviour: V3, requestsPerSecond: 60 });
  expect(await books.complete('candidate', 100)).toMatchObject({ verdict: 'Fail' });
  expect(await books.targets()).toEqual(before);
  expect((await operator.terminate()).code).toBe(0);
  expect(operator.errors()).toBe('');
});
