import { describe, expect, it } from 'vitest';
import { NAMESPACE } from '../support/lab.ts';
import { SIDECAR, Simulation } from '../support/simulation.ts';

/** A pod of Envoy: the template that it was made from, and the bootstrap that it has read. */
interface Pod {
  readonly template: string;
  readonly config: string;
}

/** What becomes of a run whose operator is killed between the write of the bootstrap and the restart. */
const ENDS: readonly [what: string, end: (lab: Simulation) => Promise<void>][] = [
  [
    'is deleted',
    async (lab) => {
      lab.delete('x');
      await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
    },
  ],
  [
    'gets another spec',
    async (lab) => {
      edit(lab, (spec) => {
        spec.traffic.percent = 50;
      });
      await lab.run(() => lab.status('x').observedGeneration === 2);
    },
  ],
  [
    'gets a spec that cannot be read',
    async (lab) => {
      edit(lab, (spec) => {
        spec.traffic.envoy = { gateway: 'of a later version' };
      });
      await lab.run(() => lab.isComplete('x'));
    },
  ],
  [
    'is ended by somebody else’s write',
    async (lab) => {
      lab.cluster.edit('Deployment', NAMESPACE, 'bookservicemirror', (object) => {
        const { spec } = (object.spec as { template: { spec: { containers: { image: string }[] } } }).template;
        for (const container of spec.containers) container.image = 'other';
      });
      await lab.run(() => lab.isComplete('x'));
    },
  ],
];

describe('a pod of Envoy that is born between the write of the bootstrap and the restart', () => {
  it.each(ENDS)('does not go on copying when the experiment %s then', async (_, end) => {
    const lab = await written();
    let pods: Pod[] = [bornNow(lab)];
    expect(pods[0]?.config).toContain('request_mirror_policies');
    await end(lab);
    pods = rolledOut(lab, pods);
    expect(lab.config()).toBe(SIDECAR);
    expect(pods.map(({ config }) => config)).toEqual([SIDECAR]);
    expect(JSON.stringify(lab.targets())).not.toContain('mirroring.dev/journal');
  });

  it('does not go on copying wherever the restore is killed', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let write = 1; write <= 6; write++) {
        const lab = await written();
        const pods = [bornNow(lab)];
        lab.delete('x');
        lab.cluster.killAt = { write: lab.cluster.writes + write, when };
        await lab.run(() => lab.cluster.list('MirrorExperiment').length === 0);
        expect(rolledOut(lab, pods).map(({ config }) => config)).toEqual([SIDECAR]);
      }
    }
  });

  it('costs one restart, and leaves nothing but its annotation, which the next run takes off', async () => {
    const lab = await written();
    lab.delete('x');
    const templates = new Set([template(lab)]);
    await lab.run(() => {
      templates.add(template(lab));
      return lab.cluster.list('MirrorExperiment').length === 0;
    });
    expect(templates.size).toBe(2);
    expect(template(lab)).toContain('"mirroring.dev/config-hash":"restored-');
    lab.apply('y', 'V2');
    await lab.run(() => lab.isComplete('y'));
    expect(template(lab)).not.toContain('mirroring.dev');
  });
});

/** The operator is killed when it has written the bootstrap, and before it has restarted Envoy. */
async function written(): Promise<Simulation> {
  const lab = new Simulation();
  lab.apply('x', 'V2');
  const patch = lab.cluster.patch.bind(lab.cluster);
  lab.cluster.patch = (ref, ...rest) => {
    if (ref.kind === 'ConfigMap') lab.cluster.killAt = { write: lab.cluster.writes + 1, when: 'after' };
    return patch(ref, ...rest);
  };
  await lab.run(() => lab.kills === 1);
  lab.cluster.patch = patch;
  return lab;
}

function template(lab: Simulation): string {
  const spec = lab.cluster.get('Deployment', NAMESPACE, 'bookinfo-spa')?.spec;
  return JSON.stringify((spec as { template: unknown }).template);
}

const bornNow = (lab: Simulation): Pod => ({ template: template(lab), config: lab.config() });

/** What a Deployment does: pods of another template are replaced, pods of this one stay. */
const rolledOut = (lab: Simulation, pods: readonly Pod[]): Pod[] =>
  pods.map((pod) => (pod.template === template(lab) ? pod : bornNow(lab)));

function edit(lab: Simulation, change: (spec: { traffic: { percent?: number; envoy?: unknown } }) => void): void {
  lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
    change(object.spec as { traffic: { percent?: number; envoy?: unknown } });
  });
}
