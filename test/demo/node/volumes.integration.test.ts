import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Node, startNode } from '../../../demo/node/startNode.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { until } from '../support/until.ts';
import { clients, deployment, rolledOut } from './workload.ts';

/** Answers with where its file is, what it holds now, and two variables. */
const program = `
const [file] = process.argv.slice(1);
require('node:http').createServer((request, response) => response.end(JSON.stringify({
  file, content: require('node:fs').readFileSync(file, 'utf8'), pod: process.env.POD, mode: process.env.MODE,
}))).listen(Number(process.env.PORT), '127.0.0.1');
`;

describe('ConfigMaps on the node', () => {
  const cluster = testCluster();
  const api = clients(cluster.kubeconfig);
  let namespace: string;
  let node: Node;

  beforeEach(async () => {
    namespace = await testNamespace();
    node = await startNode({
      kubeconfig: cluster.kubeconfig,
      namespace,
      images: { 'reader:1': { command: [process.execPath, '-e', program], readiness: { path: '/' } } },
      configMapSyncMilliseconds: 300,
    });
  });
  afterEach(() => node.stop());

  const setText = (text: string) =>
    api.core.patchNamespacedConfigMap(
      { namespace, name: 'settings', body: { data: { 'app.txt': text } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
  const reader = (name: string, replicas = 1) =>
    deployment(name, 'reader:1', {
      replicas,
      podSpec: {
        containers: [
          {
            name: 'reader',
            image: 'reader:1',
            args: ['/etc/app/app.txt'],
            ports: [{ containerPort: 8080 }],
            env: [
              { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'mode' } } },
            ],
            volumeMounts: [{ name: 'config', mountPath: '/etc/app' }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: 'settings' } }],
      },
    });
  const createSettings = () =>
    api.core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'settings' }, data: { 'app.txt': 'first', mode: 'calm' } },
    });
  async function ask(index = 0) {
    const pod = node.pods()[index];
    return (await fetch(`http://127.0.0.1:${pod?.containers[0]?.ports[8080]}`)).json() as Promise<
      Record<string, string>
    >;
  }

  it('a running pod sees a change after the sync, by a swap of ..data; a new pod sees it from its start', async () => {
    await createSettings();
    await api.apps.createNamespacedDeployment({ namespace, body: reader('reader') });
    await rolledOut(api, namespace, 'reader');
    const before = await ask();
    expect(before).toMatchObject({ content: 'first', mode: 'calm', pod: node.pods()[0]?.name });

    const renamed: (string | null)[] = [];
    const watcher = watch(dirname(before.file ?? ''), (_, name) => renamed.push(name));
    await setText('second');
    await until('the running pod sees it', async () => (await ask()).content === 'second');
    watcher.close();
    expect(renamed).toContain('..data');
    expect((await ask()).pod).toBe(before.pod);

    await setText('third');
    await api.apps.createNamespacedDeployment({ namespace, body: reader('another') });
    await rolledOut(api, namespace, 'another');
    const other = node.pods().findIndex((pod) => pod.labels.app === 'another');
    expect((await ask(other)).content).toBe('third');
    expect(await readFile((await ask(other)).file ?? '', 'utf8')).toBe('third');
  });

  it('a pod waits for a ConfigMap that is not there, says so, and starts when it comes', async () => {
    await api.apps.createNamespacedDeployment({ namespace, body: reader('reader') });
    const waiting = await until('the pod says what it waits for', async () => {
      const { items } = await api.core.listNamespacedPod({ namespace });
      const state = items[0]?.status?.containerStatuses?.[0]?.state?.waiting;
      return state?.message === undefined ? undefined : state;
    });
    expect(waiting).toEqual({ reason: 'ContainerCreating', message: 'configmap "settings" not found' });
    await createSettings();
    await rolledOut(api, namespace, 'reader');
    expect((await ask()).content).toBe('first');
  });
});
