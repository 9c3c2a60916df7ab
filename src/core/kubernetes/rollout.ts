import { numberAt, recordAt, recordsAt, stringAt } from './fields.ts';
import type { KubernetesObject } from './object.ts';

/**
 * How far a workload's controller is with the pod template that the object has now. `failed` is what the controller
 * itself says (a Deployment's ProgressDeadlineExceeded); it can still recover, but nothing is gained by waiting for it.
 */
export type Rollout =
  | { readonly state: 'complete' }
  | { readonly state: 'progressing'; readonly message: string }
  | { readonly state: 'failed'; readonly message: string };

/** Rollout of a Deployment, DaemonSet or StatefulSet, by the rules of `kubectl rollout status`: its new pods serve. */
export function rolloutOf(workload: KubernetesObject): Rollout {
  const status = recordAt(workload, 'status') ?? {};
  const seen = numberAt(status, 'observedGeneration') ?? 0;
  if (seen < (workload.metadata.generation ?? 0))
    return progressing(workload, 'its controller has not seen the change yet');
  if (workload.kind === 'DaemonSet') return daemonSetRollout(workload, status);
  if (workload.kind === 'StatefulSet') return statefulSetRollout(workload, status);
  return deploymentRollout(workload, status);
}

/**
 * The rollout, complete only when the last old pod has ended: `kubectl rollout status` does not wait for those that are being
 * deleted, and they serve the connections that they have until then. Deployments tell of them from Kubernetes 1.35 on
 * (`status.terminatingReplicas`); DaemonSets and StatefulSets make no new pod before the old one has ended.
 */
export function replacementOf(workload: KubernetesObject): Rollout {
  const rollout = rolloutOf(workload);
  const ending = numberAt(recordAt(workload, 'status'), 'terminatingReplicas') ?? 0;
  if (rollout.state !== 'complete' || workload.kind !== 'Deployment' || ending === 0) return rollout;
  return progressing(workload, ending === 1 ? '1 old pod is still ending' : `${ending} old pods are still ending`);
}

function deploymentRollout(workload: KubernetesObject, status: Record<string, unknown>): Rollout {
  const condition = recordsAt(status, 'conditions').find((each) => each.type === 'Progressing');
  if (condition?.reason === 'ProgressDeadlineExceeded') {
    return {
      state: 'failed',
      message: `${describe(workload)}: ${stringAt(condition, 'message') ?? 'its progress deadline is exceeded'}`,
    };
  }
  const wanted = numberAt(recordAt(workload, 'spec'), 'replicas') ?? 1;
  const updated = numberAt(status, 'updatedReplicas') ?? 0;
  const all = numberAt(status, 'replicas') ?? 0;
  const available = numberAt(status, 'availableReplicas') ?? 0;
  if (updated < wanted) return progressing(workload, `${updated} of ${wanted} new pods exist`);
  if (all > updated) return progressing(workload, `${all - updated} old pods are still to end`);
  if (available < updated) return progressing(workload, `${available} of ${updated} new pods are available`);
  return { state: 'complete' };
}

function daemonSetRollout(workload: KubernetesObject, status: Record<string, unknown>): Rollout {
  const wanted = numberAt(status, 'desiredNumberScheduled') ?? 0;
  const updated = numberAt(status, 'updatedNumberScheduled') ?? 0;
  const available = numberAt(status, 'numberAvailable') ?? 0;
  if (updated < wanted) return progressing(workload, `${updated} of ${wanted} pods are updated`);
  if (available < wanted) return progressing(workload, `${available} of ${wanted} pods are available`);
  return { state: 'complete' };
}

function statefulSetRollout(workload: KubernetesObject, status: Record<string, unknown>): Rollout {
  const wanted = numberAt(recordAt(workload, 'spec'), 'replicas') ?? 1;
  const ready = numberAt(status, 'readyReplicas') ?? 0;
  if (status.updateRevision !== status.currentRevision) {
    return progressing(workload, `${numberAt(status, 'updatedReplicas') ?? 0} of ${wanted} pods are updated`);
  }
  return ready < wanted ? progressing(workload, `${ready} of ${wanted} pods are ready`) : { state: 'complete' };
}

/** True when the workload replaces no pod by itself when its template changes, so that a restart would wait for ever. */
export function replacesPodsByHand(workload: KubernetesObject): boolean {
  return recordAt(recordAt(workload, 'spec'), 'updateStrategy')?.type === 'OnDelete';
}

function progressing(workload: KubernetesObject, what: string): Rollout {
  return { state: 'progressing', message: `${describe(workload)}: ${what}` };
}

function describe(workload: KubernetesObject): string {
  return `${workload.kind} ${workload.metadata.name}`;
}
