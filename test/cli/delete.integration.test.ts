import { describe, expect, test } from 'vitest';
import { testCluster, testNamespace } from '../support/apiServer.ts';
import { cli } from '../support/cli.ts';
import { experiment } from '../support/experiments.ts';
import { kubectl } from '../support/kubectl.ts';

async function succeed(args: readonly string[], input?: object): Promise<string> {
  const options = input === undefined ? {} : { input: JSON.stringify(input) };
  const { code, stdout, stderr } = await kubectl(testCluster().kubeconfig, args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

async function create(name: string, metadata: Record<string, unknown> = {}): Promise<string> {
  const namespace = await testNamespace();
  await succeed(['create', '-n', namespace, '-f', '-'], experiment(name, metadata));
  return namespace;
}

const run = (args: readonly string[]) => cli(['delete', ...args], { kubeconfig: testCluster().kubeconfig });
const names = (namespace: string) => succeed(['get', 'mexp', '-n', namespace, '-o', 'name']);

async function complete(namespace: string, name: string, observedGeneration: number): Promise<void> {
  const common = { lastTransitionTime: '2026-01-01T00:00:00Z', message: 'x', observedGeneration };
  const conditions = [
    { type: 'Passed', status: 'True', reason: 'WithinTolerance', ...common },
    { type: 'Complete', status: 'True', reason: 'Finished', ...common },
  ];
  const status = JSON.stringify({ status: { verdict: 'Pass', summary: 'x', conditions } });
  await succeed(['patch', 'mexp', name, '-n', namespace, '--subresource=status', '--type=merge', '-p', status]);
}

describe('kubectl-mirror delete', () => {
  test('deletes, and takes what is not there for deleted', async () => {
    const namespace = await create('x');
    expect(await run(['x', '-n', namespace])).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `${namespace}/x is gone: no request is copied any more\n`,
    });
    expect(await names(namespace)).toBe('');
    expect(await run(['x', '-n', namespace])).toEqual({ code: 0, stderr: '', stdout: `${namespace}/x is not there\n` });
  });

  test('with --unless-complete leaves a finished experiment, and not one whose verdict is of an earlier spec', async () => {
    const namespace = await create('x');
    await complete(namespace, 'x', 1);
    expect(await run(['x', '-n', namespace, '--unless-complete'])).toMatchObject({
      code: 0,
      stdout: `${namespace}/x is complete (Pass) and stays\n`,
    });
    expect(await names(namespace)).toContain('/x');
    const spec = JSON.stringify({ spec: { traffic: { percent: 50 } } });
    await succeed(['patch', 'mexp', 'x', '-n', namespace, '--type=merge', '-p', spec]);
    expect(await run(['x', '-n', namespace, '--unless-complete'])).toMatchObject({ code: 0 });
    expect(await names(namespace)).toBe('');
  });

  test('exits with 4 when it is not restored in time', async () => {
    const namespace = await create('x', { finalizers: ['mirroring.dev/restore'] });
    expect(await run(['x', '-n', namespace, '--timeout', '1s'])).toEqual({
      ...{ code: 4, stdout: '' },
      stderr: `${namespace}/x is deleted, but not everything is restored yet\n`,
    });
    expect(await names(namespace)).toContain('/x');
    await succeed(['patch', 'mexp', 'x', '-n', namespace, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  });

  test('exits with 3 where it may not be deleted', async () => {
    const namespace = await create('x');
    const kubeconfig = await testCluster().addUser('reader');
    await succeed(['create', 'rolebinding', 'reader', '--clusterrole=view', '--user=reader', '-n', namespace]);
    const role = [
      'create',
      'role',
      'mexp',
      '--verb=get',
      '--resource=mirrorexperiments.mirroring.dev',
      '-n',
      namespace,
    ];
    await succeed(role);
    await succeed(['create', 'rolebinding', 'mexp', '--role=mexp', '--user=reader', '-n', namespace]);
    const refused = await cli(['delete', 'x', '-n', namespace], { kubeconfig });
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/x could not be deleted: .*forbidden/i);
    expect(await names(namespace)).toContain('/x');
  });
});
