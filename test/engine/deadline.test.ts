import { describe, expect, it } from 'vitest';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { V2 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

describe('the deadline', () => {
  it.each([
    [
      'minDurationSeconds',
      1500,
      1300,
      /within tolerance, but only .* s with requests were analysed .*minDurationSeconds.*raise deadlineSeconds/,
    ],
    ['ten intervals', 700, 300, /a Pass needs 10/],
  ])(
    'before a Pass can be given (%s) is neither called within tolerance nor a loss of copies',
    async (_, deadlineSeconds, minDurationSeconds, message) => {
      const lab = new Simulation();
      lab.stuck = ['bookservicemirror'];
      lab.apply('x', 'V2', { analysis: { deadlineSeconds, minDurationSeconds } });
      const start = lab.now;
      await lab.run(() => lab.now >= start + 200_000);
      lab.stuck = [];
      await lab.run(() => lab.isComplete('x'));
      expect(lab.status('x').requests?.coveragePercent).toBe(100);
      expect(lab.status('x').verdict).toBe('Inconclusive');
      expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });
      expect(lab.condition('x', 'Passed')?.message).toMatch(message);
    },
  );

  it.each(['while telemetry is checked', 'while copies are awaited', 'during the analysis'])(
    'does not wait for what telemetry asks to wait: %s',
    async (stage) => {
      const lab = new Simulation();
      const throttle = () => {
        lab.telemetry.failure = new TelemetryError('Throttled', 'wait', { retryAfterSeconds: 3600 });
      };
      if (stage === 'while telemetry is checked') throttle();
      lab.apply('x', 'V2', { analysis: { deadlineSeconds: 700 } });
      const start = lab.now;
      if (stage === 'while copies are awaited') {
        await lab.run(() => lab.condition('x', 'Accepted')?.status === 'True');
        throttle();
      }
      if (stage === 'during the analysis') {
        await lab.run(() => lab.status('x').lastAnalysisTime !== undefined);
        throttle();
      }
      await lab.run(() => lab.isComplete('x'));
      expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TelemetryError' });
      expect((lab.now - start) / 1000).toBeLessThan(730);
    },
  );

  it('ends an experiment whose two reads of a window never agree', async () => {
    const lab = new Simulation();
    lab.telemetry.behaviour = V2;
    const read = lab.telemetry.read.bind(lab.telemetry);
    let reads = 0;
    lab.telemetry.read = (question, window) => {
      reads += 1;
      lab.telemetry.requestsPerBlock = reads % 2 === 1 ? 150 : 3;
      return read(question, window);
    };
    lab.apply('x', 'V2', { analysis: { deadlineSeconds: 1200 } });
    await lab.run(() => lab.isComplete('x'), 1500);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(/settleSeconds/);
    expect(reads).toBeLessThan(80);
  });
});

it('a candidate whose clock is ahead does not put the analysis off', async () => {
  const lab = new Simulation();
  lab.telemetry.firstCopy = async () => lab.now + 3_600_000;
  lab.apply('x', 'V2');
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
});

it('awaits the end of the old pods also when the new ones never came, and keeps the candidate until then', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  lab.stuck = ['bookinfo-spa'];
  lab.apply('x', 'V2', { analysis: { deadlineSeconds: 700 } });
  await lab.run(() => lab.status('x').verdict !== undefined);
  const verdictAt = lab.now;
  await lab.run(() => lab.now >= verdictAt + 60_000);
  expect(lab.isComplete('x')).toBe(false);
  expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'SwitchingOff' });
  expect(JSON.stringify(lab.targets())).toContain('"type\\":\\"candidate');
  lab.stuck = [];
  await lab.run(() => lab.isComplete('x'), 60);
  expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
  expect(lab.targets()).toEqual(before);
});
