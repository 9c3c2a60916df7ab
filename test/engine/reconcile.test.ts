import { describe, expect, it } from 'vitest';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { NAMESPACE, REVIEWS, V2, V3, V4 } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';
import { withoutRestartTrace } from '../support/withoutRestartTrace.ts';

describe('the lab', () => {
  it('passes V2, and restores everything', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.telemetry.behaviour = V2;
    lab.apply('bookservice-v2', 'V2');
    await lab.run(() => lab.isComplete('bookservice-v2'));
    expect(lab.status('bookservice-v2')).toMatchObject({ verdict: 'Pass', observedGeneration: 1 });
    expect(lab.condition('bookservice-v2', 'Passed')).toMatchObject({ status: 'True', reason: 'WithinTolerance' });
    expect(lab.condition('bookservice-v2', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
    expect(lab.targets()).toEqual(before);
  });

  it('fails V3 on latency within the first two intervals and names the route', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.telemetry.behaviour = V3;
    lab.apply('bookservice-v3', 'V3');
    await lab.run(() => lab.isComplete('bookservice-v3'));
    const status = lab.status('bookservice-v3');
    expect(status.verdict).toBe('Fail');
    expect(lab.condition('bookservice-v3', 'Passed')).toMatchObject({ status: 'False', reason: 'Latency' });
    expect(status.summary).toMatch(
      /^Fail: p\d+ of GET Reviews\/Get rose 1,1\d\d ms \(1\d → 1,2\d\d; tolerated 20\) after 100 requests$/,
    );
    expect(status.routes?.[0]).toMatchObject({ name: REVIEWS, verdict: 'Fail' });
    expect(status.routes?.slice(1).map((route) => route.verdict)).not.toContain('Fail');
    expect(lab.telemetry.windows.every(({ start, end }) => end - start <= 60_000)).toBe(true);
    expect(lab.targets()).toEqual(before);
  });

  it('fails V4 on errors within the first two intervals and names the route', async () => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V4;
    lab.apply('bookservice-v4', 'V4');
    await lab.run(() => lab.isComplete('bookservice-v4'));
    expect(lab.condition('bookservice-v4', 'Passed')).toMatchObject({ status: 'False', reason: 'Errors' });
    expect(lab.status('bookservice-v4').summary).toContain(`errors of ${REVIEWS} rose`);
    expect(lab.telemetry.windows.every(({ start, end }) => end - start <= 60_000)).toBe(true);
  });

  it('runs experiments on one Deployment one after another, oldest first, and says whom the younger waits for', async () => {
    const lab = new Simulation();
    lab.apply('first', 'V2');
    lab.apply('second', 'V3');
    await lab.run(() => lab.status('first').mirroringSince !== undefined);
    await lab.run(() => lab.condition('second', 'Accepted')?.reason === 'WaitingForExperiment');
    expect(lab.condition('second', 'Accepted')?.message).toMatch(
      /^waits for MirrorExperiment first, which uses (ConfigMap|Deployment) /,
    );
    await lab.run(() => lab.isComplete('first'));
    expect(lab.isComplete('second')).toBe(false);
    await lab.run(() => lab.isComplete('second'));
    expect(lab.config()).toBe(SIDECAR);
  });
});

it('reads nothing but itself for an experiment that has ended, and restores nothing that changes later', async () => {
  const lab = new Simulation();
  lab.apply('x', 'V2');
  await lab.run(() => lab.isComplete('x'));
  const kinds = new Set<string>();
  const read = lab.cluster.read.bind(lab.cluster);
  lab.cluster.read = (ref) => {
    kinds.add(ref.kind);
    return read(ref);
  };
  const end = lab.now + 10_000_000;
  await lab.run(() => lab.now >= end);
  expect([...kinds]).toEqual(['MirrorExperiment']);
});

describe('a run that does not go as planned', () => {
  it.each([
    [
      'a missing Deployment',
      (lab: Simulation) => lab.cluster.remove('Deployment', NAMESPACE, 'bookservicemirror'),
      'TargetNotFound',
      /Deployment bookservicemirror/,
    ],
    [
      'a missing Service',
      (lab: Simulation) => lab.cluster.remove('Service', NAMESPACE, 'bookservicemirror'),
      'TargetNotFound',
      /Service bookservicemirror/,
    ],
    [
      'a ConfigMap without the key',
      editConfig((data) => delete data['envoy.yaml']),
      'ConfigKeyNotFound',
      /has no key envoy.yaml \(it has: other\)/,
    ],
    ['broken YAML', editConfig((data) => (data['envoy.yaml'] = 'a: [1')), 'ConfigNotParsable', /line 1/],
    [
      'templated text',
      editConfig((data) => (data['envoy.yaml'] = SIDECAR.replace('15s', '{{ .Values.timeout }}'))),
      'ConfigTemplated',
      /template/i,
    ],
    [
      'no such route',
      editConfig((data) => (data['envoy.yaml'] = SIDECAR.replaceAll('cluster: bookservice ', 'cluster: other '))),
      'RouteNotFound',
      /bookservice/,
    ],
    [
      'an immutable ConfigMap',
      (lab: Simulation) =>
        lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (each) => (each.immutable = true)),
      'ConfigImmutable',
      /immutable/,
    ],
  ])('%s ends in a condition that says what to do, with nothing patched', async (_, damage, reason, message) => {
    const lab = new Simulation();
    damage(lab);
    const before = lab.targets();
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'), 300);
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'False', reason });
    expect(lab.condition('x', 'Accepted')?.message).toMatch(message);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'ConfigurationError' });
    expect(lab.targets()).toEqual(before);
  });

  it('waits for an object that appears within the grace period', async () => {
    const lab = new Simulation();
    const service = lab.cluster.get('Service', NAMESPACE, 'bookservicemirror');
    lab.cluster.remove('Service', NAMESPACE, 'bookservicemirror');
    lab.apply('x', 'V2');
    await lab.run(() => lab.condition('x', 'Accepted')?.reason === 'TargetNotFound');
    expect(lab.isComplete('x')).toBe(false);
    if (service !== undefined) lab.cluster.put({ ...service, metadata: { ...service.metadata } });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });

  it('never passes a candidate that does not become available, and restores it', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.stuck = ['bookservicemirror'];
    lab.apply('x', 'V2', { analysis: { deadlineSeconds: 700 } });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'CandidateUnavailable' });
    expect(lab.targets()).toEqual(before);
  });

  it.each([
    ['no telemetry of the candidate', { mirror: true }, 'NoMirrorTelemetry'],
    ['no telemetry at all', { mirror: true, live: true }, 'NoLiveTelemetry'],
  ])('never passes with %s', async (_, silent, reason) => {
    const lab = new Simulation();
    lab.telemetry.silent = silent;
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason });
    expect(lab.config()).toBe(SIDECAR);
  });

  it('never passes when live falls silent', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    lab.telemetry.silent = { live: true };
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NoLiveTelemetry' });
  });

  it('is inconclusive when telemetry fails until the deadline, and recovers when it comes back before', async () => {
    const failing = new Simulation();
    failing.apply('x', 'V2');
    await failing.run(() => failing.status('x').mirroringSince !== undefined);
    failing.telemetry.failure = new TelemetryError('Throttled', 'too many queries', { retryAfterSeconds: 60 });
    await failing.run(() => failing.isComplete('x'));
    expect(failing.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TelemetryError' });
    expect(failing.config()).toBe(SIDECAR);

    const recovering = new Simulation();
    recovering.telemetry.failure = new TelemetryError('Unavailable', 'down');
    recovering.apply('x', 'V2');
    await recovering.run(() => recovering.condition('x', 'Accepted')?.reason === 'TelemetryUnavailable');
    recovering.telemetry.failure = undefined;
    await recovering.run(() => recovering.isComplete('x'));
    expect(recovering.status('x').verdict).toBe('Pass');
  });

  it('refuses a telemetry source that stays wrong', async () => {
    const lab = new Simulation();
    lab.telemetry.failure = new TelemetryError('Configuration', 'no such workspace');
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'), 60);
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'False', reason: 'TelemetryConfiguration' });
  });

  it('is inconclusive at the deadline with too few requests and says what would help', async () => {
    const lab = new Simulation();
    lab.telemetry.requestsPerBlock = 3;
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(/more traffic/);
  });

  it('waits with a Pass for minDurationSeconds', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2', { analysis: { minDurationSeconds: 600 } });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(Math.max(...lab.telemetry.windows.map(({ start, end }) => end - start))).toBe(600_000);
  });
});

describe('mirroring ends', () => {
  it.each([
    ['Pass', V2],
    ['Fail', V3],
  ])(
    'after a kill before and after every write on the way to %s',
    async (verdict, behaviour) => {
      const reference = new Simulation();
      const before = reference.targets();
      reference.telemetry.behaviour = behaviour;
      reference.apply('x', 'V2');
      await reference.run(() => reference.isComplete('x'));
      expect(reference.cluster.writes).toBeGreaterThan(8);
      for (let write = 1; write <= reference.cluster.writes; write++) {
        for (const when of ['before', 'after'] as const) {
          const lab = new Simulation();
          lab.telemetry.behaviour = behaviour;
          lab.cluster.killAt = { write, when };
          lab.apply('x', 'V2');
          await lab.run(() => lab.isComplete('x'));
          expect(lab.kills).toBe(1);
          expect(lab.status('x').verdict).toBe(verdict);
          expect(lab.targets()).toEqual(before);
        }
      }
    },
    120_000,
  );

  it('when the experiment is deleted after any write, with a kill during the restore', async () => {
    for (let write = 1; write <= 12; write++) {
      for (const kill of [1, 2, 3, 4]) {
        const lab = new Simulation();
        const before = lab.targets();
        lab.apply('x', 'V2');
        await lab.run(() => lab.cluster.writes >= write);
        lab.delete('x');
        lab.cluster.killAt = { write: lab.cluster.writes + kill, when: 'after' };
        await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
        expect(withoutRestartTrace(lab.targets())).toEqual(before);
      }
    }
  });

  it('when the spec changes to other objects while it runs', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      const spec = object.spec as { mirror: { deployment?: unknown } };
      delete spec.mirror.deployment;
    });
    await lab.run(() => lab.status('x').observedGeneration === 2);
    expect(lab.targets()).toEqual(before);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x')).toMatchObject({ verdict: 'Pass', observedGeneration: 2 });
    expect(lab.targets()).toEqual(before);
  });

  it('keeps what others have changed meanwhile, and does not write it again', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    editConfig(
      (data) => (data['envoy.yaml'] = (data['envoy.yaml'] ?? '').replace('port_value: 8080', 'port_value: 8081')),
    )(lab);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.config()).toBe(SIDECAR.replace('port_value: 8080', 'port_value: 8081'));
  });

  it('when the spec can no longer be read, running or deleted', async () => {
    for (const deleted of [false, true]) {
      const lab = new Simulation();
      const before = lab.targets();
      lab.apply('x', 'V2');
      await lab.run(() => lab.status('x').mirroringSince !== undefined);
      expect(lab.targets()).not.toEqual(before);
      lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
        (object.spec as { traffic: unknown }).traffic = { gateway: 'of a later version' };
      });
      if (deleted) lab.delete('x');
      await lab.run(() => (deleted ? lab.cluster.list('MirrorExperiment').length === 0 : lab.isComplete('x')));
      expect(lab.targets()).toEqual(before);
      if (deleted) continue;
      expect(lab.status('x')).toMatchObject({ verdict: 'Inconclusive', observedGeneration: 2 });
      expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'False', reason: 'SpecUnreadable' });
      expect(lab.condition('x', 'Accepted')?.message).toContain('spec.traffic.envoy');
      const types = lab.status('x').conditions?.map(({ type }) => type);
      expect(types?.toSorted()).toEqual(Object.keys(CONDITIONS).toSorted());
      expect(lab.condition('x', 'Mirroring')?.status).toBe('False');
    }
  });

  it('takes over what an experiment has left that is there no more', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.apply('gone', 'V3');
    await lab.run(() => lab.status('gone').mirroringSince !== undefined);
    lab.cluster.remove('MirrorExperiment', NAMESPACE, 'gone');
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.targets()).toEqual(before);
  });
});

function editConfig(change: (data: Record<string, string>) => unknown): (lab: Simulation) => void {
  return (lab) =>
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      change(object.data as Record<string, string>);
    });
}
