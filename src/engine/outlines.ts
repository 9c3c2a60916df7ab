import type { KubernetesObject } from '../core/kubernetes/object.ts';
import { type Outline, outlineOf } from '../core/lifecycle/outline.ts';

/** The outlines of all experiments. Keys are `namespace/name`. */
export interface Outlines {
  /**
   * To be called with every version of an experiment, and with undefined when it is gone. True when it is news: the
   * operator's own writes (status, finalizer) come back as well, and only what others decide (a new or changed spec, a
   * deletion) makes an experiment due before its time.
   */
  update(key: string, object: KubernetesObject | undefined): boolean;
  get(key: string): Outline | undefined;
  entries(): Iterable<readonly [string, Outline]>;
}

export function createOutlines(): Outlines {
  const outlines = new Map<string, Outline>();
  return {
    update: (key, object) => {
      if (object === undefined) {
        outlines.delete(key);
        return false;
      }
      const before = outlines.get(key);
      const outline = outlineOf(object);
      outlines.set(key, outline);
      return before?.revision !== outline.revision;
    },
    get: (key) => outlines.get(key),
    entries: () => outlines.entries(),
  };
}
