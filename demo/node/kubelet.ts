import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ApiException,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Pod,
} from '@kubernetes/client-node';
import type { Images } from './images.ts';
import { PodRunner } from './podRunner.ts';
import { createQueue } from './queue.ts';
import { startReaper } from './reaper.ts';
import { watchKind } from './watch.ts';

export interface KubeletOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly nodeName: string;
  readonly images: Images;
  readonly directory: string;
  /** Whether the directory goes with the node. */
  readonly temporary: boolean;
  readonly configMapSyncMilliseconds: number;
  readonly backoff: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  log(line: string): void;
}

export interface Kubelet {
  runners(): readonly PodRunner[];
  stop(graceMilliseconds: number): Promise<void>;
}

/** Runs the pods that are assigned to the node, and reports their status. */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { kubeConfig, namespace, nodeName, directory, log } = options;
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const reaper = startReaper(options.temporary ? directory : undefined);
  const runners = new Map<string, PodRunner>();
  const reported = new Map<string, string>();
  const endings = new Map<string, Promise<void>>();
  await mkdir(join(directory, 'logs'), { recursive: true });

  const queue = createQueue(reconcile, (line) => log(`pod ${line}`));
  const pods = await watchKind<V1Pod>(
    kubeConfig,
    namespace,
    `/api/v1/namespaces/${namespace}/pods`,
    () => core.listNamespacedPod({ namespace }),
    (pod) => queue.add(pod.metadata?.name ?? ''),
  );
  for (const pod of pods.list()) queue.add(pod.metadata?.name ?? '');

  async function reconcile(name: string): Promise<void> {
    const pod = pods.get(name);
    const runner = runners.get(name);
    if (runner !== undefined && runner.pod.metadata?.uid !== pod?.metadata?.uid) {
      // Deleted by force, or replaced by another of the same name.
      await runner.kill(1000);
      await forget(name);
      queue.add(name);
      return;
    }
    if (pod === undefined || pod.spec?.nodeName !== nodeName) return;
    if (pod.metadata?.deletionTimestamp !== undefined) {
      if (runner === undefined) await confirmDeletion(pod);
      else if (!endings.has(name)) endings.set(name, end(name, pod, runner));
      return;
    }
    if (runner === undefined) {
      runners.set(name, new PodRunner({ ...options, core, pod, reaper, onChange: () => queue.add(name) }));
      return;
    }
    await report(name, runner);
  }

  async function end(name: string, pod: V1Pod, runner: PodRunner): Promise<void> {
    await runner.terminate(pod.metadata?.deletionGracePeriodSeconds ?? 30);
    await forget(name);
    queue.add(name);
  }

  async function forget(name: string): Promise<void> {
    const runner = runners.get(name);
    runners.delete(name);
    endings.delete(name);
    reported.delete(name);
    if (runner !== undefined) await rm(runner.directory, { recursive: true, force: true });
  }

  async function confirmDeletion(pod: V1Pod): Promise<void> {
    const { name = '', uid = '' } = pod.metadata ?? {};
    await ignoreGone(
      core.deleteNamespacedPod({ namespace, name, body: { gracePeriodSeconds: 0, preconditions: { uid } } }),
    );
  }

  async function report(name: string, runner: PodRunner): Promise<void> {
    const status = runner.status();
    const text = JSON.stringify(status);
    if (reported.get(name) === text) return;
    const body = { metadata: { uid: runner.pod.metadata?.uid }, status };
    await ignoreGone(
      core.patchNamespacedPodStatus(
        { namespace, name, body },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      ),
    );
    reported.set(name, text);
  }

  const sync = setInterval(() => {
    for (const [name, runner] of runners) {
      runner.syncVolumes().catch((error: unknown) => log(`pod ${name}: volumes: ${String(error)}`));
    }
  }, options.configMapSyncMilliseconds);

  return {
    runners: () => [...runners.values()],
    stop: async (graceMilliseconds) => {
      clearInterval(sync);
      await Promise.all([pods.stop(), queue.stop()]);
      await Promise.all([...runners.values()].map((runner) => runner.kill(graceMilliseconds)));
      await reaper.stop();
    },
  };
}

async function ignoreGone(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    // 409: the precondition or the uid did not match, so it is another pod by now.
    if (!(error instanceof ApiException) || (error.code !== 404 && error.code !== 409)) throw error;
  }
}
