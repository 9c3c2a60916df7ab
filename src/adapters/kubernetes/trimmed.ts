import type { KubernetesObject } from '../../core/kubernetes/object.ts';

/**
 * The object without who has written which field and what kubectl has applied last: of most objects the larger part, and of
 * no use but for a write, which reads the object anew.
 */
export function trimmed(object: KubernetesObject): KubernetesObject {
  const { managedFields: _m, annotations, ...metadata } = object.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _a, ...kept } = annotations ?? {};
  return { ...object, metadata: { ...metadata, ...(annotations !== undefined && { annotations: kept }) } };
}
