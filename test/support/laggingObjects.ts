import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import type { KnownObjects } from '../../src/engine/ports/cluster.ts';
import type { MemoryCluster } from './memoryCluster.ts';

/**
 * What an operator knows of a cluster whose watches lag behind by up to `lagMilliseconds` of simulated time, but never
 * behind its own writes: those are all that go through `patch` and `writeStatus`.
 */
export function laggingObjects(
  cluster: MemoryCluster,
  now: () => number,
  lagMilliseconds: number,
): KnownObjects & { readonly stale: () => number } {
  const copies = new Map<string, { readonly object: KubernetesObject | undefined; readonly at: number }>();
  const lists = new Map<string, { readonly pods: readonly KubernetesObject[]; readonly at: number }>();
  let stale = 0;
  const patch = cluster.patch.bind(cluster);
  cluster.patch = async (ref, ...rest) => {
    const object = await patch(ref, ...rest);
    copies.set(`${ref.kind}/${ref.namespace}/${ref.name}`, { object, at: now() });
    return object;
  };
  const writeStatus = cluster.writeStatus.bind(cluster);
  cluster.writeStatus = async (ref, ...rest) => {
    const object = await writeStatus(ref, ...rest);
    copies.set(`MirrorExperiment/${ref.namespace}/${ref.name}`, { object, at: now() });
    return object;
  };
  const isFresh = ({ at }: { readonly at: number }) => now() - at <= lagMilliseconds;
  return {
    read: async ({ kind, namespace, name }) => {
      const key = `${kind}/${namespace}/${name}`;
      const is = cluster.get(kind, namespace, name);
      const copy = copies.get(key);
      if (copy !== undefined && isFresh(copy)) {
        if (copy.object?.metadata.resourceVersion !== is?.metadata.resourceVersion) stale += 1;
        return structuredClone(copy.object);
      }
      copies.set(key, { object: is, at: now() });
      return structuredClone(is);
    },
    listPods: async (namespace, labelSelector) => {
      const key = `${namespace} ${labelSelector}`;
      const known = lists.get(key);
      if (known !== undefined && isFresh(known)) return known.pods;
      const pods = await cluster.listPods(namespace, labelSelector);
      lists.set(key, { pods, at: now() });
      return pods;
    },
    /** Reads so far that returned what was no longer so. */
    stale: () => stale,
  };
}
