import { recordAt } from '../../core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { selects } from '../../core/kubernetes/selects.ts';
import { createPack, type Unpack } from '../pack.ts';
import { type MetadataWatchOptions, startMetadataWatch } from './metadataWatch.ts';
import { resourcePath } from './objects.ts';
import { RecentMap } from './recentMap.ts';
import { trimmed } from './trimmed.ts';

export interface KnownPods {
  /** The pods as they are known, or else as `listNow` finds them. */
  list(
    namespace: string,
    labelSelector: string,
    listNow: () => Promise<readonly KubernetesObject[]>,
  ): Promise<readonly KubernetesObject[]>;
  stop(): Promise<void>;
}

interface PodList {
  pods: Unpack<readonly KubernetesObject[]> | undefined;
  names: ReadonlySet<string>;
  /** Counts what may have changed the list since it was first asked for. */
  changes: number;
  /** The count, and the epoch of the watch, when `pods` were asked for. */
  listedAt: number;
  epoch: number | undefined;
}

/** The pods that are asked for, by selector. */
export function createKnownPods(options: MetadataWatchOptions): KnownPods {
  const lists = new Map<string, RecentMap<PodList>>();
  const pack = createPack<readonly KubernetesObject[]>();
  const path = resourcePath('', 'v1', 'pods', options.namespace);
  const watch = startMetadataWatch(options, path, (_type, object) => {
    const { name, namespace } = object.metadata;
    const labels = recordAt(object.metadata, 'labels') ?? {};
    for (const [selector, list] of lists.get(namespace)?.entries() ?? []) {
      if (list.names.has(name) || selects(selector, labels)) list.changes += 1;
    }
  });

  function isCurrent({ pods, changes, listedAt, epoch }: PodList): boolean {
    return pods !== undefined && changes === listedAt && epoch !== undefined && epoch === watch.epoch();
  }

  return {
    list: async (namespace, labelSelector, listNow) => {
      const ofNamespace = lists.get(namespace) ?? new RecentMap<PodList>(options.clock);
      lists.set(namespace, ofNamespace);
      const list = ofNamespace.use(labelSelector, () => {
        return { pods: undefined, names: new Set<string>(), changes: 0, listedAt: 0, epoch: undefined };
      });
      if (list.pods !== undefined && isCurrent(list)) return list.pods();
      const [changes, epoch] = [list.changes, watch.epoch()];
      const pods: readonly KubernetesObject[] = (await listNow()).map(trimmed);
      Object.assign(list, {
        pods: pack(pods),
        names: new Set(pods.map(({ metadata }) => metadata.name)),
        listedAt: changes,
        epoch,
      });
      return pods;
    },
    stop: watch.stop,
  };
}
