import { describe, expect, it } from 'vitest';
import { recordAt, recordsAt } from '../../src/core/kubernetes/fields.ts';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { NAMESPACE } from '../support/lab.ts';
import { backingOff, ended, type PodOptions, pod, running, unscheduled, waiting } from '../support/pods.ts';
import { Simulation } from '../support/simulation.ts';

const MIRROR = 'bookservicemirror';
const CANDIDATE = 'readymirroring/bookservice:v2';

/** What a pod of the candidate is like, given its age in seconds and how the time of an age is written. */
type Life = (age: number, at: (age: number) => string) => PodOptions;

const named = (status: object) => ({ ...status, name: 'bookservice' });
const well: Life = () => ({ statuses: [named(running())] });

/** Crashes as the kubelet restarts: at once, then after 10, 20, 40 s, and so on up to five minutes. */
const crashing =
  (reason: string, exitCode: number): Life =>
  (age, at) => {
    const starts = [0, 1, 12, 33, 74, 155, 316];
    const restarts = starts.filter((start) => start < age).length - 1;
    return {
      statuses: [named(backingOff(Math.max(restarts, 0), at(starts[Math.max(restarts, 0)] ?? 0), reason, exitCode))],
    };
  };

const TROUBLES: readonly (readonly [string, Life, string, string, RegExp, string])[] = [
  [
    'crashes',
    crashing('Error', 3),
    'Fail',
    'CandidateCrashing',
    /bookservice of pod candidate-\d+ ended \d times.*exit code 3.*kubectl logs -p/,
    'CrashLoop',
  ],
  [
    'runs out of memory',
    crashing('OOMKilled', 137),
    'Fail',
    'CandidateOutOfMemory',
    /exit code 137, OOMKilled/,
    'OutOfMemory',
  ],
  [
    'has an image that cannot be pulled',
    () => ({ statuses: [named(waiting('ImagePullBackOff'))] }),
    'Inconclusive',
    'ImagePullFailed',
    /ImagePullBackOff/,
    'ImagePullFailed',
  ],
  [
    'fits on no node',
    (_, at) => unscheduledLife(at),
    'Inconclusive',
    'CandidateUnavailable',
    /Insufficient memory/,
    'NotScheduled',
  ],
  [
    'cannot be created',
    () => ({ statuses: [named(waiting('CreateContainerConfigError'))] }),
    'Inconclusive',
    'CandidateUnavailable',
    /CreateContainerConfigError/,
    'NotReady',
  ],
  [
    'never becomes ready',
    () => ({ statuses: [named(running({ ready: false }))] }),
    'Inconclusive',
    'CandidateUnavailable',
    /is not ready/,
    'NotReady',
  ],
];

function unscheduledLife(at: (age: number) => string): PodOptions {
  const { status } = unscheduled('x', at(0)) as unknown as { status: object };
  return { statuses: [], phase: 'Pending', status };
}

/** Pods of the Deployment as it is now: another template is another pod. */
function runPods(lab: Simulation, life: Life): void {
  let present = '';
  let created = lab.now;
  let count = 0;
  lab.kubelet = () => {
    const deployment = lab.cluster.get('Deployment', NAMESPACE, MIRROR);
    const spec = recordAt(deployment, 'spec');
    const containers = recordsAt(recordAt(recordAt(spec, 'template'), 'spec'), 'containers');
    if (JSON.stringify(containers) !== present) {
      if (count > 0) lab.cluster.remove('Pod', NAMESPACE, `candidate-${count}`);
      [present, created, count] = [JSON.stringify(containers), lab.now, count + 1];
    }
    if (spec?.replicas === 0) return;
    const at = (age: number) => new Date(created + age * 1000).toISOString();
    const isCandidate = containers.some(({ image }) => image === CANDIDATE);
    const options = (isCandidate ? life : well)((lab.now - created) / 1000, at);
    const name = `candidate-${count}`;
    lab.cluster.put(
      pod({ name, namespace: NAMESPACE, labels: { app: MIRROR }, containers, created: at(0), ...options }),
    );
    const ready = recordsAt(recordAt(lab.cluster.get('Pod', NAMESPACE, name), 'status'), 'conditions').some(
      ({ type, status }) => type === 'Ready' && status === 'True',
    );
    lab.stuck = ready ? [] : [MIRROR];
    lab.cluster.settle(lab.stuck);
  };
}

const DEADLINE = 3600;

describe.each(TROUBLES)('a candidate that %s', (_, life, verdict, reason, message, condition) => {
  const start = (spec?: Record<string, unknown>) => {
    const lab = new Simulation();
    const before = lab.targets();
    runPods(lab, life);
    lab.apply('x', 'V2', spec);
    return { lab, before };
  };
  const check = (lab: Simulation, before: unknown) => {
    expect(lab.status('x').verdict).toBe(verdict);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason });
    expect(lab.condition('x', 'Passed')?.message).toMatch(message);
    expect(lab.condition('x', 'CandidateReady')).toMatchObject({ status: 'False', reason: condition });
    expect(lab.targets()).toEqual(before);
  };

  it(`ends the experiment with ${verdict} ${reason} long before the deadline, and mirrors nothing`, async () => {
    const { lab, before } = start();
    const began = lab.now;
    let mirrored = false;
    await lab.run(() => {
      mirrored ||= lab.isMirroring();
      return lab.isComplete('x');
    });
    expect(mirrored).toBe(false);
    expect(lab.now - began).toBeLessThan((DEADLINE / 4) * 1000);
    check(lab, before);
  });

  it('the same after a kill before and after every write', async () => {
    const { lab: reference } = start();
    await reference.run(() => reference.isComplete('x'));
    for (let write = 1; write <= reference.cluster.writes; write++) {
      for (const when of ['before', 'after'] as const) {
        const { lab, before } = start();
        lab.cluster.killAt = { write, when };
        await lab.run(() => lab.isComplete('x'));
        expect(lab.kills).toBe(1);
        check(lab, before);
      }
    }
  });

  it('ends it also when it began to do so while requests were copied, and never with a Pass', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    let since: number | undefined;
    runPods(lab, (age, at) => {
      if (since === undefined) return well(age, at);
      const begun = since;
      return life(age - begun, (later) => at(begun + later));
    });
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 1800 } });
    await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Analysing');
    const began = lab.now;
    const started = Date.parse(lab.status('x').startTime ?? '');
    since = (began - started) / 1000;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.now - began).toBeLessThan((DEADLINE / 4) * 1000);
    check(lab, before);
  });
});

describe('a Pass', () => {
  it('waits while the candidate is not ready, and comes when it is back', async () => {
    const lab = new Simulation();
    let crashed = false;
    runPods(lab, (age, at) =>
      crashed ? { statuses: [named(backingOff(1, at(age)))] } : { statuses: [named(running())] },
    );
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 600 } });
    await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Analysing');
    crashed = true;
    const began = lab.now;
    await lab.run(() =>
      /within tolerance so far, but a Pass waits: .*ended 2 times/.test(lab.status('x').summary ?? ''),
    );
    expect(lab.condition('x', 'CandidateReady')).toMatchObject({ status: 'False', reason: 'CrashLoop' });
    expect(lab.now - began).toBeLessThan(600_000);
    crashed = false;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });

  it('does not come at the deadline either', async () => {
    const lab = new Simulation();
    let notReady = false;
    lab.cluster.edit('Deployment', NAMESPACE, MIRROR, (each) => {
      (each.spec as { progressDeadlineSeconds?: number }).progressDeadlineSeconds = 1400;
    });
    runPods(lab, () => ({ statuses: [named(running({ ready: !notReady }))] }));
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 600, deadlineSeconds: 1500 } });
    await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Analysing');
    notReady = true;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateUnavailable' });
  });
});

describe('a candidate that is not ready is awaited', () => {
  it.each([
    [120, 3600, 120],
    [1800, 3600, 1800],
    [7200, 3600, 600],
    [undefined, 3600, 600],
    [undefined, 700, 350],
  ])('with progressDeadlineSeconds %s and a deadline of %d s for %d s', async (progress, deadlineSeconds, seconds) => {
    const lab = new Simulation();
    lab.cluster.edit('Deployment', NAMESPACE, MIRROR, (each) => {
      (each.spec as { progressDeadlineSeconds?: number }).progressDeadlineSeconds = progress as number;
    });
    runPods(lab, () => ({ statuses: [named(running({ ready: false }))] }));
    const began = lab.now;
    lab.apply('x', 'V2', { analysis: { deadlineSeconds } });
    await lab.run(() => lab.status('x').verdict !== undefined);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateUnavailable' });
    expect((lab.now - began) / 1000).toBeGreaterThanOrEqual(seconds);
    expect((lab.now - began) / 1000).toBeLessThan(seconds + 10);
  });
});

describe('a candidate in no trouble', () => {
  it('passes when one container was restarted once', async () => {
    const lab = new Simulation();
    runPods(lab, (_, at) => ({ statuses: [named(running({ restartCount: 1, lastState: ended(at(1)) }))] }));
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });

  it('passes when the pods of the version before it crash', async () => {
    const lab = new Simulation();
    const created = new Date(lab.now).toISOString();
    const containers = [{ name: 'bookservice', image: 'readymirroring/bookservice:v0' }];
    const labels = { app: MIRROR };
    const statuses = [named(backingOff(30, new Date(lab.now + 60_000).toISOString()))];
    lab.cluster.put(pod({ name: 'old', namespace: NAMESPACE, labels, containers, created, statuses }));
    runPods(lab, well);
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });

  it('passes when the operator may not list pods, and says what it cannot see', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    runPods(lab, well);
    lab.cluster.refusesPods = new ClusterError('Forbidden', 'cannot list resource "pods"');
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    expect(lab.condition('x', 'CandidateReady')?.message).toMatch(
      /its pods cannot be read.*cannot list resource "pods"/,
    );
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.targets()).toEqual(before);
  });
});

it('a candidate whose pods cannot be listed is found by its Deployment', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  runPods(lab, crashing('Error', 1));
  lab.cluster.refusesPods = new ClusterError('Forbidden', 'cannot list resource "pods"');
  lab.apply('x', 'V2');
  const began = lab.now;
  await lab.run(() => lab.isComplete('x'));
  expect(lab.now - began).toBeLessThan((DEADLINE / 4) * 1000);
  expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateUnavailable' });
  expect(lab.condition('x', 'Passed')?.message).toContain('cannot list resource "pods"');
  expect(lab.targets()).toEqual(before);
});

it('a candidate one of whose pods cannot start is compared by the others, once copies flow', async () => {
  const lab = new Simulation();
  runPods(lab, well);
  lab.apply('x', 'V2');
  await lab.run(() => lab.status('x').mirroringSince !== undefined);
  const template = recordAt(recordAt(lab.cluster.get('Deployment', NAMESPACE, MIRROR), 'spec'), 'template');
  const containers = recordsAt(recordAt(template, 'spec'), 'containers');
  const statuses = [named(waiting('ImagePullBackOff'))];
  const created = new Date(lab.now - 600_000).toISOString();
  lab.cluster.put(pod({ name: 'more', namespace: NAMESPACE, labels: { app: MIRROR }, containers, created, statuses }));
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
});

describe('a candidate that the spec does not let us change', () => {
  const start = (life: Life) => {
    const lab = new Simulation();
    lab.cluster.edit('Service', NAMESPACE, MIRROR, (each) => {
      (each.spec as { selector?: object }).selector = { app: MIRROR };
    });
    lab.cluster.edit('Deployment', NAMESPACE, MIRROR, (each) => {
      const spec = each.spec as { replicas: number; template: { spec: { containers: { image: string }[] } } };
      spec.replicas = 1;
      for (const container of spec.template.spec.containers) container.image = CANDIDATE;
    });
    runPods(lab, life);
    lab.apply('x', 'V2', { mirror: { service: MIRROR, version: 'V2MIR-BookService' } });
    return lab;
  };

  it('fails when it crashes', async () => {
    const lab = start(crashing('Error', 1));
    await lab.run(() => lab.isComplete('x'), DEADLINE / 4);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateCrashing' });
  });

  it('passes when it had restarted often before the run', async () => {
    const lab = start((_, at) => ({
      created: '2025-01-01T00:00:00Z',
      statuses: [named(running({ restartCount: 70, lastState: ended(at(600)) }))],
    }));
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.status('x').candidateRestarts).toEqual([{ pod: 'candidate-1', container: 'bookservice', restarts: 70 }]);
  });

  it('is awaited, but not for ever, when no pod of its Service is ready', async () => {
    const lab = start(() => ({ statuses: [named(running({ ready: false }))] }));
    await lab.run(() => lab.condition('x', 'CandidateReady')?.reason === 'NotReady');
    expect(lab.isMirroring()).toBe(false);
    await lab.run(() => lab.isComplete('x'), DEADLINE / 4);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateUnavailable' });
  });
});
