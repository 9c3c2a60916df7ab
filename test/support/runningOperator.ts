import { expect, onTestFinished, vi } from 'vitest';
import { ExperimentOperator } from '../../src/adapters/kubernetes/operator.ts';
import type { WatchTiming } from '../../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { testCluster, testNamespace } from './apiServer.ts';
import { experiment } from './experiments.ts';
import { connectTo } from './kubernetes.ts';
import { startTcpProxy } from './tcpProxy.ts';

interface Server {
  readonly server: string;
  readonly kubeconfig: string;
}

/** As the operator's own, but faster. */
const timing: WatchTiming = {
  watchSeconds: 2,
  slackMilliseconds: 1500,
  relistMilliseconds: 600_000,
  backoff: { baseMilliseconds: 100, capMilliseconds: 1000 },
};

/** How long to wait for what must happen. */
export const soon = { timeout: 10_000, interval: 20 };

export type TestNamespace = Awaited<ReturnType<typeof openNamespace>>;

/** A namespace of its own, with a client that goes straight to the API server, past every proxy. */
export async function openNamespace(cluster: Server = testCluster()) {
  const { api } = connectTo(cluster.kubeconfig);
  const namespace = await testNamespace(cluster);
  const collection = `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`;
  const write = async (request: Parameters<typeof api.request>[0]) => (await api.request(request)) as KubernetesObject;
  return {
    api,
    namespace,
    collection,
    create: (name: string, metadata = {}) =>
      write({ method: 'POST', path: collection, body: experiment(name, metadata) }),
    /** Merges into the metadata. */
    edit: (name: string, metadata: Record<string, unknown>) => {
      const contentType = 'application/merge-patch+json';
      return write({ method: 'PATCH', path: `${collection}/${name}`, contentType, body: { metadata } });
    },
    remove: async (name: string) => {
      await api.request({ method: 'DELETE', path: `${collection}/${name}` });
    },
    finalizersOf: async (name: string): Promise<readonly string[]> => {
      const { metadata } = await write({ method: 'GET', path: `${collection}/${name}` });
      return 'finalizers' in metadata ? (metadata.finalizers as string[]) : [];
    },
  };
}

interface OperatorOptions {
  readonly cluster?: Server;
  /** Of one namespace; absent: of all. */
  readonly namespace?: string;
  /** Of a proxy to the API server. */
  readonly port?: number;
}

/** An operator that runs until the end of the test. */
export async function runOperator({ cluster = testCluster(), namespace, port }: OperatorOptions) {
  const client = connectTo(cluster.kubeconfig, {
    requestTimeoutMilliseconds: 1500,
    ...(port !== undefined && { port }),
  });
  const changes: string[] = [];
  const operator = new ExperimentOperator({
    ...client,
    clock: systemClock,
    ...(namespace !== undefined && { namespace }),
    onChange: (key) => {
      changes.push(key);
    },
    timing,
  });
  onTestFinished(async () => {
    await operator.stop();
    client.api.close();
  });
  await operator.start();
  const names = () => operator.list().map((object) => object.metadata.name);
  return { operator, changes, names, log: client.log };
}

/** An operator that has listed the experiments through a proxy. */
export async function runOperatorBehindProxy({ cluster = testCluster(), namespace }: OperatorOptions) {
  const proxy = await startTcpProxy(Number(new URL(cluster.server).port));
  onTestFinished(() => proxy.close());
  const running = await runOperator({ cluster, port: proxy.port, ...(namespace !== undefined && { namespace }) });
  await vi.waitFor(() => expect(running.operator.synced()).toBe(true), soon);
  return { ...running, proxy };
}
