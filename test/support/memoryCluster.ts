import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import type { KubernetesObject, ObjectRef } from '../../src/core/kubernetes/object.ts';
import {
  type Cluster,
  ClusterError,
  type ExperimentEvent,
  type ExperimentRef,
} from '../../src/engine/ports/cluster.ts';
import type { FinalizerOutcome, Restored } from '../../src/engine/ports/experiments.ts';
import { applyJsonPatch } from './jsonPatch.ts';

/** Thrown instead of a write, or after it, to end the operator at that point. */
export class Killed extends Error {}

/**
 * An API server in memory, for the life cycle in simulated time: resource versions, generations, optimistic locking, the
 * status subresource and finalizers. The controllers of Deployments are played by `settle`.
 */
export class MemoryCluster implements Cluster {
  readonly objects = new Map<string, KubernetesObject>();
  readonly events: ExperimentEvent[] = [];
  /** Writes so far, and where the operator is to be killed. */
  writes = 0;
  killAt: { write: number; when: 'before' | 'after' } | undefined;
  /** Errors to answer writes to an object with, by kind/name. */
  readonly refuses = new Map<string, ClusterError>();
  /** Errors to answer reads of an object with, by kind/name. */
  readonly refusesReads = new Map<string, ClusterError>();
  /** The error to answer with when pods are listed. */
  refusesPods: ClusterError | undefined;
  #version = 0;

  put(
    object: Omit<KubernetesObject, 'metadata'> & {
      metadata: Record<string, unknown> & { name: string; namespace: string };
    },
  ): void {
    const stored = {
      ...object,
      metadata: {
        uid: `uid-${object.kind}-${object.metadata.name}`,
        generation: 1,
        ...object.metadata,
        resourceVersion: this.#next(),
      },
    } as KubernetesObject;
    this.objects.set(keyOf(stored.kind, stored.metadata.namespace, stored.metadata.name), stored);
  }

  get(kind: string, namespace: string, name: string): KubernetesObject | undefined {
    return structuredClone(this.objects.get(keyOf(kind, namespace, name)));
  }

  remove(kind: string, namespace: string, name: string): void {
    this.objects.delete(keyOf(kind, namespace, name));
  }

  list(kind: string): readonly KubernetesObject[] {
    return [...this.objects.values()].filter((object) => object.kind === kind).map((object) => structuredClone(object));
  }

  /** Changes an object as somebody else would. */
  edit(kind: string, namespace: string, name: string, change: (object: Record<string, unknown>) => void): void {
    const object = this.get(kind, namespace, name);
    if (object === undefined) throw new Error(`no ${kind} ${name}`);
    const copy = structuredClone(object) as unknown as Record<string, unknown>;
    change(copy);
    this.#store(copy as unknown as KubernetesObject, object);
  }

  async read(ref: ObjectRef): Promise<KubernetesObject | undefined> {
    const refusal = this.refusesReads.get(`${ref.kind}/${ref.name}`);
    if (refusal !== undefined) throw refusal;
    return this.get(ref.kind, ref.namespace, ref.name);
  }

  /** Of equality terms only, which is what the lab's selectors have. */
  async listPods(namespace: string, labelSelector: string): Promise<readonly KubernetesObject[]> {
    if (this.refusesPods !== undefined) throw this.refusesPods;
    const terms = labelSelector.split(',').map((term) => term.split('='));
    return this.list('Pod').filter(({ metadata }) => {
      const { labels = {} } = metadata as { readonly labels?: Record<string, string> };
      return metadata.namespace === namespace && terms.every(([name = '', value]) => labels[name] === value);
    });
  }

  async patch(
    ref: ObjectRef,
    resourceVersion: string,
    operations: Parameters<Cluster['patch']>[2],
  ): Promise<KubernetesObject> {
    const refusal = this.refuses.get(`${ref.kind}/${ref.name}`);
    if (refusal !== undefined) throw refusal;
    const object = this.get(ref.kind, ref.namespace, ref.name);
    if (object === undefined) throw new ClusterError('NotFound', `${ref.kind} ${ref.name} not found`);
    if (object.metadata.resourceVersion !== resourceVersion)
      throw new ClusterError('Conflict', 'the object has been modified');
    return this.#write(() => this.#store(applyJsonPatch(object, operations), object));
  }

  async createConfigMap(configMap: Parameters<Cluster['createConfigMap']>[0]): Promise<void> {
    const { name, namespace } = configMap.metadata;
    const refusal = this.refuses.get(`ConfigMap/${name}`);
    if (refusal !== undefined) throw refusal;
    if (this.get('ConfigMap', namespace, name) !== undefined) throw new ClusterError('Conflict', 'already exists');
    this.#write(() => this.put({ apiVersion: 'v1', kind: 'ConfigMap', ...structuredClone(configMap) }));
  }

  async writeStatus(
    ref: ExperimentRef,
    resourceVersion: string,
    status: MirrorExperimentStatus,
  ): Promise<KubernetesObject> {
    const object = this.get('MirrorExperiment', ref.namespace, ref.name);
    if (object === undefined) throw new ClusterError('NotFound', 'not found');
    if (object.metadata.resourceVersion !== resourceVersion)
      throw new ClusterError('Conflict', 'the object has been modified');
    return this.#write(() => this.#store({ ...object, status: JSON.parse(JSON.stringify(status)) }, object));
  }

  async recordEvent(_ref: ExperimentRef, event: ExperimentEvent): Promise<void> {
    this.events.push(event);
  }

  /** The finalizer, as @dot-i/k8s-operator handles it. */
  async withFinalizer(
    object: KubernetesObject,
    restore: () => Promise<Restored>,
    guarded: (write: () => Promise<void>) => Promise<void> = (write) => write(),
  ): Promise<FinalizerOutcome> {
    const { namespace, name } = object.metadata;
    const metadata = object.metadata as unknown as { finalizers?: string[]; deletionTimestamp?: string };
    if (metadata.deletionTimestamp !== undefined) {
      if (metadata.finalizers?.includes(FINALIZER)) {
        if ((await restore()) === 'pending') return 'pending';
        await guarded(async () => this.#write(() => this.remove('MirrorExperiment', namespace, name)));
      }
      return 'handled';
    }
    if (metadata.finalizers?.includes(FINALIZER)) return 'continue';
    await guarded(async () =>
      this.#write(() =>
        this.edit('MirrorExperiment', namespace, name, (each) => {
          const { finalizers = [] } = each.metadata as { finalizers?: string[] };
          (each.metadata as { finalizers?: string[] }).finalizers = [...finalizers, FINALIZER];
        }),
      ),
    );
    return 'handled';
  }

  async letGo(
    object: KubernetesObject,
    guarded: (write: () => Promise<void>) => Promise<void> = (write) => write(),
  ): Promise<void> {
    const { namespace, name } = object.metadata;
    await guarded(async () =>
      this.#write(() =>
        this.edit('MirrorExperiment', namespace, name, (each) => {
          const { finalizers = [] } = each.metadata as { finalizers?: string[] };
          (each.metadata as { finalizers?: string[] }).finalizers = finalizers.filter((other) => other !== FINALIZER);
        }),
      ),
    );
  }

  /** Lets every controller finish its rollout; `stuck` names Deployments that never become available. */
  settle(stuck: readonly string[] = []): void {
    for (const object of this.objects.values()) {
      if (object.kind !== 'Deployment') continue;
      const replicas = (object.spec as { replicas?: number }).replicas ?? 1;
      const done = !stuck.includes(object.metadata.name);
      const status = {
        observedGeneration: object.metadata.generation,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: done ? replicas : 0,
        availableReplicas: done ? replicas : 0,
      };
      this.objects.set(keyOf(object.kind, object.metadata.namespace, object.metadata.name), { ...object, status });
    }
  }

  #write<T>(write: () => T): T {
    this.writes += 1;
    const kill = this.killAt?.write === this.writes ? this.killAt.when : undefined;
    if (kill === 'before') throw new Killed();
    const written = write();
    if (kill === 'after') throw new Killed();
    return written;
  }

  #store(object: KubernetesObject, before: KubernetesObject): KubernetesObject {
    const changed = JSON.stringify(object.spec) !== JSON.stringify(before.spec);
    const generation = (before.metadata.generation ?? 1) + (changed ? 1 : 0);
    const stored = { ...object, metadata: { ...object.metadata, generation, resourceVersion: this.#next() } };
    this.objects.set(keyOf(stored.kind, stored.metadata.namespace, stored.metadata.name), stored);
    return structuredClone(stored);
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }
}

const FINALIZER = 'mirroring.dev/restore';

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}
