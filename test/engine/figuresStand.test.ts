import { describe, expect, it } from 'vitest';
import { tellsNews } from '../../src/core/status/tellsNews.ts';
import { V2, V3, V4 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

describe('a decision for which the figures of the status may stand', () => {
  it.each([
    ['V2', V2, 'Pass'],
    ['V3', V3, 'Fail'],
    ['V4', V4, 'Fail'],
  ] as const)('%s: is the same one, with the figures that the status had', async (version, behaviour, verdict) => {
    const lab = new Simulation();
    lab.telemetry.behaviour = behaviour;
    lab.apply('x', version);
    const { decide } = lab;
    let analyses = 0;
    lab.decide = (world) => {
      const decision = decide(world);
      const { status, next } = decide({ ...world, figuresStand: true });
      expect(next.kind).toBe(decision.next.kind);
      const { latency, meanLatency, errors, lastAnalysisTime } = world.experiment.status;
      expect(status).toMatchObject(JSON.parse(JSON.stringify({ latency, meanLatency, errors })));
      const time = decision.status.lastAnalysisTime;
      if (time !== lastAnalysisTime) analyses += 1;
      expect(status.lastAnalysisTime).toBe(time);
      expect(tellsNews(decision.status, status)).toBe(false);
      return decision;
    };
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe(verdict);
    expect(analyses).toBeGreaterThan(1);
  });
});
