import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { deepFreeze } from '../deepFreeze.ts';
import { listAll } from './listAll.ts';
import { PackedObjects } from './packedObjects.ts';
import { type ChangeType, startWatch, type Watch, type WatchOptions } from './watch.ts';

export interface ReflectorOptions extends Omit<WatchOptions, 'begin' | 'metadataOnly'> {
  readonly onEvent: (type: ChangeType, object: KubernetesObject) => void;
  /** What is kept of an object; default: all of it. */
  readonly keep?: (object: KubernetesObject) => KubernetesObject;
}

/** A copy of a collection that follows it. */
export interface Reflector extends Watch {
  /** The objects by namespace/name; frozen. */
  readonly objects: Pick<PackedObjects, 'get' | 'has' | 'keys' | 'size'>;
  /** True from the first complete list on. */
  synced(): boolean;
}

/**
 * Lists, then watches from there, for ever. When the watch begins anew everything is listed again, which also tells what was
 * deleted meanwhile.
 */
export function startReflector({ onEvent, keep = (object) => object, ...options }: ReflectorOptions): Reflector {
  const objects = new PackedObjects();
  let synced = false;

  async function relist(signal: AbortSignal): Promise<string> {
    const list = await listAll(options.api, options.path, signal);
    const found = new Map(list.items.map((object) => [keyOf(object), keep(object)]));
    const known = new Set(objects.keys());
    const gone = [...known].filter((key) => !found.has(key)).flatMap((key) => objects.get(key) ?? []);
    const changed = [...found].filter(([key, object]) => objects.resourceVersionOf(key) !== versionOf(object));
    // The copy is complete before anybody hears of a change.
    for (const object of gone) objects.delete(keyOf(object));
    for (const [key, object] of changed) objects.set(key, object);
    synced = true;
    for (const object of gone) onEvent('DELETED', object);
    for (const [key, object] of changed) onEvent(known.has(key) ? 'MODIFIED' : 'ADDED', object);
    return list.resourceVersion;
  }

  const watch = startWatch({
    ...options,
    begin: relist,
    onEvent: (type, object) => {
      const changed = deepFreeze(keep(object));
      if (type === 'DELETED') objects.delete(keyOf(changed));
      else objects.set(keyOf(changed), changed);
      onEvent(type, changed);
    },
  });
  return { ...watch, objects, synced: () => synced };
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function versionOf({ metadata }: KubernetesObject): string {
  return metadata.resourceVersion;
}
