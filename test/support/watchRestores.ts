import { type KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node';
import { watchKind } from '../../demo/node/watch.ts';
import { recordAt } from '../../src/core/kubernetes/fields.ts';
import { connectTo } from './kubernetes.ts';
import { isPatched } from './liveLab.ts';

export interface Restores {
  /**
   * Milliseconds from this time, at which the run was over (a verdict, or a deletion) and objects were patched, until one
   * of them was restored, and until all were; undefined: it was not so then.
   */
  after(time: number): { readonly next: number; readonly all: number } | undefined;
  stop(): Promise<void>;
}

/** Follows which objects of a namespace with one experiment are patched, through watches of its own. */
export async function watchRestores(kubeconfig: string, namespace: string): Promise<Restores> {
  const { kubeConfig } = connectTo(kubeconfig);
  const lists = kubeConfig.makeApiClient(KubernetesObjectApi);
  const patched = new Set<string>();
  let isOver = false;
  const states: { readonly at: number; readonly patched: number; readonly isOver: boolean }[] = [];
  const follow = (apiVersion: string, kind: string, path: string, onChange: (object: object, key: string) => void) =>
    watchKind<KubernetesObject>(
      kubeConfig,
      namespace,
      path,
      () => lists.list(apiVersion, kind, namespace),
      (object) => {
        onChange(object, `${kind}/${object.metadata?.name}`);
        states.push({ at: Date.now(), patched: patched.size, isOver });
      },
    );
  const notice = (object: object, key: string): void => {
    if (isPatched({ ...object })) patched.add(key);
    else patched.delete(key);
  };
  const watched = await Promise.all([
    follow('v1', 'ConfigMap', `/api/v1/namespaces/${namespace}/configmaps`, notice),
    follow('apps/v1', 'Deployment', `/apis/apps/v1/namespaces/${namespace}/deployments`, notice),
    follow(
      'mirroring.dev/v1alpha1',
      'MirrorExperiment',
      `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`,
      (object) => {
        const isDeleted = recordAt(object, 'metadata')?.deletionTimestamp !== undefined;
        isOver = isDeleted || recordAt(object, 'status')?.verdict !== undefined;
      },
    ),
  ]);
  return {
    after: (time) => {
      const then = states.findLast(({ at }) => at <= time);
      if (then === undefined || !then.isOver || then.patched === 0) return undefined;
      const later = states.filter(({ at }) => at > time);
      const next = later.find((state) => state.patched < then.patched);
      const all = later.find((state) => state.patched === 0);
      if (next === undefined || all === undefined) return undefined;
      return { next: next.at - time, all: all.at - time };
    },
    stop: async () => {
      await Promise.all(watched.map((each) => each.stop()));
    },
  };
}
