import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { commandsOf, runCommands } from '../support/documentShell.ts';
import { kubectl } from '../support/kubectl.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import { letNamespaceGo } from '../support/namespaceController.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

const PAGE = 'docs/operations.md';
const SYSTEM = 'mirror-experiment-system';
const UPGRADE = commandsOf(PAGE, 'kubectl apply -k');
const UNINSTALL = commandsOf(PAGE, 'kubectl delete mirrorexperiments --all', 'kubectl delete -k');

let stage: OperatorStage;
// One after another: each takes its cluster away.
async function begin({ onTestFinished }: TestContext): Promise<void> {
  stage = await setOperatorStage();
  onTestFinished(() => stage.stop());
}

const run = (...args: string[]) => kubectl(stage.server.kubeconfig, args, { timeout: 60_000 });
const shell = (code: string) => runCommands(stage.server.kubeconfig, code);

/** A lab with an experiment that copies requests and would go on for minutes. */
async function running(
  context: TestContext,
  name = 'candidate',
): Promise<{ books: LiveLab; before: readonly object[] }> {
  const books = await stage.lab(context, { traffic: { requestsPerSecond: 2 } });
  const before = await books.targets();
  await books.create(name, { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
  await books.until(name, 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
  expect(await books.targets()).not.toEqual(before);
  return { books, before };
}

/** Everything of the cluster that bears the installation's name or kind. */
async function remains(): Promise<readonly string[]> {
  const kinds = [
    ...['namespaces', 'customresourcedefinitions', 'clusterroles', 'clusterrolebindings'],
    ...['validatingadmissionpolicies', 'validatingadmissionpolicybindings'],
    ...[
      'roles',
      'rolebindings',
      'serviceaccounts',
      'deployments',
      'cronjobs',
      'services',
      'pdb',
      'networkpolicies',
      'leases',
    ],
  ].join(',');
  const { stdout, code } = await run('get', kinds, '--all-namespaces', '--ignore-not-found', '-o', 'name');
  expect(code).toBe(0);
  return stdout.split('\n').filter((name) => name.includes('mirror-experiment') || name.includes('mirrorexperiment'));
}

describe('uninstalling as the documents say', { timeout: 240_000 }, () => {
  test('restores experiments that run, in every namespace, and leaves nothing', async (context) => {
    await begin(context);
    const operator = await stage.operator();
    const labs = await Promise.all([running(context), running(context)]);
    expect((await remains()).length).toBeGreaterThan(15);

    const [uninstalled] = await Promise.all([shell(UNINSTALL), letNamespaceGo(stage.server.kubeconfig, SYSTEM)]);
    expect(uninstalled, uninstalled.output).toMatchObject({ code: 0 });
    for (const { books, before } of labs) expect(await books.targets()).toEqual(before);
    expect(await remains()).toEqual([]);
    // Its account is gone, and it has nothing left to do.
    await operator.kill();
  });

  test('does not go past an experiment that cannot be restored', async (context) => {
    await begin(context);
    await stage.operator();
    const { books, before } = await running(context);
    const binding = JSON.parse((await run('get', 'clusterrolebinding', 'mirror-experiment', '-o', 'json')).stdout);
    expect(await run('delete', 'clusterrolebinding', 'mirror-experiment')).toMatchObject({ code: 0 });
    const installed = await remains();
    const stuck = await shell(UNINSTALL.replace('--timeout=10m', '--timeout=10s'));
    expect(stuck).toMatchObject({ code: 1, output: expect.stringContaining('timed out waiting') });
    expect(await remains()).toEqual(installed);

    const { roleRef, subjects, apiVersion, kind } = binding;
    const input = JSON.stringify({ apiVersion, kind, metadata: { name: 'mirror-experiment' }, roleRef, subjects });
    expect(await kubectl(stage.server.kubeconfig, ['create', '-f', '-'], { input })).toMatchObject({ code: 0 });
    const [uninstalled] = await Promise.all([shell(UNINSTALL), letNamespaceGo(stage.server.kubeconfig, SYSTEM)]);
    expect(uninstalled, uninstalled.output).toMatchObject({ code: 0 });
    expect(await books.targets()).toEqual(before);
    expect(await remains()).toEqual([]);
  });

  test('the other way round waits for an operator, and one that is installed again ends it', async (context) => {
    await begin(context);
    const first = await stage.operator();
    const { books, before } = await running(context);
    await first.kill();
    const [removal] = await Promise.all([
      run('delete', '-k', join(import.meta.dirname, '..', '..', 'deploy'), '--timeout=20s'),
      letNamespaceGo(stage.server.kubeconfig, SYSTEM),
    ]);
    expect(removal.code).toBe(1);
    expect(await remains()).toEqual(['customresourcedefinition.apiextensions.k8s.io/mirrorexperiments.mirroring.dev']);
    expect(await books.targets()).not.toEqual(before);

    expect(await shell(UPGRADE)).toMatchObject({ code: 0 });
    // Its ServiceAccount is another one of that name.
    await stage.operator({ serviceAccount: { namespace: SYSTEM, name: 'mirror-experiment' } });
    await books.gone('candidate', 60);
    expect(await books.targets()).toEqual(before);
    await until(
      'the definition is gone',
      async () => !(await remains()).some((name) => name.startsWith('customresource')),
      30,
    );
    const [rest] = await Promise.all([
      shell('kubectl delete -k examples/install/ --ignore-not-found'),
      letNamespaceGo(stage.server.kubeconfig, SYSTEM),
    ]);
    expect(rest, rest.output).toMatchObject({ code: 0 });
    expect(await remains()).toEqual([]);
  });
});

describe('upgrading as the documents say', { timeout: 240_000 }, () => {
  test('leaves a run where it is, and the next operator ends it', async (context) => {
    await begin(context);
    const first = await stage.operator();
    const { books, before } = await running(context);
    const { status } = books.history('candidate').at(-1) ?? {};
    expect(await shell(UPGRADE)).toMatchObject({ code: 0 });
    const second = await stage.operator();
    expect((await first.terminate()).code).toBe(0);
    await until('the next one leads', async () => second.log.some(({ message }) => message === 'leading'), 60);
    const { generation } = await books.until(
      'candidate',
      'is looked at',
      (each) => each.status.lastAnalysisTime !== undefined,
    );
    expect(generation).toBe(1);
    const last = books.history('candidate').at(-1)?.status;
    expect([last?.startTime, last?.switchOnTime]).toEqual([status?.startTime, status?.switchOnTime]);
    await books.delete('candidate');
    await books.gone('candidate');
    expect(await books.targets()).toEqual(before);
  });
});
