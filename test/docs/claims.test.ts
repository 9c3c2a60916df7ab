import { describe, expect, test } from 'vitest';
import { alphaShare } from '../../src/core/verdict/alphaSplit.ts';
import { NAMESPACE, V2, V3 } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';

/** Minutes from the first copy to the look that decided. */
async function minutesToVerdict(behaviour: typeof V2): Promise<number> {
  const lab = new Simulation();
  lab.telemetry.behaviour = behaviour;
  lab.telemetry.requestsPerBlock = 600;
  lab.apply('x', 'V2');
  await lab.run(() => lab.isComplete('x'));
  const { mirroringSince = '', lastAnalysisTime = '' } = lab.status('x');
  return (Date.parse(lastAnalysisTime) - Date.parse(mirroringSince)) / 60_000;
}

describe('what the documents say about time', () => {
  test('with the defaults a Fail comes 6 minutes after the first copy at the earliest, a Pass 10', async () => {
    expect(await minutesToVerdict(V3)).toBe(6);
    expect(await minutesToVerdict(V2)).toBe(10);
  });
});

describe('what the documents say about a refused experiment', () => {
  const editConfig = (lab: Simulation, text: string) =>
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      (object.data as Record<string, string>)['envoy.yaml'] = text;
    });

  test('it does not look again when the object is corrected, but does for a new spec', async () => {
    const lab = new Simulation();
    editConfig(lab, `${SIDECAR}# {{ template }}\n`);
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Accepted')?.reason).toBe('ConfigTemplated');
    const refused = lab.status('x');
    editConfig(lab, SIDECAR);
    const later = lab.now + 4 * 3_600_000;
    await lab.run(() => lab.now >= later);
    expect(lab.status('x')).toEqual(refused);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      (object.spec as { traffic: { percent?: number } }).traffic.percent = 50;
    });
    await lab.run(() => lab.status('x').observedGeneration === 2 && lab.isComplete('x'));
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'True' });
  });
});

test('the false-alarm rate is shared as the documents say: a half, a sixth, a twelfth, or equal parts', () => {
  const shares = [1, 2, 3].map((rank) => alphaShare(1, rank, 1));
  expect(shares).toEqual([1 / 2, 1 / 6, 1 / 12]);
  expect([1, 2, 3].map((rank) => alphaShare(1, rank, 1, 4))).toEqual([1 / 4, 1 / 4, 1 / 4]);
});
