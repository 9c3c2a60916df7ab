import type {
  AppsV1Api,
  CoreV1Api,
  V1Deployment,
  V1OwnerReference,
  V1Pod,
  V1ReplicaSet,
} from '@kubernetes/client-node';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { assignHostPorts } from './hostPorts.ts';
import { isNotFound, randomSuffix, selectorText } from './kubernetes.ts';
import type { PodView, RolloutPlan } from './rollout.ts';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const hashLabel = 'pod-template-hash';
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

export function revisionOf(replicaSet: V1ReplicaSet): number {
  return Number(replicaSet.metadata?.annotations?.[revisionAnnotation] ?? 0);
}

/** The ReplicaSets of Deployments and their pods, in the API. */
export function createReplicaSets(options: {
  readonly apps: AppsV1Api;
  readonly core: CoreV1Api;
  readonly namespace: string;
  readonly nodeName: string;
  readonly hostPorts: boolean;
}) {
  const { apps, core, namespace } = options;

  /** The ReplicaSet of the Deployment's present template, made when there is none, and the Deployment's others. */
  async function ensure(deployment: V1Deployment, hash: string) {
    const labelSelector = selectorText(deployment.spec?.selector.matchLabels ?? {});
    const { items } = await apps.listNamespacedReplicaSet({ namespace, labelSelector });
    const owned = items.filter(({ metadata }) =>
      metadata?.ownerReferences?.some(({ uid }) => uid === deployment.metadata?.uid),
    );
    const name = `${deployment.metadata?.name}-${hash}`;
    const others = owned.filter(({ metadata }) => metadata?.name !== name);
    const revision = String(Math.max(0, ...others.map(revisionOf)) + 1);
    const existing = owned.find(({ metadata }) => metadata?.name === name);
    if (existing === undefined) {
      const body = replicaSetFor(deployment, name, hash, revision);
      return { current: await apps.createNamespacedReplicaSet({ namespace, body }), others };
    }
    if (others.every((other) => revisionOf(other) < revisionOf(existing))) {
      return { current: existing, others };
    }
    // The template of an earlier revision is back: its ReplicaSet becomes the newest.
    const body = { metadata: { annotations: { [revisionAnnotation]: revision } } };
    return { current: await apps.patchNamespacedReplicaSet({ namespace, name, body }, mergePatch), others };
  }

  async function createPod(replicaSet: V1ReplicaSet): Promise<void> {
    const { metadata, spec } = structuredClone(replicaSet.spec?.template ?? {});
    if (spec === undefined) throw new Error('the ReplicaSet has no pod template');
    const annotations = {
      ...metadata?.annotations,
      ...(options.hostPorts && (await assignHostPorts(spec.containers))),
    };
    const name = `${replicaSet.metadata?.name}-${randomSuffix(5)}`;
    const body: V1Pod = {
      metadata: {
        name,
        ...(metadata?.labels && { labels: metadata.labels }),
        annotations,
        ownerReferences: [ownerReference('ReplicaSet', replicaSet)],
      },
      // Plays the scheduler too: there is one node.
      spec: { ...spec, nodeName: options.nodeName },
    };
    await core.createNamespacedPod({ namespace, body });
  }

  async function deletePod(name: string): Promise<void> {
    await core.deleteNamespacedPod({ namespace, name }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  /** Keeps each ReplicaSet's replicas and status as its controller would. */
  async function count(
    all: readonly V1ReplicaSet[],
    views: readonly PodView[],
    pods: readonly V1Pod[],
    plan: RolloutPlan,
  ): Promise<void> {
    for (const [index, replicaSet] of all.entries()) {
      const { name = '', uid, generation } = replicaSet.metadata ?? {};
      const own = new Set(pods.filter((pod) => pod.metadata?.ownerReferences?.[0]?.uid === uid).map(nameOf));
      const members = views.filter((view) => own.has(view.name));
      const wanted =
        members.length - plan.remove.filter((pod) => own.has(pod)).length + (index === 0 ? plan.create : 0);
      let observedGeneration = generation;
      if (replicaSet.spec?.replicas !== wanted) {
        const scaled = await apps.patchNamespacedReplicaSet(
          { namespace, name, body: { spec: { replicas: wanted } } },
          mergePatch,
        );
        observedGeneration = scaled.metadata?.generation;
      }
      const status = {
        observedGeneration,
        replicas: members.length,
        fullyLabeledReplicas: members.length,
        readyReplicas: members.filter(({ ready }) => ready).length,
        availableReplicas: members.filter(({ available }) => available).length,
      };
      if (Object.entries(status).every(([field, value]) => statusField(replicaSet, field) === value)) continue;
      await apps.patchNamespacedReplicaSetStatus({ namespace, name, body: { status } }, mergePatch);
    }
  }

  /** Names of the Deployments that own ReplicaSets. */
  async function owners(): Promise<string[]> {
    const { items } = await apps.listNamespacedReplicaSet({ namespace });
    return items.flatMap((item) => deploymentOwners(item).map(({ name }) => name));
  }

  /** Deletes ReplicaSets, and their pods, whose Deployment of this name is gone. @param existing of the same name. */
  async function collectGarbage(deployment: string, existing: V1Deployment | undefined): Promise<void> {
    const uid = existing?.metadata?.uid;
    // Those that an existing one could take for its own are among those that its selector matches.
    const { items } = await apps.listNamespacedReplicaSet({
      namespace,
      ...(existing && { labelSelector: selectorText(existing.spec?.selector.matchLabels ?? {}) }),
    });
    for (const replicaSet of items) {
      if (!deploymentOwners(replicaSet).some((owner) => owner.name === deployment && owner.uid !== uid)) continue;
      const pods = await core.listNamespacedPod({
        namespace,
        labelSelector: selectorText(replicaSet.spec?.selector.matchLabels ?? {}),
      });
      await Promise.all(pods.items.map((pod) => deletePod(nameOf(pod))));
      await apps.deleteNamespacedReplicaSet({ namespace, name: replicaSet.metadata?.name ?? '' });
    }
  }

  return { ensure, createPod, deletePod, count, owners, collectGarbage };
}

function replicaSetFor(deployment: V1Deployment, name: string, hash: string, revision: string): V1ReplicaSet {
  const template = structuredClone(deployment.spec?.template ?? {});
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  template.metadata = { ...template.metadata, labels };
  return {
    metadata: {
      name,
      labels,
      annotations: { [revisionAnnotation]: revision },
      ownerReferences: [ownerReference('Deployment', deployment)],
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: { ...deployment.spec?.selector.matchLabels, [hashLabel]: hash } },
      template,
    },
  };
}

function ownerReference(kind: string, owner: V1Deployment | V1ReplicaSet): V1OwnerReference {
  const { name = '', uid = '' } = owner.metadata ?? {};
  return { apiVersion: 'apps/v1', kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function deploymentOwners(replicaSet: V1ReplicaSet): V1OwnerReference[] {
  return (replicaSet.metadata?.ownerReferences ?? []).filter(({ kind }) => kind === 'Deployment');
}

function statusField({ status }: V1ReplicaSet, field: string): unknown {
  // The API leaves zeros out.
  return Object.entries(status ?? {}).find(([name]) => name === field)?.[1] ?? 0;
}

function nameOf(pod: V1Pod): string {
  return pod.metadata?.name ?? '';
}
