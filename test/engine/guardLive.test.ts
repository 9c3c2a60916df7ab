import { describe, expect, it } from 'vitest';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { type Behaviour, experimentObject, REVIEWS, V3 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

const SLOWER: Behaviour = () => 100;
const FAILING: Behaviour = (_route, random) => (random() < 0.2 ? null : 0);

/** An experiment whose candidate is never judged before the guard has looked often. */
function start(spec: Record<string, unknown> = {}): Simulation {
  const lab = new Simulation();
  lab.apply('x', 'V2', { analysis: { minDurationSeconds: 1800, deadlineSeconds: 3600, ...spec } });
  return lab;
}

const isMirrored = (lab: Simulation) => () => lab.status('x').switchOnTime !== undefined && lab.isMirroring();

describe('live that gets worse while it is mirrored', () => {
  it.each([
    [
      'slower',
      SLOWER,
      /^p50 of live rose 100 ms \(15 → 115; tolerated 50\) since its requests are copied, after 300 req/,
    ],
    [
      'failing',
      FAILING,
      /^errors of live rose \d+(\.\d+)? percentage points \(0 % → .* %; tolerated 1\) since its requests/,
    ],
    [
      'slower on one route',
      ((route) => (route === REVIEWS ? 400 : 0)) as Behaviour,
      /^p\d\d of live(’s GET Reviews\/Get)? rose/,
    ],
  ])('(%s) ends mirroring within minutes, and everything is as before', async (_, behaviour, message) => {
    const lab = start();
    const before = lab.targets();
    await lab.run(isMirrored(lab));
    const since = lab.now;
    lab.telemetry.liveBehaviour = behaviour;
    await lab.run(() => !lab.isMirroring());
    expect((lab.now - since) / 1000).toBeLessThan(120);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.targets()).toEqual(before);
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'LiveDegraded' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(message);
    expect(lab.status('x').summary).toBe(`Inconclusive: ${lab.condition('x', 'Passed')?.message}`);
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'False', reason: 'LiveDegraded' });
    expect(lab.cluster.events.filter(({ reason }) => reason === 'LiveDegraded')).toMatchObject([{ type: 'Warning' }]);
  });

  it('is told with its figures', async () => {
    const lab = start();
    lab.telemetry.liveBehaviour = SLOWER;
    await lab.run(() => lab.isComplete('x'));
    const { live, switchOnTime } = lab.status('x');
    expect(live?.before).toMatchObject({ to: switchOnTime, requests: 3000, errorsPercent: 0 });
    expect(live?.since).toMatchObject({ from: switchOnTime, requests: 300, errorsPercent: 0 });
    const medians = [live?.before, live?.since].map((stretch) => stretch?.latency?.[0]?.milliseconds ?? 0);
    expect(medians[0]).toBeCloseTo(15, 0);
    expect(medians[1]).toBeCloseTo(115, 0);
  });

  it('late, long after the switch, is seen too', async () => {
    const lab = start();
    await lab.run(isMirrored(lab));
    const since = lab.now;
    await lab.run(() => lab.now > since + 1_200_000);
    lab.telemetry.liveBehaviour = SLOWER;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
    const last = lab.telemetry.guardWindows.at(-1);
    expect(last?.from).toBeGreaterThan(since + 600_000);
  });

  it('while a verdict on the candidate is due as well, goes first', async () => {
    const lab = start({ minDurationSeconds: 30 });
    lab.telemetry.behaviour = V3;
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    lab.telemetry.liveBehaviour = SLOWER;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
  });

  it('while the candidate’s telemetry never comes is seen before the first copy is', async () => {
    const lab = start();
    lab.telemetry.silent = { mirror: true };
    await lab.run(isMirrored(lab));
    lab.telemetry.liveBehaviour = FAILING;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
    expect(lab.status('x').mirroringSince).toBeUndefined();
  });

  it('in a step of a ramp is seen before the next one', async () => {
    const lab = new Simulation();
    const before = lab.targets();
    const { traffic } = experimentObject('x', 'V2').spec;
    const ramp = [{ percent: 5, seconds: 600 }];
    lab.apply('x', 'V2', { traffic: { ...traffic, ramp }, analysis: { deadlineSeconds: 7200 } });
    await lab.run(isMirrored(lab));
    lab.telemetry.liveBehaviour = SLOWER;
    await lab.run(() => !lab.isMirroring());
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
    expect(lab.status('x').percent).not.toBe(100);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.targets()).toEqual(before);
  });

  it('while Envoy’s workload never comes back is seen all the same', async () => {
    const lab = start();
    lab.stuck = ['bookinfo-spa'];
    await lab.run(isMirrored(lab));
    lab.telemetry.liveBehaviour = FAILING;
    await lab.run(() => !lab.isMirroring());
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
  });

  it('ends it although the operator is killed before or after any write', async () => {
    const reference = start();
    const before = reference.targets();
    reference.telemetry.liveBehaviour = SLOWER;
    await reference.run(() => reference.isComplete('x'));
    expect(reference.cluster.writes).toBeGreaterThan(8);
    for (let write = 1; write <= reference.cluster.writes; write++) {
      for (const when of ['before', 'after'] as const) {
        const lab = start();
        lab.telemetry.liveBehaviour = SLOWER;
        lab.cluster.killAt = { write, when };
        await lab.run(() => lab.isComplete('x'));
        expect(lab.kills).toBe(1);
        expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
        expect(lab.targets()).toEqual(before);
      }
    }
  }, 120_000);
});

describe('the guard does not end mirroring', () => {
  it('of live that stays as it was, and says so', async () => {
    const lab = start();
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'True', reason: 'Watching' });
    expect(lab.telemetry.guardWindows.length).toBeGreaterThan(10);
  });

  it('when it is switched off', async () => {
    const lab = start({ liveGuard: { enabled: false } });
    lab.telemetry.liveBehaviour = FAILING;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'Unknown', reason: 'Disabled' });
    expect(lab.status('x').live).toBeUndefined();
    expect(lab.telemetry.guardWindows).toEqual([]);
  });

  it.each([
    [
      'it had no traffic before',
      (lab: Simulation) => (lab.telemetry.silentBefore = true),
      'NoBaseline',
      /baselineSeconds/,
    ],
    ['it has none now', (lab: Simulation) => (lab.telemetry.silent = { live: true }), 'TooFewRequests', /check that/],
  ])('when %s, and says that it cannot tell', async (_, silence, reason, message) => {
    const lab = start({ deadlineSeconds: 1200, minDurationSeconds: 30 });
    silence(lab);
    lab.telemetry.liveBehaviour = FAILING;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).not.toBe('LiveDegraded');
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'Unknown', reason });
    expect(lab.condition('x', 'LiveHealthy')?.message).toMatch(message);
  });

  it('when telemetry refuses its questions, and goes on looking', async () => {
    const lab = start();
    lab.telemetry.guardFailure = new TelemetryError('Throttled', 'too many queries');
    lab.telemetry.liveBehaviour = FAILING;
    await lab.run(() => lab.condition('x', 'LiveHealthy')?.reason === 'TelemetryError');
    const since = lab.now;
    await lab.run(() => lab.now > since + 600_000);
    expect(lab.isMirroring()).toBe(true);
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'Unknown', message: 'too many queries' });
    lab.telemetry.guardFailure = undefined;
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')?.reason).toBe('LiveDegraded');
  });

  it('on one read that a second one does not confirm', async () => {
    const lab = start();
    const read = lab.telemetry.read.bind(lab.telemetry);
    let reads = 0;
    lab.telemetry.read = async (question, window) => {
      if (question.compare !== undefined) lab.telemetry.liveBehaviour = reads++ % 2 === 0 ? FAILING : () => 0;
      return read(question, window);
    };
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.condition('x', 'LiveHealthy')?.reason).toBe('Watching');
    expect(reads).toBeGreaterThan(20);
  });
});

describe('the guard looks', () => {
  it('first after two intervals, then at each of ten, then at every second one', async () => {
    const lab = start();
    await lab.run(() => lab.isComplete('x'));
    const [first] = lab.telemetry.guardWindows;
    const switchOn = first?.switchOn ?? 0;
    expect(new Date(switchOn).toISOString()).toContain(lab.status('x').switchOnTime?.slice(0, 19));
    const ends = lab.telemetry.guardWindows.map(({ end }) => (end - switchOn) / 1000);
    expect(ends.slice(0, 6)).toEqual([60, 90, 120, 150, 180, 210]);
    const steps = ends.slice(12).map((end, index) => end - (ends[11 + index] ?? 0));
    expect(new Set(steps)).toEqual(new Set([60]));
  });

  it('at a baseline that ends with the write, however long that was held up after its time was stored', async () => {
    const lab = start();
    await lab.run(() => lab.status('x').switchOnTime !== undefined);
    expect(lab.isMirroring()).toBe(false);
    lab.now += 3_600_000 / 2;
    const written = lab.now;
    await lab.run(() => lab.telemetry.guardWindows.length > 0);
    const [{ switchOn } = { switchOn: 0 }] = lab.telemetry.guardWindows;
    expect(switchOn).toBeGreaterThanOrEqual(written - 1000);
    expect(switchOn).toBeLessThan(written + 30_000);
  });

  it('never before the configuration is written', async () => {
    const lab = start();
    lab.stuck = ['bookservicemirror'];
    const since = lab.now;
    await lab.run(() => lab.now > since + 300_000);
    expect(lab.status('x').switchOnTime).toBeUndefined();
    expect(lab.telemetry.guardWindows).toEqual([]);
    expect(lab.condition('x', 'LiveHealthy')).toMatchObject({ status: 'Unknown', reason: 'NotStarted' });
  });

  it('at the baseline and at half to a whole baseline of what is recent', async () => {
    const lab = start();
    await lab.run(() => lab.isComplete('x'));
    for (const { start: begin, switchOn, from, end } of lab.telemetry.guardWindows) {
      expect(switchOn - begin).toBe(600_000);
      expect(from === switchOn || end - from >= 300_000).toBe(true);
      expect(end - from).toBeLessThanOrEqual(600_000);
    }
  });
});
