import { group, plural, version } from '../../api/names.ts';
import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject, ObjectRef, TargetKind } from '../../core/kubernetes/object.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';

/** Path of a collection, or of one object in it, below the server's address. */
export function resourcePath(
  group: string,
  version: string,
  plural: string,
  namespace?: string,
  name?: string,
): string {
  const parts = [group === '' ? '/api' : `/apis/${group}`, version];
  if (namespace !== undefined) parts.push('namespaces', encodeURIComponent(namespace));
  parts.push(plural);
  if (name !== undefined) parts.push(encodeURIComponent(name));
  return parts.join('/');
}

const targets: Readonly<Record<TargetKind, readonly [group: string, version: string, plural: string]>> = {
  MirrorExperiment: [group, version, plural],
  ConfigMap: ['', 'v1', 'configmaps'],
  Service: ['', 'v1', 'services'],
  Deployment: ['apps', 'v1', 'deployments'],
  DaemonSet: ['apps', 'v1', 'daemonsets'],
  StatefulSet: ['apps', 'v1', 'statefulsets'],
};

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
