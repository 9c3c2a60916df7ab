import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startApiServer, testCluster, testNamespace } from './apiServer.ts';
import { kubectl } from './kubectl.ts';

const configMap = (name: string) => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

describe('the shared cluster', () => {
  test('knows the MirrorExperiment resource', async () => {
    const { stdout } = await kubectl(testCluster().kubeconfig, ['api-resources', '--api-group=mirroring.dev']);
    expect(stdout).toContain('MirrorExperiment');
  });

  test('gives each test a namespace of its own', async () => {
    const { kubeconfig } = testCluster();
    const [one, other] = [await testNamespace(), await testNamespace()];
    expect(one).not.toBe(other);
    const created = await kubectl(kubeconfig, ['create', '-n', one, '-f', '-'], { input: configMap('settings') });
    expect(created).toMatchObject({ stdout: 'configmap/settings created\n', code: 0 });
    expect((await kubectl(kubeconfig, ['get', 'configmaps', '-n', other])).stdout).not.toContain('settings');
  });

  test('adds users who may do only what a role binding allows', async () => {
    const { kubeconfig, addUser } = testCluster();
    const namespace = await testNamespace();
    const user = await addUser(`reader-${namespace}`, [`readers-${namespace}`]);
    const list = ['get', 'configmaps', '-n', namespace];
    expect(await kubectl(user, list)).toMatchObject({ code: 1, stderr: expect.stringContaining('Forbidden') });
    for (const object of [
      ['role', 'reader', '--verb=list', '--resource=configmaps'],
      ['rolebinding', 'readers', '--role=reader', `--group=readers-${namespace}`],
    ]) {
      expect(await kubectl(kubeconfig, ['create', ...object, '-n', namespace])).toMatchObject({ code: 0 });
    }
    await expect.poll(() => kubectl(user, list), { timeout: 10_000 }).toMatchObject({ code: 0 });
  });
});

test('an API server of its own keeps its data and address when it is killed and restarted', async () => {
  const server = await startApiServer({ crds: false });
  onTestFinished(() => server.stop());
  const { kubeconfig } = server;
  expect(await kubectl(kubeconfig, ['create', '-f', '-'], { input: configMap('kept') })).toMatchObject({ code: 0 });

  const firstPid = server.pid;
  await server.kill();
  expect(() => process.kill(firstPid, 0)).toThrow('ESRCH');
  expect(await kubectl(kubeconfig, ['get', 'configmap', 'kept'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('refused'),
  });

  await server.restart();
  expect(server.pid).not.toBe(firstPid);
  expect(await kubectl(kubeconfig, ['get', 'configmap', 'kept', '-o', 'name'])).toMatchObject({
    stdout: 'configmap/kept\n',
    code: 0,
  });
});

test('an API server that is stopped leaves neither process nor file', async () => {
  const server = await startApiServer({ crds: false });
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow('ESRCH');
  await expect(stat(dirname(server.kubeconfig))).rejects.toThrow('ENOENT');
});

test('kubectl that does not end in time is killed and reported', async () => {
  const { kubeconfig } = testCluster();
  await expect(kubectl(kubeconfig, ['get', 'configmaps', '--watch'], { timeout: 1500 })).rejects.toThrow(
    'did not end within 1500 ms',
  );
});
