import { isRecord, recordAt, recordsAt, stringAt } from '../src/core/kubernetes/fields.ts';
import type { Cluster } from './cluster.ts';

/** Kinds without a namespace of which an installation has objects. */
const CLUSTER_KINDS = [
  'namespaces',
  'customresourcedefinitions',
  'clusterroles',
  'clusterrolebindings',
  'priorityclasses',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'apiservices',
];

/** Names of all objects without a namespace that an installation could leave behind, as kind/name. */
export async function clusterObjects(cluster: Cluster): Promise<ReadonlySet<string>> {
  const output = await cluster.kubectl(['get', CLUSTER_KINDS.join(','), '-o', 'name']);
  return new Set(output.split('\n').filter((line) => line !== ''));
}

/**
 * What the operator has left in the cluster, in words: objects that were not there before (but for those of the lab's own
 * namespaces), and its marks on objects of others.
 */
export async function leftovers(
  cluster: Cluster,
  before: ReadonlySet<string>,
  ownNamespaces: readonly string[],
): Promise<readonly string[]> {
  const own = new Set(ownNamespaces.map((name) => `namespace/${name}`));
  const added = [...(await clusterObjects(cluster))].filter((name) => !before.has(name) && !own.has(name));
  const kinds =
    'configmaps,secrets,deployments,daemonsets,statefulsets,replicasets,jobs,cronjobs,pods,leases,clusterroles';
  const items = recordsAt(await cluster.get(kinds, '--all-namespaces'), 'items');
  return [...added, ...items.flatMap(marks)];
}

/** The operator's annotations, finalizers and rules on one object. */
export function marks(object: unknown): readonly string[] {
  const metadata = recordAt(object, 'metadata');
  const namespace = stringAt(metadata, 'namespace');
  const kind = isRecord(object) ? String(object.kind) : '';
  const name = `${kind} ${namespace === undefined ? '' : `${namespace}/`}${stringAt(metadata, 'name') ?? ''}`;
  const ours = (text: string) => text.includes('mirroring.dev');
  const template = recordAt(recordAt(recordAt(object, 'spec'), 'template'), 'metadata');
  const finalizers: unknown = metadata?.finalizers;
  return [
    // The history of revisions repeats the pod templates of the past.
    ...(kind === 'ReplicaSet' ? [] : [metadata, template]).flatMap((each) =>
      Object.keys(recordAt(each, 'annotations') ?? {})
        .filter(ours)
        .map((key) => `${name}: annotation ${key}`),
    ),
    ...(Array.isArray(finalizers) ? finalizers.map(String).filter(ours) : []).map(
      (each) => `${name}: finalizer ${each}`,
    ),
    ...(name.endsWith('-evidence') && kind === 'ConfigMap' ? [`${name}: evidence`] : []),
    ...recordsAt(object, 'rules')
      .filter((rule) => JSON.stringify(rule.apiGroups ?? []).includes('mirroring.dev'))
      .map(() => `${name}: a rule for mirroring.dev`),
  ];
}
