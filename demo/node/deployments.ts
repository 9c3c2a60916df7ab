import { createHash } from 'node:crypto';
import {
  AppsV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
  type V1Pod,
  type V1PodTemplateSpec,
  type V1ReplicaSet,
} from '@kubernetes/client-node';
import { type DeploymentStatus, deploymentStatus } from './deploymentStatus.ts';
import { isNotFound, selectorText } from './kubernetes.ts';
import { createQueue } from './queue.ts';
import { createReplicaSets, revisionAnnotation, revisionOf } from './replicaSets.ts';
import { limits, type PodView, planRollout, type RolloutStrategy } from './rollout.ts';
import { watchKind } from './watch.ts';

export interface DeploymentsOptions {
  readonly kubeConfig: KubeConfig;
  readonly namespace: string;
  readonly nodeName: string;
  /** Whether pods get host ports for their container ports. */
  readonly hostPorts: boolean;
  log(line: string): void;
}

const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** Plays the Deployment and ReplicaSet controllers, the scheduler, and the garbage collector below Deployments. */
export async function startDeployments(options: DeploymentsOptions): Promise<{ stop(): Promise<void> }> {
  const { kubeConfig, namespace, log } = options;
  const apps = kubeConfig.makeApiClient(AppsV1Api);
  const core = kubeConfig.makeApiClient(CoreV1Api);
  const replicaSets = createReplicaSets({ apps, core, ...options });
  const lastUid = new Map<string, string>();
  const queue = createQueue(reconcile, (line) => log(`deployment ${line}`));

  const deployments = await watchKind<V1Deployment>(
    kubeConfig,
    namespace,
    `/apis/apps/v1/namespaces/${namespace}/deployments`,
    () => apps.listNamespacedDeployment({ namespace }),
    (deployment) => queue.add(deployment.metadata?.name ?? ''),
  );
  const pods = await watchKind<V1Pod>(
    kubeConfig,
    namespace,
    `/api/v1/namespaces/${namespace}/pods`,
    () => core.listNamespacedPod({ namespace }),
    (pod) => {
      const owner = pod.metadata?.ownerReferences?.find(({ kind }) => kind === 'ReplicaSet')?.name;
      if (owner !== undefined) queue.add(owner.slice(0, owner.lastIndexOf('-')));
    },
  );
  for (const { metadata } of deployments.list()) queue.add(metadata?.name ?? '');
  // Deployments that were deleted while nobody watched.
  for (const owner of await replicaSets.owners()) queue.add(owner);

  async function reconcile(name: string): Promise<void> {
    // Read afresh: a cache that lags behind our own writes would make a pod twice.
    const deployment = await read(name);
    const uid = deployment?.metadata?.uid;
    if (uid === undefined || lastUid.get(name) !== uid) await replicaSets.collectGarbage(name, deployment);
    if (uid === undefined) lastUid.delete(name);
    else lastUid.set(name, uid);
    if (deployment === undefined || deployment.metadata?.deletionTimestamp !== undefined) return;
    if (deployment.spec?.paused === true) return;
    const recheck = await rollOut(deployment);
    if (recheck !== undefined) queue.addAfter(name, recheck);
  }

  async function read(name: string): Promise<V1Deployment | undefined> {
    try {
      return await apps.readNamespacedDeployment({ namespace, name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function rollOut(deployment: V1Deployment): Promise<number | undefined> {
    const { template, strategy } = specOf(deployment);
    const desired = deployment.spec?.replicas ?? 1;
    const name = deployment.metadata?.name ?? '';
    const { current, others } = await replicaSets.ensure(deployment, templateHash(template));
    await recordRevision(deployment, current);
    const selector = selectorText(deployment.spec?.selector.matchLabels ?? {});
    const found = await core.listNamespacedPod({ namespace, labelSelector: selector });
    const owned = found.items.filter((pod) =>
      [current, ...others].some(({ metadata }) => pod.metadata?.ownerReferences?.[0]?.uid === metadata?.uid),
    );
    const now = new Date();
    const minReadyMilliseconds = (deployment.spec?.minReadySeconds ?? 0) * 1000;
    const living = owned.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
    const views = living.map((pod) => viewOf(pod, current, now, minReadyMilliseconds));
    const plan = planRollout(desired, strategy, views, owned.length - living.length);

    const previous = previousStatus(deployment);
    const { status, recheckAfterMilliseconds } = deploymentStatus({
      name,
      generation: deployment.metadata?.generation ?? 0,
      desired,
      maxUnavailable: limits(desired, strategy).unavailable,
      progressDeadlineSeconds: deployment.spec?.progressDeadlineSeconds ?? 600,
      replicaSet: current.metadata?.name ?? '',
      pods: views,
      terminating: owned.length - living.length,
      previous,
      now,
    });
    if (JSON.stringify(status) !== JSON.stringify(previous)) {
      await apps.patchNamespacedDeploymentStatus({ namespace, name, body: { status } }, mergePatch);
    }
    await Promise.all([
      ...Array.from({ length: plan.create }, () => replicaSets.createPod(current)),
      ...plan.remove.map((pod) => replicaSets.deletePod(pod)),
    ]);
    await replicaSets.count([current, ...others], views, living, plan);
    const waiting = views.some((view) => view.ready && !view.available) ? minReadyMilliseconds : undefined;
    return waiting ?? recheckAfterMilliseconds;
  }

  async function recordRevision(deployment: V1Deployment, current: V1ReplicaSet): Promise<void> {
    const revision = String(revisionOf(current));
    if (deployment.metadata?.annotations?.[revisionAnnotation] === revision) return;
    const body = { metadata: { annotations: { [revisionAnnotation]: revision } } };
    await apps.patchNamespacedDeployment({ namespace, name: deployment.metadata?.name ?? '', body }, mergePatch);
  }

  return {
    stop: async () => {
      await Promise.all([deployments.stop(), pods.stop(), queue.stop()]);
    },
  };
}

function specOf(deployment: V1Deployment): { template: V1PodTemplateSpec; strategy: RolloutStrategy } {
  const { template, strategy } = deployment.spec ?? {};
  if (template === undefined) throw new Error('the Deployment has no pod template');
  return {
    template,
    strategy: {
      type: strategy?.type === 'Recreate' ? 'Recreate' : 'RollingUpdate',
      maxSurge: strategy?.rollingUpdate?.maxSurge ?? '25%',
      maxUnavailable: strategy?.rollingUpdate?.maxUnavailable ?? '25%',
    },
  };
}

function viewOf(pod: V1Pod, current: V1ReplicaSet, now: Date, minReadyMilliseconds: number): PodView {
  const condition = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  const ready = condition?.status === 'True';
  const since = condition?.lastTransitionTime?.getTime() ?? 0;
  return {
    name: pod.metadata?.name ?? '',
    updated: pod.metadata?.ownerReferences?.[0]?.uid === current.metadata?.uid,
    ready,
    available: ready && now.getTime() - since >= minReadyMilliseconds,
  };
}

function previousStatus({ status }: V1Deployment): DeploymentStatus {
  const { conditions = [], ...counts } = status ?? {};
  return {
    observedGeneration: counts.observedGeneration ?? 0,
    replicas: counts.replicas ?? 0,
    updatedReplicas: counts.updatedReplicas ?? 0,
    readyReplicas: counts.readyReplicas ?? 0,
    availableReplicas: counts.availableReplicas ?? 0,
    unavailableReplicas: counts.unavailableReplicas ?? 0,
    terminatingReplicas: counts.terminatingReplicas ?? 0,
    conditions: conditions.map(({ type, status, reason = '', message = '', ...times }) => ({
      type,
      status,
      reason,
      message,
      lastUpdateTime: seconds(times.lastUpdateTime),
      lastTransitionTime: seconds(times.lastTransitionTime),
    })),
  };
}

function seconds(time: Date | undefined): string {
  return `${(time ?? new Date(0)).toISOString().slice(0, 19)}Z`;
}

/** Equal templates have equal hashes; ten letters of Kubernetes' "safe" alphabet, which forms no words. */
function templateHash(template: V1PodTemplateSpec): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');
}
