import { describe, expect, it } from 'vitest';
import { getCondition } from '../../../src/api/conditions.ts';
import type { MirrorExperimentStatus } from '../../../src/api/types.generated.ts';
import { reportPunctuality, dueAt as timeDue } from '../../../src/core/lifecycle/punctual.ts';
import type { World } from '../../../src/core/lifecycle/world.ts';
import { Simulation } from '../../support/simulation.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

/** A world at a time in seconds since the first copy. */
async function worldAt(seconds: number): Promise<World> {
  const lab = new Simulation();
  lab.apply('x', 'V2', { analysis: { intervalSeconds: 30, warmupSeconds: 60, settleSeconds: 60 } });
  const { decide } = lab;
  let seen: World | undefined;
  lab.decide = (world) => {
    seen = world;
    return decide(world);
  };
  await lab.run(() => seen !== undefined);
  if (seen === undefined) throw new Error('nothing was decided');
  return { ...seen, now: START + seconds * 1000 };
}

/** As a look at this time, in seconds since the first copy, leaves it. */
const looked = (seconds: number): MirrorExperimentStatus => ({ mirroringSince: at(0), lastAnalysisTime: at(seconds) });

async function told(seconds: number, before: MirrorExperimentStatus): Promise<MirrorExperimentStatus> {
  return reportPunctuality(await worldAt(seconds), before, before);
}

describe('a look', () => {
  it('is due when the window has grown, and the first never is', async () => {
    expect(timeDue(await worldAt(200), {})).toBeUndefined();
    expect(timeDue(await worldAt(179), looked(150))).toBeUndefined();
    expect(timeDue(await worldAt(180), looked(150))).toBe(START + 180_000);
    expect(timeDue(await worldAt(500), looked(150))).toBe(START + 180_000);
  });

  it('that comes in time, and the first one, is told to be', async () => {
    for (const [seconds, before] of [
      [150, { mirroringSince: at(0) }],
      [180, looked(150)],
      [210, looked(150)],
    ] as const) {
      expect((await told(seconds, before)).conditions).toEqual([
        expect.objectContaining({ type: 'OnSchedule', status: 'True', reason: 'OnTime' }),
      ]);
    }
  });

  it('that comes more than one interval late is told, until one comes within half an interval', async () => {
    const late = await told(211, looked(150));
    expect(getCondition(late.conditions, 'OnSchedule')).toMatchObject({
      status: 'False',
      reason: 'Behind',
      message: 'the last look came 31 s after it was due, more than one interval (intervalSeconds 30)',
    });
    const next = { ...late, ...looked(211) };
    expect((await told(256, next)).conditions).toEqual(late.conditions);
    const back = await told(255, next);
    expect(getCondition(back.conditions, 'OnSchedule')).toMatchObject({ status: 'True', reason: 'OnTime' });
    expect((await told(301, { ...back, ...looked(271) })).conditions).toEqual(back.conditions);
  });
});
