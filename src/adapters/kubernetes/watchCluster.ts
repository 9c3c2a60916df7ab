import type { KubernetesObject, ObjectRef } from '../../core/kubernetes/object.ts';
import { isAtLeast } from '../../core/kubernetes/resourceVersion.ts';
import type { Cluster, KnownObjects } from '../../engine/ports/cluster.ts';
import { deepFreeze } from '../deepFreeze.ts';
import { createKnownCollection, type KnownCollection } from './knownCollection.ts';
import { createKnownPods, type KnownPods } from './knownPods.ts';
import type { MetadataWatchOptions } from './metadataWatch.ts';
import { RecentMap } from './recentMap.ts';
import { trimmed } from './trimmed.ts';

export interface WatchClusterOptions extends MetadataWatchOptions {
  readonly cluster: Cluster;
  /** A copy of the experiments that follows them. */
  readonly experiments: {
    get(key: string): KubernetesObject | undefined;
    isFollowing(): boolean;
  };
}

export interface WatchedCluster {
  /** The cluster itself: reads what is there now. What it reads and writes is known from then on. */
  readonly cluster: Cluster;
  readonly known: KnownObjects;
  /** Ends the watches; resolves when nothing is left of them. What is read from then on is read from the cluster. */
  stop(): Promise<void>;
}

/**
 * Reads an object once, and again when the watch of its kind says that it has changed. Of all objects but the experiments
 * only metadata is watched, so that nothing is transferred or kept of objects that nobody has asked for, and the memory that
 * is held is that of the objects in use. While the watch of a kind does not work, everything of that kind is read each time.
 *
 * What is known may lag behind by what its watch lags behind (30 s when the connection has gone silent), but never behind
 * what `cluster` has read or written. It is frozen, and without managedFields.
 */
export function watchCluster(options: WatchClusterOptions): WatchedCluster {
  const { cluster, experiments } = options;
  const collections = new Map<string, KnownCollection>();
  /** Experiments as our last write has left them, until their copy has caught up. */
  const written = new RecentMap<KubernetesObject>(options.clock);
  let pods: KnownPods | undefined;
  let isStopped = false;

  function collectionOf({ kind }: ObjectRef): Pick<KnownCollection, 'read' | 'learn'> {
    // Work in hand may still read: a watch that began now would never end.
    if (isStopped) return UNWATCHED;
    const collection = collections.get(kind) ?? createKnownCollection(options, kind as ObjectRef['kind']);
    collections.set(kind, collection);
    return collection;
  }

  function knownExperiment(key: string): KubernetesObject | undefined {
    const [copy, own] = [experiments.get(key), written.peek(key)];
    if (copy !== undefined && own !== undefined && !isAtLeast(versionOf(copy), versionOf(own))) return own;
    written.delete(key);
    return copy;
  }

  return {
    known: {
      read: async (ref) => {
        if (ref.kind !== 'MirrorExperiment') return collectionOf(ref).read(ref, () => cluster.read(ref));
        return experiments.isFollowing() ? knownExperiment(`${ref.namespace}/${ref.name}`) : cluster.read(ref);
      },
      listPods: (namespace, labelSelector) => {
        const listNow = () => cluster.listPods(namespace, labelSelector);
        if (isStopped) return listNow();
        pods ??= createKnownPods(options);
        return pods.list(namespace, labelSelector, listNow);
      },
    },
    cluster: {
      ...cluster,
      read: (ref) =>
        ref.kind === 'MirrorExperiment' ? cluster.read(ref) : collectionOf(ref).learn(ref, () => cluster.read(ref)),
      patch: (ref, resourceVersion, operations) =>
        collectionOf(ref).learn(ref, () => cluster.patch(ref, resourceVersion, operations)),
      writeStatus: async (ref, resourceVersion, status) => {
        const object = await cluster.writeStatus(ref, resourceVersion, status);
        written.set(`${ref.namespace}/${ref.name}`, deepFreeze(trimmed(object)));
        return object;
      },
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([pods?.stop(), ...[...collections.values()].map((collection) => collection.stop())]);
    },
  };
}

const UNWATCHED: Pick<KnownCollection, 'read' | 'learn'> = {
  read: (_, readNow) => readNow(),
  learn: (_, call) => call(),
};

function versionOf({ metadata }: KubernetesObject): string {
  return metadata.resourceVersion;
}
