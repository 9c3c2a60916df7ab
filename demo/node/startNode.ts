import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig, type V1Service } from '@kubernetes/client-node';
import { startDeployments } from './deployments.ts';
import { startDns } from './dns.ts';
import { portMap } from './hostPorts.ts';
import type { Images } from './images.ts';
import { startKubelet } from './kubelet.ts';
import { createQueue } from './queue.ts';
import { startServiceProxies } from './services.ts';
import { watchKind } from './watch.ts';

export type { ContainerContext, Images, ProgramImage } from './images.ts';

export interface NodeOptions {
  /** Path of a kubeconfig whose user may do what the controllers and a kubelet do. */
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly images: Images;
  /** Default `local-node`. */
  readonly nodeName?: string;
  /** How often ConfigMaps are projected into running pods. Default 60,000, as the kubelet. */
  readonly configMapSyncMilliseconds?: number;
  /** Wait before the second restart of a container that ends (the first is at once); doubles. Default 10,000. */
  readonly restartBackoffMilliseconds?: number;
  /** Where pods' directories and logs/ are kept. Default: a temporary one, removed by stop(). */
  readonly directory?: string;
  log?(line: string): void;
}

export interface NodePod {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly containers: readonly {
    readonly name: string;
    readonly image: string;
    /** Process id; undefined while none runs. */
    readonly pid: number | undefined;
    readonly restarts: number;
    /** Ports of 127.0.0.1 by container port. */
    readonly ports: Readonly<Record<number, number>>;
  }[];
}

export interface Node {
  /** UDP, on 127.0.0.1. */
  readonly dnsPort: number;
  /** Where `logs/<pod>_<container>.log` are. */
  readonly directory: string;
  pods(): readonly NodePod[];
  /** Ends every process (SIGKILL after 5 s), closes every port; may be called again. Objects in the API stay, as when a machine is lost. */
  stop(): Promise<void>;
}

const stopGraceMilliseconds = 5000;

/**
 * Plays what a bare API server lacks, for one namespace: the Deployment and ReplicaSet controllers, the scheduler, the
 * kubelet (pods are processes of this machine), kube-proxy and the cluster's DNS. Everything is on 127.0.0.1.
 * With `images: 'instant'` pods have no process and Services no listener.
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(options.kubeconfig);
  const { namespace, images, nodeName = 'local-node', log = () => {} } = options;
  const instant = images === 'instant';
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'node-')));
  await mkdir(directory, { recursive: true });

  const kubelet = await startKubelet({
    kubeConfig,
    namespace,
    nodeName,
    images,
    directory,
    temporary: options.directory === undefined,
    configMapSyncMilliseconds: options.configMapSyncMilliseconds ?? 60_000,
    backoff: { firstMilliseconds: options.restartBackoffMilliseconds ?? 10_000, mostMilliseconds: 300_000 },
    log,
  });
  const deployments = await startDeployments({ kubeConfig, namespace, nodeName, hostPorts: !instant, log });
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const proxies = startServiceProxies(() => kubelet.runners());
  const proxyQueue = createQueue(
    () => proxies.update(instant ? [] : services.list()),
    (line) => log(line),
  );
  const services = await watchKind<V1Service>(
    kubeConfig,
    namespace,
    `/api/v1/namespaces/${namespace}/services`,
    () => core.listNamespacedService({ namespace }),
    () => proxyQueue.add('services'),
  );
  proxyQueue.add('services');
  let stopped: Promise<void> | undefined;
  const dns = await startDns(namespace, (name) => services.get(name) !== undefined);

  return {
    dnsPort: dns.port,
    directory,
    pods: () =>
      kubelet.runners().map((runner) => ({
        name: runner.pod.metadata?.name ?? '',
        labels: runner.pod.metadata?.labels ?? {},
        ready: runner.ready,
        terminating: runner.terminating,
        containers: (runner.pod.spec?.containers ?? []).map((container, index) => ({
          name: container.name,
          image: container.image ?? '',
          pid: runner.containers[index]?.pid,
          restarts: runner.containers[index]?.restarts ?? 0,
          ports: Object.fromEntries(portMap(runner.pod, container)),
        })),
      })),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };

  async function stop(): Promise<void> {
    await Promise.all([deployments.stop(), services.stop(), proxyQueue.stop()]);
    await kubelet.stop(stopGraceMilliseconds);
    await Promise.all([proxies.stop(), dns.stop()]);
  }
}
