import type { KubernetesObject } from './object.ts';

/**
 * What is computed of an object, kept for as long as the object is: one that does not change is looked at again and again,
 * and hashing a large configuration takes milliseconds. Only of frozen objects; of others it is computed each time.
 */
export function perObject<T>(compute: (object: KubernetesObject) => T): (object: KubernetesObject) => T {
  const known = new WeakMap<KubernetesObject, { readonly value: T }>();
  return (object) => {
    if (!Object.isFrozen(object)) return compute(object);
    const entry = known.get(object) ?? { value: compute(object) };
    known.set(object, entry);
    return entry.value;
  };
}
