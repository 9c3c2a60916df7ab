import { group, plural, version } from '../../api/names.ts';
import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject, ObjectRef, TargetKind } from '../../core/kubernetes/object.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';

/**
 * Path of a collection, or of one object in it, below the server's address.
 * @throws ClusterError NotFound for what no object can be called: it would lead to another path
 */
export function resourcePath(
  group: string,
  version: string,
  plural: string,
  namespace?: string,
  name?: string,
): string {
  const parts = [group === '' ? '/api' : `/apis/${group}`, version];
  if (namespace !== undefined) parts.push('namespaces', segment(namespace));
  parts.push(plural);
  if (name !== undefined) parts.push(segment(name));
  return parts.join('/');
}

/** As client-go: an API server decodes a path before it takes it apart, and dots lead upwards. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..' || /[/%\\]/.test(name)) {
    throw new ClusterError('NotFound', `no object can have the name ${JSON.stringify(name.slice(0, 100))}`);
  }
  return encodeURIComponent(name);
}

const targets: Readonly<Record<TargetKind, readonly [group: string, version: string, plural: string]>> = {
  MirrorExperiment: [group, version, plural],
  ConfigMap: ['', 'v1', 'configmaps'],
  Service: ['', 'v1', 'services'],
  Deployment: ['apps', 'v1', 'deployments'],
  DaemonSet: ['apps', 'v1', 'daemonsets'],
  StatefulSet: ['apps', 'v1', 'statefulsets'],
};

/** Path of all objects of a kind, of one namespace when it is given. */
export function collectionPath(kind: TargetKind, namespace: string | undefined): string {
  return resourcePath(...targets[kind], namespace);
}

export function targetPath({ kind, namespace, name }: ObjectRef): string {
  return resourcePath(...targets[kind], namespace, name);
}

/** Checks what every namespaced object of an API server has. Throws a ClusterError of kind Unavailable. */
export function toKubernetesObject(value: unknown): KubernetesObject {
  if (!isKubernetesObject(value)) {
    throw new ClusterError('Unavailable', 'the answer is not a Kubernetes object; is this the API server?');
  }
  return value;
}

function isKubernetesObject(value: unknown): value is KubernetesObject {
  if (!isRecord(value) || typeof value.apiVersion !== 'string' || typeof value.kind !== 'string') return false;
  const metadata = value.metadata;
  if (!isRecord(metadata)) return false;
  return ['name', 'namespace', 'uid', 'resourceVersion'].every((field) => typeof metadata[field] === 'string');
}
