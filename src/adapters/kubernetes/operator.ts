import operatorModule, { type ResourceEvent, type ResourceEventType, type ResourceMeta } from '@dot-i/k8s-operator';
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';
import { finalizer, group, plural, version } from '../../api/names.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import type { MonotonicClock } from '../../engine/ports/clock.ts';
import type { Experiments, FinalizerOutcome, Restored } from '../../engine/ports/experiments.ts';
import type { Log } from '../../engine/ports/log.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { resourcePath } from './objects.ts';
import { type Reflector, startReflector } from './reflector.ts';
import { setFinalizer } from './setFinalizer.ts';
import { trimmed } from './trimmed.ts';
import type { ChangeType, WatchTiming } from './watch.ts';
import { writeStatus } from './writeStatus.ts';

export interface ExperimentOperatorOptions {
  readonly kubeConfig: KubeConfig;
  /** For the same cluster as kubeConfig. */
  readonly api: ApiClient;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Only the experiments of this namespace; absent: of all. */
  readonly namespace?: string;
  /** Hears the key (namespace/name) of every experiment that is there, changes or goes. */
  readonly onChange: (key: string) => void;
  readonly timing?: WatchTiming;
}

/**
 * The operator of MirrorExperiments. Starting, the life of a watched resource and the finalizer protocol are the base
 * class's; what it does when the API server refuses, restarts or goes silent is replaced, because the base class then ends
 * the process or loses what happened.
 */
export class ExperimentOperator extends operatorModule.default implements Experiments {
  readonly #options: ExperimentOperatorOptions;
  readonly #reflectors = new Map<string, Reflector>();

  constructor(options: ExperimentOperatorOptions) {
    super(options.log);
    this.#options = options;
    this.kubeConfig = options.kubeConfig;
    this.k8sApi = options.kubeConfig.makeApiClient(CoreV1Api);
  }

  protected override async init(): Promise<void> {
    const { namespace, onChange } = this.#options;
    await this.watchResource(
      group,
      version,
      plural,
      async ({ meta }) => onChange(`${meta.namespace}/${meta.name}`),
      namespace,
    );
  }

  list(namespace?: string): readonly KubernetesObject[] {
    return this.keys(namespace).flatMap((key) => this.get(key) ?? []);
  }

  keys(namespace?: string): readonly string[] {
    const all = [...(this.#experiments()?.objects.keys() ?? [])];
    return namespace === undefined ? all : all.filter((key) => key.startsWith(`${namespace}/`));
  }

  get(key: string): KubernetesObject | undefined {
    return this.#experiments()?.objects.get(key);
  }

  synced(): boolean {
    return this.#experiments()?.synced() ?? false;
  }

  /** False before the experiments are read, and from a failure of their watch until that goes on. */
  isFollowing(): boolean {
    return this.synced() && (this.#experiments()?.isFollowing() ?? false);
  }

  /** When the API server was last heard of (ms since the epoch); undefined: never. At most 30 s ago while all is well. */
  lastContact(): number | undefined {
    return this.#experiments()?.lastContact();
  }

  /** Ends the watches; resolves when nothing is left that would keep the process alive. */
  override async stop(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
  }

  async withFinalizer(experiment: KubernetesObject, restore: () => Promise<Restored>): Promise<FinalizerOutcome> {
    const event = toEvent('MODIFIED', experiment);
    try {
      const handled = await this.handleResourceFinalizer(event, finalizer, async () => {
        // Only a throw makes the base class keep the finalizer.
        if ((await restore()) === 'pending') throw new Pending();
      });
      return handled ? 'handled' : 'continue';
    } catch (error) {
      if (error instanceof Pending) return 'pending';
      throw error;
    }
  }

  async letGo(experiment: KubernetesObject): Promise<void> {
    await this.setResourceFinalizers(toEvent('MODIFIED', experiment).meta, []);
  }

  protected override getCustomResourceApiUri(g: string, v: string, p: string, namespace?: string): string {
    const cluster = this.kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig has no current cluster: set its current-context');
    return cluster.server.replace(/\/$/, '') + resourcePath(g, v, p, namespace);
  }

  /** Returns when the watch is begun, whether or not the API server is there; see synced(). */
  protected override async watchResource(
    g: string,
    v: string,
    p: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const { api, clock, log, timing } = this.#options;
    const reflector = startReflector({
      api,
      clock,
      log,
      path: resourcePath(g, v, p, namespace),
      keep: trimmed,
      ...(timing !== undefined && { timing }),
      onEvent: (type, object) => {
        onEvent(toEvent(type, object, p)).catch((error: unknown) => {
          const { namespace: home, name, uid } = object.metadata;
          log.error(`an event of ${p} was not handled: ${error}`, { type, namespace: home, experiment: name, uid });
        });
      },
    });
    this.#reflectors.set(resourceId(p, g === '' ? v : `${g}/${v}`), reflector);
  }

  /** Replaces the status of the version in `meta`. Null: the resource is gone. Throws a ClusterError, Conflict when it moved on. */
  override setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#writeStatus('replace', meta, status);
  }

  /** As setResourceStatus, with a JSON Merge Patch of the status. */
  override patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#writeStatus('merge', meta, status);
  }

  async #writeStatus(how: 'replace' | 'merge', meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    try {
      const { api } = this.#options;
      const written = await writeStatus(api, { how, path: pathOf(meta), identity: meta, status });
      return toMeta(written, meta.id);
    } catch (error) {
      if (error instanceof ApiError && error.kind === 'NotFound') return null;
      throw error;
    }
  }

  /**
   * Sets or removes our finalizer, as `finalizers` has it or not. The rest of the list belongs to others, who may have
   * changed it since `finalizers` was read.
   */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const uid = 'uid' in meta && typeof meta.uid === 'string' ? meta.uid : undefined;
    const present = finalizers.includes(finalizer);
    await setFinalizer(this.#options.api, pathOf(meta), { finalizer, present, ...(uid !== undefined && { uid }) });
  }

  #experiments(): Reflector | undefined {
    return this.#reflectors.get(resourceId(plural, `${group}/${version}`));
  }
}

/** Thrown through the base class, which keeps the finalizer when the deletion throws. */
class Pending extends Error {}

/** As the base class names a resource. */
function resourceId(resourcePlural: string, apiVersion: string): string {
  return `${resourcePlural}.${apiVersion}`;
}

/** A copy: the base class changes the object that it is given. */
function toEvent(type: ChangeType, object: KubernetesObject, resourcePlural = plural): ResourceEvent {
  return {
    type: eventTypes[type],
    meta: toMeta(object, resourceId(resourcePlural, object.apiVersion)),
    // JSON as the API server sends it, in particular text where the library's type has Dates, as in the base class.
    object: structuredClone<unknown>(object) as ResourceEvent['object'],
  };
}

const { Added, Modified, Deleted } = operatorModule.ResourceEventType;
const eventTypes: Readonly<Record<ChangeType, ResourceEventType>> = {
  ADDED: Added,
  MODIFIED: Modified,
  DELETED: Deleted,
};

/** With the uid, which tells an object from a later one of the same name. */
function toMeta({ apiVersion, kind, metadata }: KubernetesObject, id: string): ResourceMeta & { uid: string } {
  const { name, namespace, uid, resourceVersion } = metadata;
  return { id, apiVersion, kind, name, namespace, uid, resourceVersion };
}

function pathOf({ id, apiVersion, namespace, name }: ResourceMeta): string {
  const [v = '', g = ''] = apiVersion.split('/').reverse();
  return resourcePath(g, v, id.slice(0, -apiVersion.length - 1), namespace, name);
}
