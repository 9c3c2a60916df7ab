import { describe, expect, test } from 'vitest';
import { parseExperiment } from '../../../src/api/experiment.ts';
import type { KubernetesObject } from '../../../src/core/kubernetes/object.ts';
import { absenceOf } from '../../../src/core/lifecycle/absence.ts';
import { endWithoutOperator, mayNeedEnd, needsEnd } from '../../../src/core/lifecycle/endWithoutOperator.ts';
import { refsToRestore } from '../../../src/core/lifecycle/run.ts';
import type { World } from '../../../src/core/lifecycle/world.ts';
import { NAMESPACE } from '../../support/lab.ts';
import { Simulation } from '../../support/simulation.ts';

const SETTINGS = {
  missingTargetGraceSeconds: 0,
  restartTimeoutSeconds: 300,
  clusterDomain: 'cluster.local',
  rolloutPollMilliseconds: 1000,
};

/** What the operator has left of the experiment x. */
function worldOf(lab: Simulation): World {
  const parsed = parseExperiment(lab.cluster.get('MirrorExperiment', NAMESPACE, 'x'));
  if (parsed.kind !== 'experiment') throw new Error('x cannot be read');
  const { experiment } = parsed;
  const objects = refsToRestore(experiment)
    .map(({ kind, namespace, name }) => lab.cluster.get(kind, namespace, name))
    .filter((object): object is KubernetesObject => object !== undefined);
  return { now: lab.now, experiment, objects, others: [], answers: {}, settings: SETTINGS };
}

async function left(until: (lab: Simulation) => boolean): Promise<Simulation> {
  const lab = new Simulation();
  lab.apply('x', 'V2');
  await lab.run(() => until(lab));
  return lab;
}

const decide = (lab: Simulation) => endWithoutOperator(worldOf(lab), 'nobody was there');
const isMirroring = (lab: Simulation) => lab.condition('x', 'Mirroring')?.status === 'True';

/** The whole run without an operator, from where it was left; what it wrote, in order. */
function end(lab: Simulation): string[] {
  const done: string[] = [];
  for (let count = 0; count < 20; count++) {
    const world = worldOf(lab);
    const { next, status } = endWithoutOperator(world, 'nobody was there');
    if (next.kind === 'patch') {
      const { kind, name } = next.ref;
      void lab.cluster.patch(next.ref, next.resourceVersion, next.operations);
      done.push(`${kind}/${name}`);
    } else done.push(next.kind);
    lab.cluster.settle();
    const { namespace, name, uid, resourceVersion } = worldOf(lab).experiment;
    void lab.cluster.writeStatus({ namespace, name, uid }, resourceVersion, status);
    if (next.kind === 'done' || next.kind === 'release') return done;
  }
  throw new Error(`it does not come to an end: ${done}`);
}

describe('a run that has changed something', () => {
  test('gets its verdict, then the proxy is restored, then the candidate', async () => {
    const before = new Simulation().targets();
    const lab = await left(isMirroring);
    expect(end(lab)).toEqual([
      'save',
      'ConfigMap/default-sidecar',
      'Deployment/bookinfo-spa',
      'Deployment/bookservicemirror',
      'done',
    ]);
    expect(lab.targets()).toEqual(before);
    expect(lab.status('x')).toMatchObject({ verdict: 'Inconclusive', summary: 'Inconclusive: nobody was there' });
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'OperatorAbsent' });
    expect(lab.isComplete('x')).toBe(true);
    expect(needsEnd(worldOf(lab))).toBe(false);
  });

  test('keeps the verdict that the operator has given, and is restored', async () => {
    const before = new Simulation().targets();
    const lab = await left((each) => each.status('x').verdict !== undefined);
    const { verdict, summary } = lab.status('x');
    expect(end(lab)).not.toContain('save');
    expect(lab.status('x')).toMatchObject({ verdict, summary });
    expect(lab.targets()).toEqual(before);
  });

  test('is known by the journal when its operator ended before it could say so in the status', async () => {
    const lab = await left((each) => each.status('x').targets !== undefined);
    const world = worldOf(lab);
    expect([needsEnd(world), decide(lab)]).toEqual([
      false,
      { status: world.experiment.status, next: { kind: 'done' } },
    ]);
    lab.cluster.killAt = { write: lab.cluster.writes + 1, when: 'after' };
    await lab.run(() => lab.kills === 1);
    expect(lab.status('x').targets?.some(({ patched }) => patched)).toBe(false);
    expect(decide(lab)).toMatchObject({ next: { kind: 'save' }, status: { verdict: 'Inconclusive' } });
    end(lab);
    expect(lab.targets()).toEqual(new Simulation().targets());
  });

  test('is known by the mark in its configuration when the journal is gone too', async () => {
    const lab = await left((each) => each.isMirroring());
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', ({ status }) => {
      for (const target of (status as { targets: { patched: boolean }[] }).targets) target.patched = false;
    });
    for (const name of ['bookinfo-spa', 'bookservicemirror']) lab.cluster.remove('Deployment', NAMESPACE, name);
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', ({ metadata }) => {
      delete (metadata as { annotations?: unknown }).annotations;
    });
    end(lab);
    expect(lab.isMirroring()).toBe(false);
  });
});

describe('left to the operator', () => {
  test('is what has not been looked at, what waits, and what is complete', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    expect([mayNeedEnd(worldOf(lab).experiment), decide(lab).next]).toEqual([false, { kind: 'done' }]);

    const waiting = new Simulation();
    waiting.apply('first', 'V2');
    waiting.apply('x', 'V2');
    await waiting.run(() => waiting.condition('x', 'Accepted')?.reason === 'WaitingForExperiment');
    const { experiment } = worldOf(waiting);
    expect(mayNeedEnd(experiment)).toBe(false);
    expect(decide(waiting)).toEqual({ status: experiment.status, next: { kind: 'done' } });

    const complete = await left((each) => each.isComplete('x'));
    expect(mayNeedEnd(worldOf(complete).experiment)).toBe(false);
  });

  test('is a new spec: the former run is restored and no verdict is given', async () => {
    const lab = await left(isMirroring);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', ({ spec }) => {
      (spec as { analysis?: unknown }).analysis = { minDurationSeconds: 90 };
    });
    end(lab);
    expect(lab.targets()).toEqual(new Simulation().targets());
    expect(lab.status('x')).toMatchObject({ observedGeneration: 2 });
    expect(lab.status('x').verdict).toBeUndefined();
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'Unknown', reason: 'Checking' });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });
});

describe('an experiment that is being deleted', () => {
  test('is restored and let go', async () => {
    const lab = await left(isMirroring);
    lab.delete('x');
    expect(mayNeedEnd(worldOf(lab).experiment)).toBe(true);
    expect(end(lab).at(-1)).toBe('release');
    expect(lab.targets()).toEqual(new Simulation().targets());
    expect(lab.status('x').verdict).toBeUndefined();
  });

  test('is let go when it has changed nothing, and not touched when our finalizer does not keep it', async () => {
    const lab = await left((each) => each.status('x').observedGeneration === 1);
    lab.delete('x');
    expect(decide(lab).next).toEqual({ kind: 'release' });
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', ({ metadata }) => {
      (metadata as { finalizers?: unknown }).finalizers = ['of.another/keep'];
    });
    expect(mayNeedEnd(worldOf(lab).experiment)).toBe(false);
  });
});

test('the verdict says which Lease nobody held, for how long, and who held it last', () => {
  const renewTime = Date.parse('2026-01-01T12:00:00.5Z');
  expect(absenceOf('a/b', 300, { holder: 'pod_1', renewTime })).toBe(
    'no operator was at work: the Lease a/b was not renewed for 300 s (held by pod_1, last written at ' +
      '2026-01-01T12:00:00Z by that one’s clock); the dead man’s switch has ended mirroring',
  );
  expect(absenceOf('a/b', 300, { holder: '', renewTime })).toContain('(released by its last holder, last written at ');
  expect(absenceOf('a/b', 300, undefined)).toBe(
    'no operator was at work: there was no Lease a/b for 300 s; the dead man’s switch has ended mirroring',
  );
});
