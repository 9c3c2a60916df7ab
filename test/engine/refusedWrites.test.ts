import { expect, it } from 'vitest';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { NAMESPACE, V2 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

const FORBIDDEN = new ClusterError('Forbidden', 'configmaps "default-sidecar" is forbidden');

it.each([
  ['a right that is missing', FORBIDDEN],
  ['an admission policy', new ClusterError('Invalid', 'denied by policy')],
])(
  'a deleted experiment says that its restore is refused by %s, and goes when it is not any more',
  async (_, error) => {
    const lab = new Simulation();
    const before = lab.targets();
    lab.telemetry.behaviour = V2;
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    lab.cluster.refuses.set('ConfigMap/default-sidecar', error);
    lab.delete('x');
    await lab.run(() => lab.condition('x', 'Mirroring')?.reason === 'RestoreRefused', 60);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown' });
    expect(lab.condition('x', 'Mirroring')?.message).toContain(error.message);
    expect(lab.cluster.events.filter(({ reason }) => reason === 'RestoreRefused')).toMatchObject([{ type: 'Warning' }]);

    const { writes } = lab.cluster;
    const tries = await triesWithin(lab, 120);
    expect(tries).toBeLessThan(10);
    expect(lab.cluster.writes).toBe(writes);
    lab.cluster.refuses.clear();
    await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0, 60);
    expect(lab.targets()).toEqual(before);
  },
);

it('a restore that is refused after the verdict is tried until it succeeds', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  lab.apply('x', 'V2');
  await lab.run(() => lab.status('x').mirroringSince !== undefined);
  lab.cluster.refuses.set('ConfigMap/default-sidecar', FORBIDDEN);
  await lab.run(() => lab.condition('x', 'Mirroring')?.reason === 'RestoreRefused');
  expect(lab.status('x').verdict).toBe('Pass');
  expect(lab.isComplete('x')).toBe(false);
  lab.cluster.refuses.clear();
  await lab.run(() => lab.isComplete('x'), 60);
  expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
  expect(lab.targets()).toEqual(before);
});

/** Reads of the ConfigMap in the given simulated time. */
async function triesWithin(lab: Simulation, seconds: number): Promise<number> {
  const end = lab.now + seconds * 1000;
  let tries = 0;
  const read = lab.cluster.read.bind(lab.cluster);
  lab.cluster.read = (ref) => {
    if (ref.kind === 'ConfigMap' && ref.namespace === NAMESPACE) tries += 1;
    return read(ref);
  };
  await lab.run(() => lab.now >= end);
  return tries;
}

it('a status whose figures the API server refuses does not keep the mirror on', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  const write = lab.cluster.writeStatus.bind(lab.cluster);
  lab.cluster.writeStatus = async (ref, resourceVersion, status) => {
    if (status.routes !== undefined) throw new ClusterError('Invalid', 'status.routes[0].name: Too long');
    return write(ref, resourceVersion, status);
  };
  lab.apply('x', 'V2');
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
  expect(lab.status('x').routes).toBeUndefined();
  expect(lab.targets()).toEqual(before);
});
