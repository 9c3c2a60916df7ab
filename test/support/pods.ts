import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';

/** Pods with the statuses that a kubelet writes. */

export interface PodOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the template, as far as it matters. */
  readonly containers?: readonly object[];
  /** RFC 3339. */
  readonly created?: string;
  readonly deleted?: string;
  readonly statuses?: readonly object[];
  readonly initStatuses?: readonly object[];
  readonly ready?: boolean;
  readonly phase?: string;
  /** Over the status. */
  readonly status?: object;
}

export function pod(options: PodOptions = {}): KubernetesObject {
  const {
    name = 'candidate-1',
    namespace = 'shop',
    created = '2026-01-01T00:00:00Z',
    statuses = [running()],
  } = options;
  const ready = options.ready ?? statuses.every((each) => (each as { ready?: boolean }).ready === true);
  const unready = { reason: 'ContainersNotReady', message: 'containers with unready status: [app]' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ name, namespace, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: created },
      ...{ labels: { app: 'candidate', ...options.labels } },
      ...(options.deleted !== undefined && { deletionTimestamp: options.deleted }),
    },
    spec: { containers: options.containers ?? [{ name: 'app', image: 'candidate:v2' }] },
    status: {
      phase: options.phase ?? 'Running',
      startTime: created,
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: ready ? 'True' : 'False', ...(!ready && unready) },
      ],
      containerStatuses: statuses,
      ...(options.initStatuses !== undefined && { initContainerStatuses: options.initStatuses }),
      ...options.status,
    },
  } as KubernetesObject;
}

const base = { name: 'app', image: 'candidate:v2', restartCount: 0 };

export const running = (more: object = {}) => ({ ...base, ready: true, state: { running: {} }, ...more });

export const waiting = (reason: string, more: object = {}) => ({
  ...base,
  ready: false,
  state: { waiting: { reason, message: `${reason}, says the kubelet` } },
  ...more,
});

/** A life that ended. */
export const ended = (finishedAt: string, reason = 'Error', exitCode = 1) => ({
  terminated: { reason, exitCode, startedAt: finishedAt, finishedAt, containerID: 'containerd://1' },
});

export const backingOff = (restartCount: number, finishedAt: string, reason = 'Error', exitCode = 1) =>
  waiting('CrashLoopBackOff', { restartCount, lastState: ended(finishedAt, reason, exitCode) });

export const unscheduled = (name: string, created: string): KubernetesObject =>
  pod({
    ...{ name, created, statuses: [], phase: 'Pending' },
    status: {
      startTime: undefined,
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/3 nodes are available: 3 Insufficient memory.',
        },
      ],
    },
  });
