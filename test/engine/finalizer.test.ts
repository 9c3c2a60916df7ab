import { describe, expect, it } from 'vitest';
import { NAMESPACE } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

const OURS = 'mirroring.dev/restore';

describe('the finalizer', () => {
  it('is there while anything may be patched, and is taken off with one write when all is restored', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    await lab.run(() => isPatched(lab) && finalizers(lab).includes(OURS));
    addFinalizer(lab, 'example.com/keep');
    const held: boolean[] = [];
    await lab.run(() => {
      if (isPatched(lab)) held.push(finalizers(lab).includes(OURS));
      return lab.isComplete('x');
    });
    expect(new Set(held)).toEqual(new Set([true]));
    const { writes } = lab.cluster;
    await lab.run(() => !finalizers(lab).includes(OURS), 5);
    expect(finalizers(lab)).toEqual(['example.com/keep']);
    expect(lab.cluster.writes).toBe(writes + 1);
    const end = lab.now + 10_000_000;
    await lab.run(() => lab.now >= end);
    expect(lab.cluster.writes).toBe(writes + 1);
  });

  it.each(['before', 'after'] as const)('is taken off by the next look after a kill %s that write', async (when) => {
    const reference = new Simulation();
    reference.apply('x', 'V2');
    await reference.run(() => reference.isComplete('x'));
    for (const write of [reference.cluster.writes, reference.cluster.writes + 1]) {
      const lab = new Simulation();
      lab.cluster.killAt = { write, when };
      lab.apply('x', 'V2');
      await lab.run(() => lab.kills === 1);
      await lab.run(() => lab.isComplete('x') && finalizers(lab).length === 0, 60);
    }
  });

  it('is set again before a changed spec patches anything', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x') && finalizers(lab).length === 0);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      (object.spec as { analysis?: unknown }).analysis = { minDurationSeconds: 90 };
    });
    const held: boolean[] = [];
    await lab.run(() => {
      if (isPatched(lab)) held.push(finalizers(lab).includes(OURS));
      return lab.isComplete('x') && lab.status('x').observedGeneration === 2;
    });
    expect(new Set(held)).toEqual(new Set([true]));
    await lab.run(() => finalizers(lab).length === 0, 5);
  });

  it('is taken off a refused experiment too, and off one whose spec cannot be read', async () => {
    const refused = new Simulation();
    refused.cluster.remove('ConfigMap', NAMESPACE, 'default-sidecar');
    refused.apply('x', 'V2');
    await refused.run(() => refused.isComplete('x') && finalizers(refused).length === 0, 300);
    const unreadable = new Simulation();
    unreadable.apply('x', 'V2', { traffic: { gateway: 'of a later version' } });
    await unreadable.run(() => unreadable.isComplete('x') && finalizers(unreadable).length === 0, 60);
  });

  it('stays where the mirror could not be taken out, because the deletion tries again', async () => {
    const lab = new Simulation();
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      const data = object.data as Record<string, string>;
      data['envoy.yaml'] = `${data['envoy.yaml']}\n  - [`;
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'RestoreConflict' });
    const end = lab.now + 10_000_000;
    await lab.run(() => lab.now >= end);
    expect(finalizers(lab)).toEqual([OURS]);
  });

  it('is taken off where somebody has reverted everything himself', async () => {
    const lab = new Simulation();
    const objects = ['default-sidecar', 'bookinfo-spa', 'bookservicemirror'];
    const kindOf = (name: string) => (name === 'default-sidecar' ? 'ConfigMap' : 'Deployment');
    const before = objects.map((name) => lab.cluster.get(kindOf(name), NAMESPACE, name));
    lab.apply('x', 'V2');
    await lab.run(() => lab.status('x').mirroringSince !== undefined);
    for (const object of before)
      if (object !== undefined) lab.cluster.put({ ...object, metadata: { ...object.metadata } });
    await lab.run(() => lab.isComplete('x') && finalizers(lab).length === 0);
  });
});

function finalizers(lab: Simulation): readonly string[] {
  const metadata = lab.cluster.get('MirrorExperiment', NAMESPACE, 'x')?.metadata as
    | { finalizers?: string[] }
    | undefined;
  return metadata?.finalizers ?? [];
}

function addFinalizer(lab: Simulation, finalizer: string): void {
  lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', ({ metadata }) => {
    const { finalizers: present = [] } = metadata as { finalizers?: string[] };
    (metadata as { finalizers?: string[] }).finalizers = [...present, finalizer];
  });
}

function isPatched(lab: Simulation): boolean {
  return JSON.stringify(lab.targets()).includes('mirroring.dev/journal');
}
