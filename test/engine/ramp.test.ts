import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { experimentObject, NAMESPACE } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';

const fixture = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'envoy', 'watched', name), 'utf8');
const [ROUTES, CLUSTERS] = [fixture('rds-versioned.yaml'), fixture('cds.yaml')];

const STEPS = [
  { percent: 5, seconds: 240 },
  { percent: 25, seconds: 120 },
];

describe.each([
  ['a static bootstrap', true],
  ['watched files', false],
])('a ramp of %s', (_, reload) => {
  it('raises the share step by step, each for its time, and compares only what comes after it', async () => {
    const lab = ramping(reload);
    const before = lab.targets();
    const shares = await watch(lab, () => lab.isComplete('x'));
    expect(shares.map(({ percent }) => percent)).toEqual([undefined, 5, 25, 100, undefined]);
    const [, five, twentyFive, all] = shares.map(({ at }) => at);
    // A restart is looked at every 2 s.
    const restart = reload ? 2000 : 0;
    expect((twentyFive ?? 0) - (five ?? 0)).toBe(240_000 + restart);
    expect((all ?? 0) - (twentyFive ?? 0)).toBe(120_000 + restart);
    expect(Math.min(...lab.telemetry.windows.map(({ start }) => start))).toBeGreaterThan((all ?? 0) + 120_000);
    expect(lab.status('x')).toMatchObject({ verdict: 'Pass', percent: 0 });
    expect(lab.targets()).toEqual(before);
  });

  it('says where it is, what follows and when, and what share is written', async () => {
    const lab = ramping(reload);
    await lab.run(() => lab.condition('x', 'Mirroring')?.reason === 'Ramping');
    expect(lab.status('x').percent).toBe(5);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({
      status: reload ? 'True' : 'Unknown',
      message: 'copying 5 % (step 1 of 3); 25 % follows in 240 s',
    });
    await lab.run(() => lab.condition('x', 'Mirroring')?.message.startsWith('copying 25') === true);
    expect(lab.status('x').percent).toBe(25);
    expect(lab.condition('x', 'Mirroring')?.message).toBe('copying 25 % (step 2 of 3); 100 % follows in 120 s');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    expect(lab.status('x').percent).toBe(100);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'True', reason: 'Copying' });
  });

  it('keeps others’ changes and goes no further when somebody has changed what it wrote', async () => {
    const lab = ramping(reload);
    await lab.run(() => lab.status('x').percent === 25);
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      const data = object.data as Record<string, string>;
      data['envoy.yaml'] = `# by hand\n${data['envoy.yaml']}`;
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.config()).toBe(`# by hand\n${reload ? SIDECAR : ROUTES}`);
  });

  it('ends with everything restored at the deadline, and when it is deleted or its spec changes in a step', async () => {
    for (const end of ['deadline', 'deleted', 'changed'] as const) {
      const lab = ramping(reload, end === 'deadline' ? { deadlineSeconds: 300 } : {});
      const before = lab.targets();
      await lab.run(() => lab.status('x').percent === 25);
      if (end === 'deleted') lab.delete('x');
      if (end === 'changed') {
        lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
          (object.spec as { traffic: { percent: number } }).traffic.percent = 50;
        });
      }
      if (end === 'changed') {
        await lab.run(() => lab.status('x').observedGeneration === 2);
        expect(lab.targets()).toEqual(before);
      }
      await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0 || lab.isComplete('x'));
      expect(lab.targets()).toEqual(before);
      if (end === 'deadline') {
        expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });
        expect(lab.condition('x', 'Passed')?.message).toMatch(/in the ramp: copying 25 %/);
      }
    }
  });

  it('goes on after a kill before and after every write, never skips a step and never goes back', async () => {
    const reference = ramping(reload);
    const before = reference.targets();
    await reference.run(() => reference.status('x').mirroringSince !== undefined);
    const { writes } = reference.cluster;
    expect(writes).toBeGreaterThan(8);
    for (let write = 1; write <= writes; write++) {
      for (const when of ['before', 'after'] as const) {
        const lab = ramping(reload);
        lab.cluster.killAt = { write, when };
        const shares = await watch(lab, () => lab.status('x').mirroringSince !== undefined);
        expect(lab.kills).toBe(1);
        expect(shares.map(({ percent }) => percent)).toEqual([undefined, 5, 25, 100]);
        const [, five, twentyFive, all] = shares.map(({ at }) => at);
        expect((twentyFive ?? 0) - (five ?? 0)).toBeGreaterThan(239_000);
        expect((all ?? 0) - (twentyFive ?? 0)).toBeGreaterThan(119_000);
        lab.delete('x');
        await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
        expect(lab.targets()).toEqual(before);
      }
    }
  }, 120_000);
});

describe('with a static bootstrap', () => {
  it('restarts Envoy for each step, once, and awaits each restart before the step’s time begins', async () => {
    const lab = ramping(true);
    const hashes: (string | undefined)[] = [];
    const note = () => {
      const hash = hashOf(lab);
      if (hashes.at(-1) !== hash) hashes.push(hash);
    };
    const noted = (until: () => boolean) => () => {
      note();
      return until();
    };
    await lab.run(noted(() => lab.condition('x', 'Mirroring')?.reason === 'Ramping'));
    lab.stuck = ['bookinfo-spa'];
    await lab.run(noted(() => lab.status('x').percent === 25));
    const stuckSince = lab.now;
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'Restarting' });
    await lab.run(noted(() => lab.now > stuckSince + 300_000));
    expect(lab.status('x').percent).toBe(25);
    lab.stuck = [];
    const back = lab.now;
    await lab.run(noted(() => lab.status('x').percent === 100));
    expect(lab.now - back).toBeGreaterThanOrEqual(120_000);
    await lab.run(noted(() => lab.isComplete('x')));
    expect(hashes).toHaveLength(4);
    expect(new Set(hashes.slice(0, 3)).size).toBe(3);
    expect(hashes.at(-1)).toBeUndefined();
  });

  it('does not fight over the restart of a step that somebody takes back', async () => {
    const lab = ramping(true);
    await lab.run(() => lab.status('x').percent === 25);
    lab.cluster.edit('Deployment', NAMESPACE, 'bookinfo-spa', (object) => {
      delete (object.spec as { template: { metadata: { annotations?: unknown } } }).template.metadata.annotations;
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.condition('x', 'Passed')?.message).toContain('mirroring.dev/config-hash');
    expect(lab.config()).toBe(SIDECAR);
  });
});

it('goes on from the journal of an operator that knew no ramp', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  lab.apply('x', 'V2');
  await lab.run(() => lab.isMirroring() && lab.status('x').mirroringSince !== undefined);
  for (const [kind, name] of [
    ['ConfigMap', 'default-sidecar'],
    ['Deployment', 'bookinfo-spa'],
  ] as const) {
    lab.cluster.edit(kind, NAMESPACE, name, (object) => {
      const { annotations } = object.metadata as { annotations: Record<string, string> };
      const journal = JSON.parse(annotations['mirroring.dev/journal'] ?? '');
      const { type, files } = journal.change;
      annotations['mirroring.dev/journal'] = JSON.stringify({ ...journal, change: { type, files } });
    });
  }
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
  expect(lab.targets()).toEqual(before);
});

function ramping(reload: boolean, analysis: object = {}): Simulation {
  const lab = new Simulation();
  const { envoy } = experimentObject('x', 'V2').spec.traffic;
  const { reload: _, ...others } = envoy;
  const watched = { ...others, configMap: { ...envoy.configMap, clustersKey: 'cds.yaml' } };
  if (!reload) {
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      object.data = { 'envoy.yaml': ROUTES, 'cds.yaml': CLUSTERS };
    });
  }
  lab.apply('x', 'V2', { traffic: { ramp: STEPS, envoy: reload ? envoy : watched }, analysis });
  return lab;
}

/** Every share that the configuration has copied, and since when. */
async function watch(lab: Simulation, until: () => boolean): Promise<{ percent: number | undefined; at: number }[]> {
  const shares: { percent: number | undefined; at: number }[] = [];
  const note = () => {
    const found = /numerator: (\d+)/.exec(lab.config())?.[1];
    const percent = found === undefined ? undefined : Number(found);
    if (shares.length === 0 || shares.at(-1)?.percent !== percent) shares.push({ percent, at: lab.now });
  };
  note();
  const patch = lab.cluster.patch.bind(lab.cluster);
  lab.cluster.patch = (...args) => patch(...args).finally(note);
  await lab.run(until);
  return shares;
}

function hashOf(lab: Simulation): string | undefined {
  const spec = lab.cluster.get('Deployment', NAMESPACE, 'bookinfo-spa')?.spec;
  const { metadata } = (spec as { template: { metadata: { annotations?: Record<string, string> } } }).template;
  return metadata.annotations?.['mirroring.dev/config-hash'];
}
