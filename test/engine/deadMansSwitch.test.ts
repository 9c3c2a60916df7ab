import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { createContenders } from '../support/contenders.ts';
import { NAMESPACE, V2 } from '../support/lab.ts';
import { seededRandom } from '../support/random.ts';
import { Simulation } from '../support/simulation.ts';

const BEFORE = new Simulation().targets();

/** The lab, left by its operator when `until` holds. */
async function left(until: (lab: Simulation) => boolean): Promise<Simulation> {
  const lab = new Simulation();
  lab.telemetry.behaviour = V2;
  lab.apply('x', 'V2');
  await lab.run(() => until(lab));
  return lab;
}

const isMirroring = (lab: Simulation) => lab.condition('x', 'Mirroring')?.status === 'True';
const reasonOf = (lab: Simulation) => lab.condition('x', 'Passed')?.reason;

describe('the dead man’s switch', () => {
  test('ends and restores a run whose operator is gone, after the time that it was given, and releases the Lease', async () => {
    const lab = await left(isMirroring);
    const { startSwitch, advance, lease } = createContenders(lab);
    const run = startSwitch();
    await advance(295);
    expect([run.writes(), lab.isMirroring()]).toEqual([0, true]);
    await advance(60);
    expect(run.outcome()).toBe('ended');
    expect(reasonOf(lab)).toBe('OperatorAbsent');
    expect(lab.isComplete('x')).toBe(true);
    expect(lab.targets()).toEqual(BEFORE);
    expect(lease.stored?.record).toMatchObject({ holder: '', durationSeconds: 1 });
    expect(lab.status('x').summary).toContain('there was no Lease system/operator for 300 s');
  });

  test('ends copies within six and a half minutes of a kill, wherever that falls in the minute', async () => {
    const seconds: number[] = [];
    for (let offset = 1; offset <= 60; offset += 6) {
      const lab = await left(isMirroring);
      const { startOperator, advance } = createContenders(lab);
      const operator = startOperator();
      await advance(offset + 3, { cron: true });
      operator.kill();
      const killed = lab.now;
      await advance(600, { cron: true, until: () => !lab.isMirroring() });
      seconds.push((lab.now - killed) / 1000);
    }
    expect(Math.max(...seconds)).toBeLessThanOrEqual(390);
    // Never before the time that it was given, and the wait for the Lease.
    expect(Math.min(...seconds)).toBeGreaterThanOrEqual(312);
    console.info('seconds from the kill of the operator to the end of copies:', seconds.join(' '));
  });

  test('asks for nothing but the list when there is nothing to end', async () => {
    for (const lab of [new Simulation(), await left((each) => each.isComplete('x'))]) {
      const { startSwitch, advance, lease } = createContenders(lab);
      const run = startSwitch();
      await advance(1);
      expect([run.outcome(), run.writes(), lease.stored]).toEqual(['nothingToDo', 0, undefined]);
    }
  });

  test('leaves an experiment alone that has changed nothing, and does not take the Lease for it', async () => {
    const lab = await left((each) => each.status('x').targets !== undefined);
    const { startSwitch, advance, lease } = createContenders(lab);
    const [run, status] = [startSwitch(), lab.status('x')];
    await advance(400);
    expect([run.outcome(), run.writes(), lease.stored]).toEqual(['nothingToDo', 0, undefined]);
    expect(lab.status('x')).toEqual(status);
  });

  test('lets a deleted experiment go', async () => {
    const lab = await left(isMirroring);
    lab.delete('x');
    const { startSwitch, advance } = createContenders(lab);
    const run = startSwitch();
    await advance(400);
    expect(run.outcome()).toBe('ended');
    expect(lab.cluster.list('MirrorExperiment')).toEqual([]);
    expect(lab.targets()).toEqual(BEFORE);
  });

  test('restores a run whose spec it cannot read', async () => {
    const lab = await left(isMirroring);
    lab.cluster.edit('MirrorExperiment', 'bookstore', 'x', (object) => {
      (object.spec as { traffic: unknown }).traffic = { gateway: 'of a later version' };
    });
    const { startSwitch, advance } = createContenders(lab);
    const run = startSwitch();
    await advance(400);
    expect(run.outcome()).toBe('ended');
    expect(lab.targets()).toEqual(BEFORE);
  });

  test('waits for the restart of Envoy for its own bound, and says that it did not finish', async () => {
    const lab = await left(isMirroring);
    const { startSwitch, advance } = createContenders(lab);
    lab.cluster.settle = () => {};
    const run = startSwitch();
    await advance(400);
    expect(run.outcome()).toBeUndefined();
    await advance(300);
    expect(run.outcome()).toBe('failed');
    expect(lab.targets()).toEqual(BEFORE);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'RestartUnfinished' });
    expect(run.log.lines).toContain('error: the experiment is not restored');
  });

  test('fails, with the object’s name, when a restore is refused, and the next run goes on', async () => {
    const lab = await left(isMirroring);
    const { advance, switches } = createContenders(lab);
    lab.cluster.refuses.set('ConfigMap/default-sidecar', new ClusterError('Forbidden', 'the policy says no'));
    await advance(900, { cron: true });
    const [first] = switches();
    expect(first?.outcome()).toBe('failed');
    expect(first?.log.lines).toContain('error: the experiment is not restored');
    expect(lab.condition('x', 'Mirroring')?.reason).toBe('RestoreRefused');
    lab.cluster.refuses.clear();
    await advance(900, { cron: true, until: () => lab.isComplete('x') });
    expect(lab.targets()).toEqual(BEFORE);
    expect(reasonOf(lab)).toBe('OperatorAbsent');
  });

  test('restores all that it may read, and fails for what it may not, until it may', async () => {
    const lab = await left(isMirroring);
    // Another run was left, behind a workload that it may not read.
    const envoy = { reload: { workload: { kind: 'DaemonSet', name: 'unreadable' } } };
    lab.apply('unreadable', 'V2', { traffic: { envoy } });
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'unreadable', (object) => {
      object.status = { observedGeneration: 1, targets: [{ kind: 'DaemonSet', name: 'unreadable', patched: true }] };
    });
    lab.cluster.refusesReads.set('DaemonSet/unreadable', new ClusterError('Forbidden', 'cannot get daemonsets'));
    const { advance, switches } = createContenders(lab);
    await advance(420, { cron: true });
    expect([lab.isComplete('x'), lab.isMirroring(), reasonOf(lab)]).toEqual([true, false, 'OperatorAbsent']);
    expect(lab.targets()).toEqual(BEFORE);
    await advance(600, { cron: true });
    const [first] = switches();
    expect(first?.outcome()).toBe('failed');
    expect(first?.log.lines).toContain('error: the experiment is not restored');
    lab.cluster.refusesReads.clear();
    await advance(900, { cron: true, until: () => lab.isComplete('unreadable') });
    expect(lab.isComplete('unreadable')).toBe(true);
  });

  test('ends at once when it is told to, without a write', async () => {
    const lab = await left(isMirroring);
    const { startSwitch, advance } = createContenders(lab);
    const run = startSwitch();
    await advance(100);
    run.terminate();
    await advance(1);
    expect(run.outcome()).toEqual(new Error('ended by SIGTERM'));
    expect(run.writes()).toBe(0);
  });

  test('killed before or after any write leaves what the next run ends', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let write = 1; ; write++) {
        const lab = await left(isMirroring);
        lab.cluster.killAt = { write: lab.cluster.writes + write, when };
        const { advance, switches } = createContenders(lab);
        await advance(1200, { cron: true, until: () => lab.isComplete('x') });
        expect(lab.isComplete('x')).toBe(true);
        expect([reasonOf(lab), lab.targets()]).toEqual(['OperatorAbsent', BEFORE]);
        if (switches().every((each) => each.isAlive() || each.outcome() !== undefined)) {
          expect(write).toBeGreaterThan(5);
          break;
        }
      }
    }
  });
});

describe('beside operators', () => {
  test('it writes nothing while one is at work, and each run ends within seconds', async () => {
    const lab = await left(isMirroring);
    const { startOperator, advance, switches } = createContenders(lab);
    startOperator();
    await advance(5);
    for (let minute = 0; minute < 20 && !lab.isComplete('x'); minute++) {
      await advance(60, { cron: true });
      await advance(5);
      expect(switches().every((each) => !each.isAlive())).toBe(true);
    }
    expect(lab.status('x').verdict).toBe('Pass');
    expect(switches().length).toBeGreaterThan(3);
    expect(switches().filter((each) => each.writes() > 0 || each.outcome() !== 'nothingToDo')).toEqual([]);
  });

  test('a failover, an upgrade and an absence that is a little too short do not trigger it', async () => {
    for (const gap of [0, 16, 120, 270]) {
      const lab = await left(isMirroring);
      const { startOperator, advance, switches } = createContenders(lab);
      const first = startOperator();
      await advance(70, { cron: true });
      if (gap === 0) startOperator();
      await advance(3, { cron: true });
      first.kill();
      await advance(gap, { cron: true });
      if (gap > 0) startOperator();
      await advance(1800, { cron: true, until: () => lab.isComplete('x') });
      expect([gap, lab.status('x').verdict]).toEqual([gap, 'Pass']);
      expect(switches().filter((each) => each.writes() > 0)).toEqual([]);
    }
  });

  test('an operator that comes back at any moment goes on or finds it ended: one writes, and then nobody', async () => {
    const verdicts = new Set<string | undefined>();
    for (let back = 282; back <= 402; back += 4) {
      const lab = await left(isMirroring);
      const { startOperator, advance, switches } = createContenders(lab);
      const first = startOperator();
      await advance(4);
      first.kill();
      await advance(back, { cron: true });
      const second = startOperator();
      await advance(1800, { cron: true, until: () => lab.isComplete('x') });
      expect(lab.targets()).toEqual(BEFORE);
      verdicts.add(reasonOf(lab));
      await advance(30, { cron: true });
      const writes = [second, ...switches()].reduce((sum, each) => sum + each.writes(), 0);
      await advance(400, { cron: true });
      expect([second, ...switches()].reduce((sum, each) => sum + each.writes(), 0)).toBe(writes);
      expect(switches().filter((each) => each.outcome() === 'failed')).toEqual([]);
    }
    expect([...verdicts].toSorted()).toEqual(['OperatorAbsent', 'WithinTolerance']);
  });

  test('an operator that is back while it waits for the Lease goes on, and it ends', async () => {
    const lab = await left(isMirroring);
    const { startOperator, startSwitch, advance } = createContenders(lab);
    const first = startOperator();
    await advance(4);
    first.kill();
    const run = startSwitch();
    await advance(295);
    const second = startOperator();
    await advance(10);
    expect(run.log.lines).toContain('warn: no operator is at work: its experiments are ended');
    await advance(10);
    expect(second.log.lines).toContain('info: leading');
    expect([run.outcome(), run.writes()]).toEqual(['nothingToDo', 0]);
    expect(run.log.lines).toContain('info: an operator is back, and goes on itself');
  });

  test.for(Array.from({ length: 12 }, (_, index) => index))(
    'never two write, and everything is restored in the end, whoever is killed when: seed %d',
    async (seed) => {
      const random = seededRandom(seed);
      const lab = await left(isMirroring);
      const { startOperator, startSwitch, advance, switches } = createContenders(lab);
      let operator = startOperator();
      for (let round = 0; round < 40; round++) {
        await advance(1 + random.integer(random.chance(0.3) ? 400 : 20), { cron: true });
        if (random.chance(0.4)) operator.kill();
        if (random.chance(0.3)) for (const each of switches()) if (random.chance(0.5)) each.kill();
        if (random.chance(0.2)) startSwitch();
        if (!operator.isAlive() && random.chance(0.3)) operator = startOperator();
        if (random.chance(0.2)) lab.cluster.killAt = { write: lab.cluster.writes + 1, when: 'after' };
      }
      operator.kill();
      lab.cluster.killAt = undefined;
      await advance(1800, { cron: true, until: () => lab.isComplete('x') });
      expect(lab.isComplete('x')).toBe(true);
      expect(lab.targets()).toEqual(BEFORE);
    },
  );

  test('one that works without the Lease is not disturbed, and the run fails and says so', async () => {
    const lab = await left(isMirroring);
    const { startSwitch, advance } = createContenders(lab);
    const run = startSwitch();
    await advance(60);
    lab.cluster.edit('MirrorExperiment', 'bookstore', 'x', ({ status }) => {
      (status as { lastAnalysisTime?: string }).lastAnalysisTime = '2026-01-01T02:00:00Z';
    });
    await advance(300);
    expect([run.outcome(), run.writes()]).toEqual(['failed', 0]);
    expect(run.log.lines.at(-1)).toMatch(/^error: the status of experiments is written by somebody who does not hold/);
  });
});
