import { describe, expect, it } from 'vitest';
import { NAMESPACE, V2 } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';

const JOURNAL = 'mirroring.dev/journal';

describe('the candidate’s Deployment', () => {
  it('is never passed when somebody has given it another version than the one that the spec asks for', async () => {
    const lab = await mirroring();
    editContainer(lab, (container) => {
      container.image = 'readymirroring/bookservice:v1';
    });
    setManagers(lab, 'Deployment', 'bookservicemirror', [
      { manager: 'argocd-controller', time: '2026-01-01T00:10:00Z' },
      { manager: 'kube-controller-manager', time: '2026-01-01T00:20:00Z', subresource: 'status' },
    ]);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Inconclusive');
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.condition('x', 'Passed')?.message).toMatch(
      /^Deployment bookservicemirror was changed by field manager "argocd-controller" \(image readymirroring\/bookservice:v2 → readymirroring\/bookservice:v1\)/,
    );
  });

  it('may be scaled by an autoscaler, which is told where the result is read', async () => {
    const lab = await mirroring();
    lab.cluster.edit('Deployment', NAMESPACE, 'bookservicemirror', (object) => {
      (object.spec as { replicas: number }).replicas = 3;
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.condition('x', 'CandidateReady')).toMatchObject({ status: 'False', reason: 'RestoreConflict' });
    expect(lab.condition('x', 'CandidateReady')?.message).toContain('spec.replicas (3)');
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
  });
});

describe('the workload that runs Envoy', () => {
  it.each([
    ['with the journal (kubectl rollout undo)', true],
    ['without the journal', false],
  ])('is restarted once more when somebody has taken the template back %s', async (_, journalToo) => {
    const lab = await mirroring();
    rollBack(lab, journalToo);
    const patched = template(lab);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.config()).toBe(SIDECAR);
    // Its pods started with the mirror in their bootstrap: only other pods are without it.
    expect(template(lab)).not.toEqual(patched);
    expect(journalOf(lab, 'Deployment', 'bookinfo-spa')).toBeUndefined();
  });

  it('is restarted once more also when the experiment is deleted then', async () => {
    const lab = await mirroring();
    await lab.run(() => lab.status('x').targets?.every(({ patched }) => patched) === true);
    rollBack(lab, true);
    const patched = template(lab);
    lab.delete('x');
    await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
    expect(template(lab)).not.toEqual(patched);
  });

  it('is left to another run that has taken it over', async () => {
    const lab = await mirroring();
    const owner = { namespace: NAMESPACE, name: 'other', uid: 'uid-other', generation: 1 };
    const journal = JSON.stringify({ version: 1, owner, change: { type: 'restart' } });
    setJournal(lab, 'Deployment', 'bookinfo-spa', journal);
    await lab.run(() => lab.isComplete('x'));
    expect(journalOf(lab, 'Deployment', 'bookinfo-spa')).toBe(journal);
  });

  it('is not restarted a second time when it was restored', async () => {
    const lab = await mirroring();
    await lab.run(() => lab.isComplete('x'));
    expect(JSON.stringify(template(lab))).not.toContain('mirroring.dev');
  });
});

describe('the journal', () => {
  it('that nobody can read any more is not overwritten: the experiment is refused and says what to do', async () => {
    const lab = new Simulation();
    setJournal(lab, 'Deployment', 'bookservicemirror', '{"version": 7}');
    const before = lab.targets();
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('x'), 300);
    expect(lab.condition('x', 'Accepted')).toMatchObject({ status: 'False', reason: 'JournalUnreadable' });
    expect(lab.condition('x', 'Accepted')?.message).toMatch(
      /annotation mirroring\.dev\/journal of Deployment bookservice/,
    );
    expect(lab.targets()).toEqual(before);
  });

  it.each([
    ['taken off', undefined],
    ['edited', 'by hand'],
  ])('that is %s while the mirror is on does not keep it on, and it is told', async (_, text) => {
    const lab = await mirroring();
    setJournal(lab, 'ConfigMap', 'default-sidecar', text);
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.config()).toBe(SIDECAR);
    expect(journalOf(lab, 'ConfigMap', 'default-sidecar')).toBeUndefined();
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
    expect(lab.condition('x', 'Mirroring')?.message).toMatch(
      /^ConfigMap default-sidecar: .*is gone or edited.*no request/,
    );
    expect(lab.cluster.events.filter(({ reason }) => reason === 'RestoredPartly')).toMatchObject([{ type: 'Warning' }]);
  });

  it('that is gone with the mirror leaves nothing to restore', async () => {
    const lab = await mirroring();
    setJournal(lab, 'ConfigMap', 'default-sidecar', undefined);
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      (object.data as Record<string, string>)['envoy.yaml'] = SIDECAR;
    });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
  });
});

it('says that requests may still be copied when somebody has changed the mirror’s lines beyond recognition', async () => {
  const lab = await mirroring();
  lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
    const data = object.data as Record<string, string>;
    data['envoy.yaml'] = `${data['envoy.yaml']}\n  - [`;
  });
  await lab.run(() => lab.isComplete('x'));
  expect(lab.isMirroring()).toBe(true);
  expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'RestoreConflict' });
});

async function mirroring(): Promise<Simulation> {
  const lab = new Simulation();
  lab.telemetry.behaviour = V2;
  lab.apply('x', 'V2');
  await lab.run(() => lab.status('x').mirroringSince !== undefined);
  return lab;
}

function editContainer(lab: Simulation, change: (container: Record<string, unknown>) => void): void {
  lab.cluster.edit('Deployment', NAMESPACE, 'bookservicemirror', (object) => {
    const spec = object.spec as { template: { spec: { containers: Record<string, unknown>[] } } };
    for (const container of spec.template.spec.containers) change(container);
  });
}

/** The pod template as it was before the run; its pods start with the configuration as it is now. */
function rollBack(lab: Simulation, journalToo: boolean): void {
  lab.cluster.edit('Deployment', NAMESPACE, 'bookinfo-spa', (object) => {
    const { metadata } = (object.spec as { template: { metadata: { annotations?: unknown } } }).template;
    delete metadata.annotations;
    if (journalToo) delete (object.metadata as { annotations?: unknown }).annotations;
  });
}

function template(lab: Simulation): unknown {
  const spec = lab.cluster.get('Deployment', NAMESPACE, 'bookinfo-spa')?.spec;
  return (spec as { template: unknown } | undefined)?.template;
}

function journalOf(lab: Simulation, kind: string, name: string): string | undefined {
  return lab.cluster.get(kind, NAMESPACE, name)?.metadata.annotations?.[JOURNAL];
}

function setJournal(lab: Simulation, kind: string, name: string, text: string | undefined): void {
  lab.cluster.edit(kind, NAMESPACE, name, (object) => {
    (object.metadata as { annotations?: unknown }).annotations = text === undefined ? undefined : { [JOURNAL]: text };
  });
}

function setManagers(lab: Simulation, kind: string, name: string, managedFields: unknown): void {
  lab.cluster.edit(kind, NAMESPACE, name, (object) => {
    (object.metadata as { managedFields?: unknown }).managedFields = managedFields;
  });
}
