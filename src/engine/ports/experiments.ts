import type { KubernetesObject } from '../../core/kubernetes/object.ts';

/**
 * The experiments of the cluster, from a cache that follows them. An object here is frozen, and the same object (`===`) until
 * the experiment changes or nobody holds it any more: it is kept as text, and read anew when it is asked for again. Keys are
 * `namespace/name`.
 */
export interface Experiments {
  /** All experiments, of one namespace when it is given. Complete once synced() is true. */
  list(namespace?: string): readonly KubernetesObject[];
  get(key: string): KubernetesObject | undefined;
  keys(namespace?: string): readonly string[];
  /** False until all experiments have been read once: before, a missing one means nothing. */
  synced(): boolean;
  /**
   * Keeps an experiment until its run is restored. To be called first in every reconcile of an experiment that exists; work
   * on it only when the answer is `continue`.
   *
   * - not deleted, without our finalizer: sets it. `handled`: the experiment changes by that and comes again.
   * - not deleted, with it: `continue`.
   * - deleted, with it: calls `restore`. When that returns `restored`, removes our finalizer: `handled`, the experiment goes.
   *   When it returns `pending`, or throws, the finalizer stays: `pending`, call again soon; what it throws is passed on.
   * - deleted, without it: `handled`.
   *
   * Others' finalizers are never touched. Throws a ClusterError.
   */
  withFinalizer(experiment: KubernetesObject, restore: () => Promise<Restored>): Promise<FinalizerOutcome>;
  /** Removes our finalizer from an experiment that is not deleted; withFinalizer sets it again. Throws a ClusterError. */
  letGo(experiment: KubernetesObject): Promise<void>;
}

export type Restored = 'restored' | 'pending';
export type FinalizerOutcome = 'continue' | 'handled' | 'pending';
