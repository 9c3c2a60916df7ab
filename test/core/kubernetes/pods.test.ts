import { describe, expect, it } from 'vitest';
import { diagnose, isReady, restartsOf } from '../../../src/core/kubernetes/pods.ts';
import { backingOff, ended, pod, running, unscheduled, waiting } from '../../support/pods.ts';

const SINCE = '2026-01-01T00:00:00Z';
const at = (minutes: number, seconds = 0) =>
  new Date(Date.parse(SINCE) + minutes * 60_000 + seconds * 1000).toISOString().replace('.000', '');
const look = (pods: ReturnType<typeof pod>[], now = at(5), before: Parameters<typeof diagnose>[1]['before'] = []) =>
  diagnose(pods, { now: Date.parse(now), since: Date.parse(SINCE), before });

describe('nothing is wrong with', () => {
  it.each([
    ['no pods', []],
    ['a pod that is ready', [pod()]],
    ['a single restart', [pod({ statuses: [running({ restartCount: 1, lastState: ended(at(1)) })] })]],
    [
      'two restarts and a container that runs',
      [pod({ statuses: [running({ restartCount: 2, lastState: ended(at(1)) })] })],
    ],
    [
      'one kill for memory and a container that runs',
      [pod({ statuses: [running({ restartCount: 1, lastState: ended(at(1), 'OOMKilled', 137) })] })],
    ],
    [
      'an init container that is done',
      [pod({ initStatuses: [{ name: 'init', restartCount: 0, ready: true, state: ended(at(0), 'Completed', 0) }] })],
    ],
    ['two pods that were evicted', [pod(), pod({ name: 'a', phase: 'Failed' }), pod({ name: 'b', phase: 'Failed' })]],
    ['a pod that is done', [pod({ phase: 'Succeeded', ready: false, statuses: [] })]],
    [
      'restarts of before the run',
      [
        pod({
          created: '2025-12-01T00:00:00Z',
          statuses: [running({ restartCount: 40, lastState: ended('2025-12-31T23:59:00Z') })],
        }),
      ],
    ],
  ])('%s', (_, pods) => {
    expect(look(pods)).toBeUndefined();
  });

  it('restarts that are further apart than the kubelet’s back-off remembers', () => {
    const rare = (minutes: number) => [
      pod({ statuses: [running({ restartCount: 3, lastState: ended(at(minutes)) })] }),
    ];
    expect(look(rare(31), at(32))).toBeUndefined();
    expect(look(rare(29), at(32))).toMatchObject({ problem: 'CrashLoop', isFinal: true });
  });
});

describe('it is final that', () => {
  it.each([
    ['a container crashes in back-off', [pod({ statuses: [backingOff(2, at(4))] })], 'CrashLoop'],
    [
      'a container is restarted three times and runs',
      [pod({ statuses: [running({ restartCount: 3, lastState: ended(at(4)) })] })],
      'CrashLoop',
    ],
    [
      'a container ends without an error again and again',
      [pod({ statuses: [backingOff(2, at(4), 'Completed', 0)] })],
      'CrashLoop',
    ],
    [
      'an init container crashes',
      [pod({ statuses: [waiting('PodInitializing')], initStatuses: [{ ...backingOff(3, at(4)), name: 'init' }] })],
      'CrashLoop',
    ],
    ['a program cannot be started', [pod({ statuses: [backingOff(2, at(4), 'StartError', 128)] })], 'CrashLoop'],
    [
      'a container is killed twice for memory',
      [pod({ statuses: [running({ restartCount: 2, lastState: ended(at(4), 'OOMKilled', 137) })] })],
      'OutOfMemory',
    ],
    [
      'a container is killed for memory again and is down',
      [pod({ statuses: [backingOff(1, at(4), 'OOMKilled', 137)] })],
      'OutOfMemory',
    ],
    [
      'a container was killed for memory and is not back',
      [pod({ statuses: [backingOff(0, at(4), 'OOMKilled', 137)] })],
      'OutOfMemory',
    ],
    ['an image cannot be pulled', [pod({ statuses: [waiting('ImagePullBackOff')] })], 'ImagePullFailed'],
    [
      'an image has no valid name',
      [pod({ created: at(5), statuses: [waiting('InvalidImageName')] })],
      'ImagePullFailed',
    ],
    ['a container cannot be created', [pod({ statuses: [waiting('CreateContainerConfigError')] })], 'NotReady'],
    ['no node takes a pod', [unscheduled('a', at(0))], 'NotScheduled'],
    [
      'pods are evicted again and again',
      ['a', 'b', 'c'].map((name) =>
        pod({
          name,
          phase: 'Failed',
          status: { reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' },
        }),
      ),
      'NotReady',
    ],
  ] as const)('%s', (_, pods, problem) => {
    expect(look([...pods])).toMatchObject({ problem, isFinal: true });
  });
});

describe('it is not final yet that', () => {
  it.each([
    ['a container crashed twice', [pod({ statuses: [backingOff(1, at(4, 59))] })], 'CrashLoop'],
    [
      'a container was killed once for memory a moment ago',
      [pod({ statuses: [backingOff(0, at(4, 59), 'OOMKilled', 137)] })],
      'OutOfMemory',
    ],
    [
      'an image could not be pulled at the first try',
      [pod({ created: at(4, 30), statuses: [waiting('ErrImagePull')] })],
      'ImagePullFailed',
    ],
    [
      'a container could not be created at the first try',
      [pod({ created: at(4, 30), statuses: [waiting('CreateContainerError')] })],
      'NotReady',
    ],
    ['no node takes a new pod', [unscheduled('a', at(1))], 'NotScheduled'],
    ['a pod starts', [pod({ statuses: [waiting('ContainerCreating')] })], 'NotReady'],
    ['a pod is not ready, however long', [pod({ ready: false })], 'NotReady'],
  ] as const)('%s', (_, pods, problem) => {
    expect(look([...pods])).toMatchObject({ problem, isFinal: false });
  });
});

it('counts from the restarts that were there before the run', () => {
  const old = (restartCount: number) =>
    pod({ created: '2025-12-01T00:00:00Z', statuses: [running({ restartCount, lastState: ended(at(4)) })] });
  const before = [{ pod: 'candidate-1', container: 'app', restarts: 40 }];
  expect(look([old(42)], at(5), before)).toBeUndefined();
  expect(look([old(43)], at(5), before)).toMatchObject({ problem: 'CrashLoop', isFinal: true });
  expect(look([old(3)], at(5), before), 'made anew under its name').toMatchObject({ problem: 'CrashLoop' });
  expect(restartsOf([old(40), pod({ name: 'fresh' })], 50)).toEqual(before);
});

it('tells what is final first, then the worst', () => {
  const starting = pod({ name: 'a', statuses: [waiting('ContainerCreating')] });
  const pulling = pod({ name: 'b', statuses: [waiting('ImagePullBackOff')] });
  const crashing = pod({ name: 'c', statuses: [backingOff(4, at(4))] });
  expect(look([starting, pulling, crashing])).toMatchObject({ problem: 'CrashLoop' });
  expect(look([starting, pulling])).toMatchObject({ problem: 'ImagePullFailed' });
  const crashed = pod({ name: 'c', statuses: [backingOff(1, at(4))] });
  expect(look([crashed, pulling])).toMatchObject({ problem: 'ImagePullFailed', isFinal: true });
});

describe('the message', () => {
  it('names the pod, the container, the exit code and where to look', () => {
    expect(look([pod({ statuses: [backingOff(4, at(4), 'Error', 3)] })])?.message).toBe(
      'container app of pod candidate-1 ended 5 times, the last time with exit code 3, Error; see kubectl logs -p candidate-1 -c app -n shop',
    );
  });

  it('says what the kubelet says of an image, but not all of it', () => {
    const state = { state: { waiting: { reason: 'ErrImagePull', message: `not found ${'x'.repeat(2000)}` } } };
    const message = look([pod({ statuses: [waiting('ErrImagePull', state)] })])?.message ?? '';
    expect(message).toMatch(
      /^the image of container app of pod candidate-1: ErrImagePull: not found x+…; correct the image/,
    );
    expect(message.length).toBeLessThan(600);
  });

  it('says what the scheduler says', () => {
    expect(look([unscheduled('a', at(0))])?.message).toContain('no node takes pod a: 0/3 nodes are available');
  });
});

it('a pod without a status is not ready, and nothing else is known', () => {
  const { status: _, ...bare } = pod();
  expect(isReady(bare)).toBe(false);
  expect(look([bare])).toMatchObject({ problem: 'NotReady', isFinal: false });
});
