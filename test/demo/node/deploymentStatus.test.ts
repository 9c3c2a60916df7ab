import { describe, expect, it } from 'vitest';
import { deploymentStatus, type StatusInput } from '../../../demo/node/deploymentStatus.ts';

const start = new Date('2026-01-02T03:04:05Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const old = { name: 'old', updated: false, ready: true, available: true };
const starting = { name: 'new', updated: true, ready: false, available: false };
const serving = { name: 'new', updated: true, ready: true, available: true };

const input = (change: Partial<StatusInput>): StatusInput => ({
  name: 'shop',
  generation: 2,
  desired: 1,
  maxUnavailable: 0,
  progressDeadlineSeconds: 60,
  replicaSet: 'shop-b',
  pods: [],
  terminating: 0,
  previous: {},
  now: start,
  ...change,
});
const condition = ({ status }: ReturnType<typeof deploymentStatus>, type: string) =>
  status.conditions.find((candidate) => candidate.type === type);

describe('deploymentStatus', () => {
  const begun = deploymentStatus(input({ pods: [old, starting] }));

  it('counts what is there', () => {
    expect(begun.status).toMatchObject({
      observedGeneration: 2,
      replicas: 2,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      unavailableReplicas: 1,
      terminatingReplicas: 0,
    });
    const ending = deploymentStatus(input({ pods: [serving], terminating: 2 }));
    expect(ending.status).toMatchObject({ replicas: 1, terminatingReplicas: 2 });
    expect(condition(begun, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
    expect(condition(begun, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetCreated' });
    expect(begun.recheckAfterMilliseconds).toBe(61_000);
  });

  it('is complete when only available new pods are left', () => {
    const done = deploymentStatus(input({ pods: [serving], previous: begun.status, now: later(9) }));
    expect(condition(done, 'Progressing')).toEqual({
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "shop-b" has successfully progressed.',
      lastUpdateTime: '2026-01-02T03:04:14Z',
      lastTransitionTime: '2026-01-02T03:04:05Z',
    });
    expect(done.recheckAfterMilliseconds).toBeUndefined();
  });

  it('exceeds the deadline only without progress for all of it', () => {
    const pods = [old, starting];
    const before = deploymentStatus(input({ pods, previous: begun.status, now: later(59) }));
    expect(condition(before, 'Progressing')?.status).toBe('True');
    expect(before.recheckAfterMilliseconds).toBe(2000);
    const after = deploymentStatus(input({ pods, previous: before.status, now: later(60) }));
    expect(condition(after, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });

    const progressed = deploymentStatus(input({ pods: [old, serving], previous: before.status, now: later(59) }));
    expect(condition(progressed, 'Progressing')?.reason).toBe('ReplicaSetUpdated');
    expect(progressed.recheckAfterMilliseconds).toBe(61_000);

    const recovered = deploymentStatus(input({ pods: [serving], previous: after.status, now: later(90) }));
    expect(condition(recovered, 'Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetAvailable' });
  });

  it('starts anew for another ReplicaSet, but not when a complete rollout is scaled', () => {
    const done = deploymentStatus(input({ pods: [serving], previous: begun.status }));
    const other = deploymentStatus(
      input({ replicaSet: 'shop-c', pods: [old], previous: done.status, now: later(900) }),
    );
    expect(condition(other, 'Progressing')?.reason).toBe('NewReplicaSetCreated');
    const scaled = deploymentStatus(
      input({ desired: 2, pods: [serving, starting], previous: done.status, now: later(900) }),
    );
    expect(condition(scaled, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    expect(condition(scaled, 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable' });
  });

  it('no pod wanted and none there is complete and available', () => {
    const none = deploymentStatus(input({ desired: 0 }));
    expect(none.status.conditions.map(({ type, status }) => [type, status])).toEqual([
      ['Available', 'True'],
      ['Progressing', 'True'],
    ]);
  });
});
