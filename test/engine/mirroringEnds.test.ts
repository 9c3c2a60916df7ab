import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { experimentObject, NAMESPACE, V2 } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';

const JOURNAL = 'mirroring.dev/journal';

/** What somebody else does to the ConfigMap while the mirror is on. */
type Damage = (object: { metadata: { annotations?: Record<string, string> }; data: Record<string, string> }) => void;

const journalLost: Damage = ({ metadata }) => delete metadata.annotations;
const journalEdited: Damage = ({ metadata }) => {
  metadata.annotations = { [JOURNAL]: `${metadata.annotations?.[JOURNAL]}.` };
};
const edited = (from: string | RegExp, to: string): Damage => {
  return ({ data }) => {
    const text = data['envoy.yaml'] ?? '';
    expect(text).toMatch(from);
    data['envoy.yaml'] = text.replace(from, to);
  };
};
const policyEdited = edited('numerator: 100', 'numerator: 50');
const both =
  (...damages: Damage[]): Damage =>
  (object) => {
    for (const damage of damages) damage(object);
  };

const DAMAGES: readonly [string, Damage][] = [
  ['the journal is gone', journalLost],
  ['the journal is edited', journalEdited],
  ['the policy is edited', policyEdited],
  ['the policy is edited and the journal is gone', both(journalLost, policyEdited)],
  ['the policy is edited and so is the journal', both(journalEdited, policyEdited)],
];

describe.each(DAMAGES)('mirroring ends when %s', (_, damage) => {
  it('and the experiment goes on to its end, with a condition that says what was done', async () => {
    const lab = await damaged(damage);
    await lab.run(() => lab.isComplete('x'));
    expectOff(lab);
    expect(lab.condition('x', 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
    expect(lab.condition('x', 'Mirroring')?.message).toMatch(/^ConfigMap default-sidecar: .* no request is copied/);
    expect(lab.status('x').targets?.map(({ patched }) => patched)).toEqual([false, false, false]);
  });

  it('and the experiment is deleted, with an Event that says what was done', async () => {
    const lab = await damaged(damage);
    lab.delete('x');
    await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
    expectOff(lab);
    expect(lab.cluster.events.filter(({ reason }) => reason === 'RestoredPartly')).toMatchObject([{ type: 'Warning' }]);
  });

  it('and the spec changes, so that a new run begins', async () => {
    const lab = await damaged(damage);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      (object.spec as { analysis?: unknown }).analysis = { minDurationSeconds: 90 };
    });
    await lab.run(() => lab.status('x').observedGeneration === 2);
    expectOff(lab);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.status('x').verdict).toBe('Pass');
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
    expectOff(lab);
  });

  it.each([false, true])('and the spec can no longer be read (deleted: %s)', async (deleted) => {
    const lab = await damaged(damage);
    lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
      (object.spec as { traffic: unknown }).traffic = { gateway: 'of a later version' };
    });
    if (deleted) lab.delete('x');
    await lab.run(() => (deleted ? lab.cluster.list('MirrorExperiment').length === 0 : lab.isComplete('x')));
    expectOff(lab);
    if (!deleted) expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
  });

  it('and the operator is killed before or after any write of the restore', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let write = 1; write <= 6; write++) {
        const lab = await damaged(damage);
        lab.cluster.killAt = { write: lab.cluster.writes + write, when };
        await lab.run(() => lab.isComplete('x'));
        expectOff(lab);
      }
    }
  });
});

describe('what others have written', () => {
  it('into our copy of a route stays, and its lines are named', async () => {
    const lab = await damaged(edited('timeout: 15s', 'timeout: 20s'), { methods: ['GET'] });
    await lab.run(() => lab.isComplete('x'));
    expect(lab.isMirroring()).toBe(false);
    expect(lab.config()).toContain('timeout: 20s');
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
    expect(lab.condition('x', 'Mirroring')?.message).toMatch(
      /envoy\.yaml lines 18–\d+ \(a route that may be the operator’s copy of the one below it\)/,
    );
  });

  it('to use the mirror cluster keeps the cluster, so that Envoy still starts', async () => {
    const route = '              - {match: {prefix: /new}, route: {cluster: bookservicemirror}}\n';
    const lab = await damaged(edited('              - match', `${route}              - match`));
    await lab.run(() => lab.isComplete('x'));
    expect(lab.isMirroring()).toBe(false);
    const names = parse(lab.config()).static_resources.clusters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(['bookservice', 'bookservicemirror']);
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'False', reason: 'RestoredPartly' });
    expect(lab.condition('x', 'Mirroring')?.message).toContain('(the cluster "bookservicemirror")');
  });

  it.each([
    ['with the journal', () => undefined],
    ['without the journal', journalLost],
  ])('so that the file cannot be read %s ends the experiment, and names the lines', async (_, more) => {
    const lab = await damaged(both(edited(/$/, '\n  - ['), more));
    const before = lab.config();
    await lab.run(() => lab.isComplete('x'));
    expect(lab.config()).toBe(before);
    const line = before.split('\n').findIndex((each) => each.includes('request_mirror_policies')) + 1;
    expect(lab.condition('x', 'Mirroring')).toMatchObject({ status: 'Unknown', reason: 'RestoreConflict' });
    expect(lab.condition('x', 'Mirroring')?.message).toContain(
      `take out envoy.yaml line ${line} (mirror policies; the`,
    );

    // Once it can be read again, the end of the experiment takes the mirror out.
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      (object.data as Record<string, string>)['envoy.yaml'] = before.replace('\n  - [', '');
    });
    lab.delete('x');
    await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
    expectOff(lab);
  });
});

describe('a candidate whose journal is lost', () => {
  it.each([false, true])('is left as it is, and it is told (deleted: %s)', async (deleted) => {
    const lab = await damaged(() => undefined);
    lab.cluster.edit('Deployment', NAMESPACE, 'bookservicemirror', ({ metadata }) => {
      (metadata as { annotations?: unknown }).annotations = { [JOURNAL]: 'edited' };
    });
    if (deleted) lab.delete('x');
    await lab.run(() => (deleted ? lab.cluster.list('MirrorExperiment').length === 0 : lab.isComplete('x')));
    expect(lab.config()).toBe(SIDECAR);
    const events = lab.cluster.events.filter(({ reason }) => reason === 'RestoreConflict');
    expect(events).toMatchObject([{ type: 'Warning' }]);
    expect(events[0]?.message).toContain('Deployment bookservicemirror');
  });
});

it('an experiment that is applied anew takes out what an earlier one of its name has left without a journal', async () => {
  const lab = await damaged(journalLost);
  lab.cluster.remove('MirrorExperiment', NAMESPACE, 'x');
  for (const name of ['bookinfo-spa', 'bookservicemirror']) {
    lab.cluster.edit('Deployment', NAMESPACE, name, ({ metadata }) => {
      delete (metadata as { annotations?: unknown }).annotations;
    });
  }
  lab.apply('x', 'V2');
  await lab.run(() => lab.isComplete('x'));
  expect(lab.status('x').verdict).toBe('Pass');
  expectOff(lab);
});

async function damaged(damage: Damage, traffic: { methods?: string[] } = {}): Promise<Simulation> {
  const lab = new Simulation();
  lab.telemetry.behaviour = V2;
  const spec = experimentObject('x', 'V2').spec.traffic;
  lab.apply('x', 'V2', { traffic: { ...spec, methods: ['*'], ...traffic } });
  await lab.run(() => lab.status('x').mirroringSince !== undefined);
  await lab.run(() => lab.status('x').targets?.every(({ patched }) => patched) === true);
  lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
    damage(object as unknown as Parameters<Damage>[0]);
  });
  return lab;
}

/** Every byte of the config is as before the run, no journal is left, and Envoy's pods are of a template without the mirror. */
function expectOff(lab: Simulation): void {
  expect(lab.config()).toBe(SIDECAR);
  const configMap = lab.cluster.get('ConfigMap', NAMESPACE, 'default-sidecar');
  expect(configMap?.metadata.annotations).toBeUndefined();
  expect(JSON.stringify(lab.cluster.get('Deployment', NAMESPACE, 'bookinfo-spa')?.spec)).not.toContain('mirroring.dev');
}
