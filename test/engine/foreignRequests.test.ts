import { describe, expect, it } from 'vitest';
import { Simulation } from '../support/simulation.ts';

/** A run whose candidate reports so many requests more than copies; it behaves as live does. */
function start(foreign: (at: number, since: number) => number) {
  const lab = new Simulation();
  const before = lab.targets();
  lab.telemetry.requestsPerBlock = 60;
  lab.telemetry.foreign = (at) => foreign(at, Date.parse(lab.status('x').mirroringSince ?? ''));
  lab.apply('x', 'V2', { analysis: { deadlineSeconds: 1200 } });
  return { lab, before };
}

describe('a candidate that reports requests which are no copies', () => {
  it.each([
    ['a fifth more than the copies', 0.2],
    ['ten times the copies', 9],
  ])('gets no Pass: %s', async (_, share) => {
    const { lab, before } = start(() => share);
    await lab.run(() => lab.condition('x', 'Passed')?.message?.startsWith('a Pass waits') === true);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'ForeignRequests' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(
      /the candidate reports \d+ requests of .*, and only \d+ were copied/,
    );
    expect(lab.targets()).toEqual(before);
  });

  it('gets its Pass while they are within what may be lost', async () => {
    const { lab } = start(() => 0.03);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });

  it('gets its Pass when a short visit is outweighed', async () => {
    const { lab } = start((at, since) => (at >= since + 60_000 && at < since + 180_000 ? 1 : 0));
    await lab.run(() => lab.condition('x', 'Passed')?.message?.startsWith('a Pass waits') === true);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
  });
});
