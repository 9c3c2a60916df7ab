import { startReflector } from '../../src/adapters/kubernetes/reflector.ts';
import { startWatch } from '../../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import { numberAt, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { connectTo } from '../../test/support/kubernetes.ts';

/** What a watch sees of an experiment, in the order in which it happens. */
export type Moment = 'candidateReady' | 'mirrorWritten' | 'verdict' | 'mirrorTakenOut' | 'complete' | 'gone';

export interface Moments {
  /** Begins to note the moments of this experiment, and forgets those of the one before. */
  follow(experiment: string): void;
  /** When it was (ms since the epoch). Rejects when it has not come within the time. */
  at(moment: Moment, seconds: number): Promise<number>;
  /** Reason of the condition Passed. */
  reason(): string;
  stop(): Promise<void>;
}

export function watchMoments(kubeconfig: string, namespace: string): Moments {
  const { api, log } = connectTo(kubeconfig);
  const options = { api, log, clock: systemClock };
  const seen = new Map<Moment, number>();
  let followed = '';
  let last: KubernetesObject | undefined;
  const note = (moment: Moment, holds: boolean): void => {
    if (holds && !seen.has(moment)) seen.set(moment, Date.now());
  };
  const experiments = startReflector({
    ...options,
    path: `/apis/mirroring.dev/v1alpha1/namespaces/${namespace}/mirrorexperiments`,
    onEvent: (type, object) => {
      if (object.metadata.name !== followed) return;
      last = object;
      note('verdict', stringAt(recordAt(object, 'status'), 'verdict') !== undefined);
      note('complete', isTrue(object, 'Complete'));
      note('gone', type === 'DELETED');
    },
  });
  const configMaps = startWatch({
    ...options,
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    begin: async () => '',
    onEvent: (_type, { metadata, data }) => {
      if (metadata.name !== 'default-sidecar') return;
      const mirrors = JSON.stringify(data).includes('request_mirror_policies');
      note('mirrorWritten', mirrors);
      note('mirrorTakenOut', !mirrors && seen.has('mirrorWritten'));
    },
  });
  const deployments = startWatch({
    ...options,
    path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
    begin: async () => '',
    onEvent: (_type, { metadata, spec, status }) => {
      if (metadata.name !== 'bookservicemirror') return;
      // The status may still be that of the experiment before.
      note('candidateReady', numberAt(spec, 'replicas') === 1 && numberAt(status, 'availableReplicas') === 1);
    },
  });
  return {
    follow: (experiment) => {
      followed = experiment;
      last = undefined;
      seen.clear();
    },
    at: async (moment, seconds) => {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const time = seen.get(moment);
        if (time !== undefined) return time;
        if (Date.now() > deadline) {
          throw new Error(`${followed}: no ${moment} within ${seconds} s: ${JSON.stringify(last?.status, null, 1)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    reason: () => stringAt(condition(last, 'Passed'), 'reason') ?? '',
    stop: async () => {
      await Promise.all([experiments, configMaps, deployments].map((each) => each.stop()));
      api.close();
    },
  };
}

function isTrue(object: KubernetesObject, type: string): boolean {
  return stringAt(condition(object, type), 'status') === 'True';
}

function condition(object: KubernetesObject | undefined, type: string): Record<string, unknown> | undefined {
  return recordsAt(recordAt(object, 'status'), 'conditions').find((each) => each.type === type);
}
