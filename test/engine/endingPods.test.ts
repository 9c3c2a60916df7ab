import { describe, expect, it } from 'vitest';
import { NAMESPACE } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

/** Old pods of Envoy that are being deleted and still serve the connections that they have. */
function ending(lab: Simulation, pods: () => number): void {
  lab.kubelet = () =>
    lab.cluster.edit('Deployment', NAMESPACE, 'bookinfo-spa', (object) => {
      Object.assign(object.status as object, { terminatingReplicas: pods() });
    });
}

describe('a run with a static bootstrap', () => {
  it('is complete only when the last old pod of Envoy has ended', async () => {
    const lab = new Simulation();
    let end = Number.POSITIVE_INFINITY;
    const hasVerdict = () => lab.status('x').verdict !== undefined;
    ending(lab, () => (hasVerdict() && lab.now < end ? 1 : 0));
    lab.apply('x', 'V2');
    await lab.run(hasVerdict);
    end = lab.now + 25_000;
    await lab.run(() => lab.now >= end - 5000);
    expect(lab.isMirroring()).toBe(false);
    expect(lab.isComplete('x')).toBe(false);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({
      status: 'Unknown',
      reason: 'SwitchingOff',
      message: 'Deployment bookinfo-spa: 1 old pod is still ending',
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.now).toBeGreaterThanOrEqual(end);
    expect(lab.now).toBeLessThan(end + 10_000);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
  });

  it('ends with RestartUnfinished when an old pod never ends', async () => {
    const lab = new Simulation();
    ending(lab, () => (lab.status('x').verdict === undefined ? 0 : 1));
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'RestartUnfinished' });
    expect(lab.condition('x', 'Mirroring')?.message).toMatch(/1 old pod is still ending/);
  });
});
