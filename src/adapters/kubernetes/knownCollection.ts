import type { KubernetesObject, ObjectRef, TargetKind } from '../../core/kubernetes/object.ts';
import { isAtLeast } from '../../core/kubernetes/resourceVersion.ts';
import { createPack, type Unpack } from '../pack.ts';
import { type MetadataWatchOptions, startMetadataWatch } from './metadataWatch.ts';
import { collectionPath } from './objects.ts';
import { RecentMap } from './recentMap.ts';
import { trimmed } from './trimmed.ts';

export interface KnownCollection {
  /** The object as it is known, or else as `readNow` finds it. */
  read(ref: ObjectRef, readNow: () => Promise<KubernetesObject | undefined>): Promise<KubernetesObject | undefined>;
  /** Passes on what a read or write of the object returns, and knows it from then on. */
  learn<T extends KubernetesObject | undefined>(ref: ObjectRef, call: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

interface Entry {
  object: Known | undefined;
  /** The newest version that the watch has told of since the object was first asked for. */
  told: string | undefined;
  /** Of the watch, when the object was read or last told of in this version. */
  epoch: number | undefined;
}

interface Known {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly unpack: Unpack<KubernetesObject>;
}

/** The objects of one kind that are asked for. */
export function createKnownCollection(options: MetadataWatchOptions, kind: TargetKind): KnownCollection {
  const entries = new RecentMap<Entry>(options.clock);
  const pack = createPack<KubernetesObject>();
  const path = collectionPath(kind, options.namespace);
  const watch = startMetadataWatch(options, path, (type, { metadata }) => {
    const entry = entries.peek(`${metadata.namespace}/${metadata.name}`);
    if (entry === undefined) return;
    const { resourceVersion } = metadata;
    if (type !== 'DELETED' && entry.object?.resourceVersion === resourceVersion) entry.epoch = watch.epoch();
    if (entry.told === undefined || !isAtLeast(entry.told, resourceVersion)) entry.told = resourceVersion;
    if (!isCurrent(entry)) options.onChange?.({ kind, namespace: metadata.namespace, name: metadata.name });
  });

  /** From here on what the watch tells of the object counts. */
  function entryOf({ namespace, name }: ObjectRef): Entry {
    return entries.use(`${namespace}/${name}`, () => ({ object: undefined, told: undefined, epoch: undefined }));
  }

  function isCurrent({ object, told, epoch }: Entry): boolean {
    if (object === undefined || epoch === undefined || epoch !== watch.epoch()) return false;
    return told === undefined || isAtLeast(object.resourceVersion, told);
  }

  async function learn<T extends KubernetesObject | undefined>(ref: ObjectRef, call: () => Promise<T>): Promise<T> {
    const entry = entryOf(ref);
    const epoch = watch.epoch();
    const object = await call();
    const isNewest =
      object !== undefined &&
      (entry.object === undefined ||
        entry.object.uid !== object.metadata.uid ||
        isAtLeast(object.metadata.resourceVersion, entry.object.resourceVersion));
    if (object === undefined) entry.object = undefined;
    else if (isNewest) {
      const { uid, resourceVersion } = object.metadata;
      entry.object = { uid, resourceVersion, unpack: pack(trimmed(object)) };
      entry.epoch = epoch;
    }
    return object;
  }

  return {
    learn,
    read: async (ref, readNow) => {
      const entry = entryOf(ref);
      return isCurrent(entry) ? entry.object?.unpack() : learn(ref, readNow);
    },
    stop: watch.stop,
  };
}
