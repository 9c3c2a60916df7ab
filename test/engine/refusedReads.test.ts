import { expect, it } from 'vitest';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { Simulation } from '../support/simulation.ts';

it('a right to read that is missing is told on the experiment, which goes on when it is given', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  const allow = forbidReading(lab, 'ConfigMap');
  lab.apply('x', 'V2');
  await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Waiting', 60);
  expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'Unknown' });
  expect(lab.condition('x', 'Passed')?.message).toMatch(/configmaps is forbidden; give its ClusterRole the right$/);
  expect(lab.status('x').summary).toBe(lab.condition('x', 'Passed')?.message);
  allow();
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
  expect(lab.targets()).toEqual(before);
});

it('a right to read that is missing when the experiment is deleted is told on it too', async () => {
  const lab = new Simulation();
  const before = lab.targets();
  lab.apply('x', 'V2');
  await lab.run(() => lab.status('x').mirroringSince !== undefined);
  const allow = forbidReading(lab, 'ConfigMap');
  lab.delete('x');
  await lab.run(() => lab.condition('x', 'Mirroring')?.reason === 'RestoreRefused', 60);
  expect(lab.status('x').verdict).toBeUndefined();
  allow();
  await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0, 60);
  expect(lab.targets()).toEqual(before);
});

function forbidReading(lab: Simulation, kind: string): () => void {
  const read = lab.cluster.read.bind(lab.cluster);
  lab.cluster.read = async (ref) => {
    if (ref.kind === kind) throw new ClusterError('Forbidden', 'configmaps is forbidden');
    return read(ref);
  };
  return () => {
    lab.cluster.read = read;
  };
}
