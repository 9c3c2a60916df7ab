import { describe, expect, test } from 'vitest';
import type { Samples } from '../../src/core/samples/samples.ts';
import type { TelemetryWindow } from '../../src/engine/ports/telemetry.ts';
import { Simulation } from '../support/simulation.ts';

const MIN_DURATION = 1200;
const DEADLINE = 7200;
const ANALYSIS = { minDurationSeconds: MIN_DURATION, deadlineSeconds: DEADLINE };

/** A run that is being analysed, of a good candidate, and an operator whose clock can be set; the services' clocks are right. */
async function analysing(analysis = ANALYSIS) {
  const simulation = new Simulation();
  const before = simulation.targets();
  let offset = 0;
  const { telemetry } = simulation;
  const read = telemetry.read.bind(telemetry);
  telemetry.read = async (question: Parameters<typeof read>[0], { start, end }: TelemetryWindow): Promise<Samples> => {
    const past = { start, end: Math.min(end, simulation.now - offset) };
    return past.end <= past.start ? { routes: [], queries: [] } : read(question, past);
  };
  simulation.apply('candidate', 'V2', { analysis });
  // Enough for a Pass, if it were not for minDurationSeconds.
  await simulation.run(() => (simulation.status('candidate').requests?.live ?? 0) >= 2000);
  const since = Date.parse(simulation.status('candidate').mirroringSince ?? '');
  return {
    simulation,
    before,
    step: (seconds: number) => {
      offset += seconds * 1000;
      simulation.now += seconds * 1000;
    },
    /** Seconds that have really passed since the warm-up. */
    passed: () => (simulation.now - offset - since) / 1000 - 120,
    end: () => simulation.run(() => simulation.isComplete('candidate')),
  };
}

describe('an operator’s clock that is set', () => {
  test.for([30, 900, 3600])('forward by %d s makes no Pass of less than minDurationSeconds', async (seconds) => {
    const { simulation, before, step, passed, end } = await analysing();
    step(seconds);
    await end();
    expect(simulation.status('candidate').verdict).toBe('Pass');
    expect(passed()).toBeGreaterThanOrEqual(MIN_DURATION);
    expect(simulation.targets()).toEqual(before);
  });

  test('forward past the deadline ends the run without a verdict on the candidate', async () => {
    const { simulation, before, step, passed, end } = await analysing();
    step(DEADLINE);
    const then = passed();
    await end();
    expect(simulation.status('candidate').verdict).toBe('Inconclusive');
    expect(simulation.condition('candidate', 'Passed')).toMatchObject({ reason: 'NotEnoughEvidence' });
    expect(simulation.condition('candidate', 'Passed')?.message).toMatch(/a Pass needs 1200 s/);
    expect(passed() - then).toBeLessThan(60);
    expect(simulation.targets()).toEqual(before);
  });

  test('back by more than a minute ends the run, which could not keep its deadline', async () => {
    const { simulation, before, step, passed, end } = await analysing();
    step(-3600);
    const then = passed();
    await end();
    expect(simulation.status('candidate').verdict).toBe('Inconclusive');
    expect(simulation.condition('candidate', 'Passed')).toMatchObject({ status: 'False', reason: 'ClockChanged' });
    expect(simulation.condition('candidate', 'Passed')?.message).toMatch(/3[56]\d\d s behind/);
    expect(passed() - then).toBeLessThan(60);
    expect(simulation.targets()).toEqual(before);
  });

  test('back by half a minute, as when it is set right, changes nothing', async () => {
    const { simulation, before, step, passed, end } = await analysing();
    step(-30);
    await end();
    expect(simulation.status('candidate').verdict).toBe('Pass');
    expect(passed()).toBeGreaterThanOrEqual(MIN_DURATION);
    expect(simulation.targets()).toEqual(before);
  });

  test('back during the restore does not keep mirroring on', async () => {
    const { simulation, before, step } = await analysing();
    await simulation.run(() => simulation.status('candidate').verdict !== undefined);
    step(-3600);
    await simulation.run(() => simulation.isComplete('candidate'));
    expect(simulation.status('candidate').verdict).toBe('Pass');
    expect(simulation.targets()).toEqual(before);
  });
});
