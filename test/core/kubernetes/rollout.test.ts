import { describe, expect, it } from 'vitest';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { replacementOf, replacesPodsByHand, rolloutOf } from '../../../src/core/kubernetes/rollout.ts';

function workload(kind: string, spec: object, status: object): KubernetesObject {
  const metadata = { name: 'w', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 2 };
  return { apiVersion: 'apps/v1', kind, metadata, spec, status: { observedGeneration: 2, ...status } };
}

const exceeded = [
  { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'has timed out progressing' },
];

describe('the rollout of', () => {
  it.each([
    [
      'a Deployment that is done',
      workload('Deployment', { replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 2 }),
      'complete',
    ],
    ['a Deployment with no replicas wanted', workload('Deployment', { replicas: 0 }, {}), 'complete'],
    [
      'a Deployment whose change is not seen',
      workload(
        'Deployment',
        { replicas: 1 },
        { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
      ),
      'progressing',
    ],
    [
      'a Deployment without its new pods',
      workload('Deployment', { replicas: 2 }, { replicas: 2, updatedReplicas: 1, availableReplicas: 2 }),
      'progressing',
    ],
    [
      'a Deployment with old pods left',
      workload('Deployment', { replicas: 2 }, { replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
      'progressing',
    ],
    [
      'a Deployment with pods that are not available',
      workload('Deployment', { replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
      'progressing',
    ],
    [
      'a Deployment past its progress deadline',
      workload('Deployment', { replicas: 1 }, { replicas: 1, conditions: exceeded }),
      'failed',
    ],
    [
      'a DaemonSet that is done',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }),
      'complete',
    ],
    [
      'a DaemonSet with an old pod',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 3 }),
      'progressing',
    ],
    [
      'a DaemonSet with a pod that is not available',
      workload('DaemonSet', {}, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 }),
      'progressing',
    ],
    [
      'a StatefulSet that is done',
      workload('StatefulSet', { replicas: 2 }, { updateRevision: 'b', currentRevision: 'b', readyReplicas: 2 }),
      'complete',
    ],
    [
      'a StatefulSet between revisions',
      workload('StatefulSet', { replicas: 2 }, { updateRevision: 'b', currentRevision: 'a', readyReplicas: 2 }),
      'progressing',
    ],
    [
      'a StatefulSet with a pod that is not ready',
      workload('StatefulSet', { replicas: 2 }, { updateRevision: 'b', currentRevision: 'b', readyReplicas: 1 }),
      'progressing',
    ],
  ])('%s', (_, object, state) => {
    expect(rolloutOf(object).state).toBe(state);
  });

  it('a failed Deployment says what its controller says', () => {
    const failed = workload('Deployment', { replicas: 1 }, { conditions: exceeded });
    expect(rolloutOf(failed)).toEqual({ state: 'failed', message: 'Deployment w: has timed out progressing' });
  });

  it('a workload without a status is under way', () => {
    const { status: _, ...bare } = workload('Deployment', { replicas: 1 }, {});
    expect(rolloutOf(bare).state).toBe('progressing');
  });
});

it('OnDelete is a restart by hand', () => {
  expect(replacesPodsByHand(workload('DaemonSet', { updateStrategy: { type: 'OnDelete' } }, {}))).toBe(true);
  expect(replacesPodsByHand(workload('DaemonSet', { updateStrategy: { type: 'RollingUpdate' } }, {}))).toBe(false);
  expect(replacesPodsByHand(workload('Deployment', {}, {}))).toBe(false);
});

describe('the replacement of the pods', () => {
  const counts = { updatedReplicas: 2, replicas: 2, availableReplicas: 2 };

  it('of a Deployment waits for old pods that are ending, although its rollout is complete', () => {
    const deployment = workload('Deployment', { replicas: 2 }, { ...counts, terminatingReplicas: 1 });
    expect(rolloutOf(deployment).state).toBe('complete');
    expect(replacementOf(deployment)).toEqual({
      state: 'progressing',
      message: 'Deployment w: 1 old pod is still ending',
    });
    const several = workload('Deployment', { replicas: 2 }, { ...counts, terminatingReplicas: 2 });
    expect(replacementOf(several)).toMatchObject({ message: 'Deployment w: 2 old pods are still ending' });
  });

  it('is the rollout where nothing is told of such pods, or none is left', () => {
    for (const status of [counts, { ...counts, terminatingReplicas: 0 }, { ...counts, updatedReplicas: 1 }]) {
      const deployment = workload('Deployment', { replicas: 2 }, status);
      expect(replacementOf(deployment)).toEqual(rolloutOf(deployment));
    }
  });
});
