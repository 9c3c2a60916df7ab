import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { createPack, type Unpack } from '../pack.ts';

/** Many objects by namespace/name, of which few are looked at at any time; frozen, and kept small. */
export class PackedObjects {
  readonly #pack = createPack<KubernetesObject>();
  readonly #entries = new Map<
    string,
    { readonly resourceVersion: string; readonly unpack: Unpack<KubernetesObject> }
  >();

  get size(): number {
    return this.#entries.size;
  }

  keys(): Iterable<string> {
    return this.#entries.keys();
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  resourceVersionOf(key: string): string | undefined {
    return this.#entries.get(key)?.resourceVersion;
  }

  /** The same object (`===`) for as long as it does not change and somebody holds it. */
  get(key: string): KubernetesObject | undefined {
    return this.#entries.get(key)?.unpack();
  }

  set(key: string, object: KubernetesObject): void {
    this.#entries.set(key, { resourceVersion: object.metadata.resourceVersion, unpack: this.#pack(object) });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
