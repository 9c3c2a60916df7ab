import { numberAt, recordAt, recordsAt, stringAt } from './fields.ts';
import type { KubernetesObject } from './object.ts';

/** One container of a pod, as far as its status tells how it fares. Times in ms since the epoch. */
export interface ContainerHealth {
  readonly pod: string;
  readonly container: string;
  /** Starts after the first one, over the pod's whole life. */
  readonly restarts: number;
  /** It is not running, and it has run before or failed to start. */
  readonly isDown: boolean;
  /** The kubelet's word for why it waits, e.g. CrashLoopBackOff. */
  readonly waiting: string | undefined;
  readonly waitingMessage: string | undefined;
  /** The last time it ended, of which a kubelet keeps only one. */
  readonly end: ContainerEnd | undefined;
}

export interface ContainerEnd {
  /** E.g. Error, Completed, OOMKilled, StartError. */
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
}

/** The containers of a pod, init containers first; those that the kubelet has not reported yet are left out. */
export function containersOf(pod: KubernetesObject): readonly ContainerHealth[] {
  const status = recordAt(pod, 'status');
  return [...recordsAt(status, 'initContainerStatuses'), ...recordsAt(status, 'containerStatuses')].map((each) => {
    const state = recordAt(each, 'state');
    const waiting = recordAt(state, 'waiting');
    const terminated = recordAt(state, 'terminated');
    const end = terminated ?? recordAt(recordAt(each, 'lastState'), 'terminated');
    return {
      pod: pod.metadata.name,
      container: stringAt(each, 'name') ?? '',
      restarts: numberAt(each, 'restartCount') ?? 0,
      isDown: terminated !== undefined || (waiting !== undefined && end !== undefined),
      waiting: stringAt(waiting, 'reason'),
      waitingMessage: stringAt(waiting, 'message'),
      end: end === undefined ? undefined : endOf(end),
    };
  });
}

function endOf(terminated: Record<string, unknown>): ContainerEnd {
  return {
    reason: stringAt(terminated, 'reason') ?? 'Error',
    exitCode: numberAt(terminated, 'exitCode'),
    startedAt: timeAt(terminated, 'startedAt'),
    finishedAt: timeAt(terminated, 'finishedAt'),
  };
}

/** A time in ms since the epoch; undefined when there is none that can be read. */
export function timeAt(value: unknown, field: string): number | undefined {
  const time = Date.parse(stringAt(value, field) ?? '');
  return Number.isNaN(time) ? undefined : time;
}
