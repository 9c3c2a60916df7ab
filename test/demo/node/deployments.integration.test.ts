import { existsSync } from 'node:fs';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../demo/node/ports.ts';
import { type Node, type NodeOptions, startNode } from '../../../demo/node/startNode.ts';
import { startApiServer, testCluster, testNamespace } from '../../support/apiServer.ts';
import { kubectl } from '../../support/kubectl.ts';
import { until } from '../support/until.ts';
import { alive, clients, deployment, images, rolledOut } from './workload.ts';

const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** On a connection of its own, opened now: fetch may use one that was opened before for another request. */
function get(url: string): Promise<string> {
  return new Promise((resolve) => {
    http
      .get(url, { agent: false }, (response) => {
        text(response).then(
          (body) => resolve(`${response.statusCode} ${body}`),
          (error: Error) => resolve(error.message),
        );
      })
      .on('error', (error) => resolve(error.message));
  });
}

describe('Deployments on the node', () => {
  const cluster = testCluster();
  const api = clients(cluster.kubeconfig);
  const { apps, core } = api;
  let namespace: string;
  const nodes: Node[] = [];

  beforeEach(async () => {
    namespace = await testNamespace();
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
  });

  async function start(options: Partial<NodeOptions> = {}): Promise<Node> {
    const node = await startNode({ kubeconfig: cluster.kubeconfig, namespace, images, ...options });
    nodes.push(node);
    return node;
  }
  const create = (body: ReturnType<typeof deployment>) => apps.createNamespacedDeployment({ namespace, body });
  const setImage = (name: string, image: string) =>
    apps.patchNamespacedDeployment(
      { namespace, name, body: { spec: { template: { spec: { containers: [{ name: 'shop', image }] } } } } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
  async function service(name: string): Promise<string> {
    const port = await freePort();
    const body = { metadata: { name }, spec: { selector: { app: name }, ports: [{ port, targetPort: 'http' }] } };
    await core.createNamespacedService({ namespace, body });
    return `http://127.0.0.1:${port}`;
  }

  it('runs pods as processes and reports them as kubectl expects', async () => {
    const node = await start();
    await create(deployment('shop', 'shop:1', { replicas: 2 }));
    await rolledOut(api, namespace, 'shop');

    const status = await kubectl(cluster.kubeconfig, [
      '-n',
      namespace,
      'rollout',
      'status',
      'deployment/shop',
      '--timeout=5s',
    ]);
    expect(status.stdout).toContain('successfully rolled out');
    const wait = ['-n', namespace, 'wait', '--for=condition=Available', 'deployment/shop', '--timeout=5s'];
    expect((await kubectl(cluster.kubeconfig, wait)).code).toBe(0);

    const pods = await core.listNamespacedPod({ namespace, labelSelector: 'app=shop' });
    expect(pods.items).toHaveLength(2);
    for (const pod of pods.items) {
      expect(pod.status).toMatchObject({ phase: 'Running', podIP: '127.0.0.1' });
      expect(pod.status?.containerStatuses).toMatchObject([
        { name: 'shop', image: 'shop:1', ready: true, restartCount: 0 },
      ]);
      expect(pod.metadata?.ownerReferences?.[0]).toMatchObject({ kind: 'ReplicaSet', controller: true });
      expect(pod.metadata?.labels?.['pod-template-hash']).toBeTruthy();
    }
    const ports = node.pods().map((pod) => pod.containers[0]?.ports[8080]);
    expect(new Set(ports).size).toBe(2);
    for (const port of ports) expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('one');

    await apps.patchNamespacedDeployment({ namespace, name: 'shop', body: { spec: { replicas: 0 } } }, mergePatch);
    const scaled = await rolledOut(api, namespace, 'shop');
    expect(scaled.status?.conditions?.find(({ type }) => type === 'Available')?.status).toBe('True');
    await until('no pod is left', () => node.pods().length === 0);
    await until('no Pod is left', async () => (await core.listNamespacedPod({ namespace })).items.length === 0);
  });

  it('rolls a new image out under load through the Service without a failed request', async () => {
    const node = await start();
    const url = await service('shop');
    const podSpec = {
      containers: [
        {
          name: 'shop',
          image: 'shop:1',
          ports: [{ name: 'http', containerPort: 8080 }],
          lifecycle: { preStop: { sleep: { seconds: 2 } } },
        },
      ],
    };
    await create(deployment('shop', 'shop:1', { replicas: 2, podSpec }));
    await rolledOut(api, namespace, 'shop');
    await until('the Service answers', () =>
      fetch(url)
        .then((response) => response.ok)
        .catch(() => false),
    );

    const answers: { text: string; afterOldLeft: boolean }[] = [];
    const pending: Promise<unknown>[] = [];
    const oldPods = () => node.pods().filter((pod) => pod.containers[0]?.image === 'shop:1');
    const load = setInterval(() => {
      if (pending.length > 3000) return;
      const afterOldLeft = oldPods().every((pod) => pod.terminating);
      pending.push(get(url).then((answer) => answers.push({ text: answer, afterOldLeft })));
    }, 10);
    const slow = fetch(`${url}/slow`);
    await setImage('shop', 'shop:2');
    await rolledOut(api, namespace, 'shop');
    // While they end, preStop included, the old pods still run.
    await until('requests were sent meanwhile', () => answers.filter(({ afterOldLeft }) => afterOldLeft).length > 10);
    expect(oldPods().length).toBeGreaterThan(0);
    await until('the old pods are gone', () => oldPods().length === 0);
    clearInterval(load);
    await Promise.all(pending);

    expect(answers.length).toBeGreaterThan(100);
    expect([...new Set(answers.map(({ text }) => text))].sort()).toEqual(['200 one', '200 two']);
    const late = answers.filter(({ afterOldLeft }) => afterOldLeft);
    expect(new Set(late.map(({ text }) => text))).toEqual(new Set(['200 two']));
    // The connection that was under way stayed with its pod, and the pod finished it.
    expect(await (await slow).text()).toBe('one');
    const { items } = await apps.listNamespacedReplicaSet({ namespace });
    expect(items.map(({ status }) => status?.replicas).sort()).toEqual([0, 2]);
  });

  it('never has fewer ready pods than wanted while it rolls, with one more at most', async () => {
    const node = await start();
    await create(
      deployment('shop', 'shop:1', { spec: { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } } }),
    );
    await rolledOut(api, namespace, 'shop');
    await setImage('shop', 'shop:2');
    let most = 0;
    let least = 9;
    await until('only the new pod is left', () => {
      const living = node.pods().filter((pod) => !pod.terminating);
      most = Math.max(most, living.length);
      least = Math.min(least, living.filter((pod) => pod.ready).length);
      return node.pods().length === 1 && node.pods()[0]?.containers[0]?.image === 'shop:2';
    });
    expect({ most, least }).toEqual({ most: 2, least: 1 });
  });

  it('an unknown image: ImagePullBackOff, then ProgressDeadlineExceeded, and the old pod goes on serving', async () => {
    await start();
    const url = await service('shop');
    await create(deployment('shop', 'shop:1', { spec: { progressDeadlineSeconds: 2 } }));
    await rolledOut(api, namespace, 'shop');
    await setImage('shop', 'shop:nowhere');
    const failed = await until('the deadline passes', async () => {
      const found = await apps.readNamespacedDeployment({ namespace, name: 'shop' });
      const progressing = found.status?.conditions?.find(({ type }) => type === 'Progressing');
      return progressing?.status === 'False' && found;
    });
    expect(failed.status?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }),
        expect.objectContaining({ type: 'Available', status: 'True' }),
      ]),
    );
    expect(failed.status).toMatchObject({
      replicas: 2,
      updatedReplicas: 1,
      availableReplicas: 1,
      unavailableReplicas: 1,
    });
    const { items } = await core.listNamespacedPod({ namespace });
    const waiting = items.find(({ spec }) => spec?.containers[0]?.image === 'shop:nowhere');
    expect(waiting?.status?.phase).toBe('Pending');
    expect(waiting?.status?.containerStatuses?.[0]?.state?.waiting).toMatchObject({
      reason: 'ImagePullBackOff',
      message: expect.stringContaining('shop:nowhere'),
    });
    expect(await (await fetch(url)).text()).toBe('one');

    await setImage('shop', 'shop:1');
    const restored = await rolledOut(api, namespace, 'shop');
    expect(restored.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason).toBe(
      'NewReplicaSetAvailable',
    );
    expect(restored.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
  });

  it('restarts what ends, with backoff and a count, and says so', async () => {
    await start({ restartBackoffMilliseconds: 1500 });
    await create(deployment('crash', 'shop:crash'));
    const started = performance.now();
    const status = await until('the second restart', async () => {
      const { items } = await core.listNamespacedPod({ namespace });
      const found = items[0]?.status?.containerStatuses?.[0];
      return (found?.restartCount ?? 0) >= 2 && found?.state?.waiting && found;
    });
    // The first restart is at once, the second waits.
    expect(performance.now() - started).toBeGreaterThan(1500);
    expect(status.state?.waiting?.reason).toBe('CrashLoopBackOff');
    expect(status.lastState?.terminated).toMatchObject({ exitCode: 7, reason: 'Error' });

    const url = await service('shop');
    await create(deployment('shop', 'shop:1'));
    await rolledOut(api, namespace, 'shop');
    await fetch(`${url}/exit`).catch(() => {});
    await until('it serves again', () =>
      fetch(url)
        .then((response) => response.ok)
        .catch(() => false),
    );
    await until('the restart is counted', async () => {
      const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'app=shop' });
      return items[0]?.status?.containerStatuses?.[0]?.restartCount === 1;
    });
  });

  it('kills a process that ignores SIGTERM when its grace is over, and not before', async () => {
    const node = await start();
    await create(
      deployment('shop', 'shop:stubborn', {
        podSpec: {
          containers: [{ name: 'shop', image: 'shop:stubborn', ports: [{ name: 'http', containerPort: 8080 }] }],
          terminationGracePeriodSeconds: 3,
        },
      }),
    );
    await rolledOut(api, namespace, 'shop');
    const pid = node.pods()[0]?.containers[0]?.pid ?? 0;
    expect(alive(pid)).toBe(true);
    const started = performance.now();
    await apps.patchNamespacedDeployment({ namespace, name: 'shop', body: { spec: { replicas: 0 } } }, mergePatch);
    await until('it ends', () => !alive(pid));
    expect(performance.now() - started).toBeGreaterThan(2800);
  });

  it('a deleted Deployment takes its pods and ReplicaSets along, also one deleted while the node was away', async () => {
    const first = await start();
    await create(deployment('shop', 'shop:1'));
    await rolledOut(api, namespace, 'shop');
    await apps.deleteNamespacedDeployment({ namespace, name: 'shop' });
    const empty = () =>
      until('nothing is left', async () => {
        const [pods, sets] = [
          await core.listNamespacedPod({ namespace }),
          await apps.listNamespacedReplicaSet({ namespace }),
        ];
        return pods.items.length + sets.items.length === 0;
      });
    await empty();

    await create(deployment('shop', 'shop:1'));
    await rolledOut(api, namespace, 'shop');
    await first.stop();
    await apps.deleteNamespacedDeployment({ namespace, name: 'shop' });
    await start();
    await empty();
  });

  it('stop() leaves no process and no port behind', async () => {
    const node = await start();
    const url = await service('shop');
    await create(deployment('shop', 'shop:1', { replicas: 2 }));
    await rolledOut(api, namespace, 'shop');
    await until('the Service answers', () =>
      fetch(url)
        .then((response) => response.ok)
        .catch(() => false),
    );
    const pids = node.pods().map((pod) => pod.containers[0]?.pid ?? 0);
    expect(pids.map(alive)).toEqual([true, true]);
    await node.stop();
    expect(pids.map(alive)).toEqual([false, false]);
    await expect(fetch(url)).rejects.toThrow();
    expect(existsSync(node.directory)).toBe(false);
  });

  it('instant: rolls out without processes, and never a bad image', async () => {
    const node = await start({ images: 'instant' });
    await create(deployment('shop', 'any/image:v7', { replicas: 3 }));
    await rolledOut(api, namespace, 'shop');
    expect(node.pods().flatMap((pod) => pod.containers.map(({ pid }) => pid))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await create(deployment('broken', 'any/image:bad', { spec: { progressDeadlineSeconds: 1 } }));
    await until('the deadline passes', async () => {
      const { status } = await apps.readNamespacedDeployment({ namespace, name: 'broken' });
      return status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded');
    });
    const broken = await apps.readNamespacedDeployment({ namespace, name: 'broken' });
    expect(broken.status?.availableReplicas ?? 0).toBe(0);
  });
});

describe('the API server goes away and comes back', () => {
  it('pods serve on, and the rollout that was asked for afterwards happens', async () => {
    await using cluster = await startApiServer({ crds: false });
    const namespace = await testNamespace(cluster);
    const api = clients(cluster.kubeconfig);
    const lines: string[] = [];
    const node = await startNode({
      kubeconfig: cluster.kubeconfig,
      namespace,
      images,
      log: (line) => lines.push(line),
    });
    try {
      await api.apps.createNamespacedDeployment({ namespace, body: deployment('shop', 'shop:1') });
      await rolledOut(api, namespace, 'shop');
      const port = node.pods()[0]?.containers[0]?.ports[8080];
      await cluster.kill();
      await delay(500);
      expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('one');
      await cluster.restart();
      await api.apps.patchNamespacedDeployment(
        {
          namespace,
          name: 'shop',
          body: { spec: { template: { spec: { containers: [{ name: 'shop', image: 'shop:2' }] } } } },
        },
        setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
      );
      await rolledOut(api, namespace, 'shop');
      await until('only the new pod is left', () => node.pods().length === 1);
      expect(node.pods()[0]?.containers[0]?.image).toBe('shop:2');
    } finally {
      await node.stop();
    }
  });
});
