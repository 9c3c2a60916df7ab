import { setCondition } from '../../src/api/conditions.ts';
import { CONDITIONS } from '../../src/api/reasons.ts';
import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { experimentObject, NAMESPACE, SIDECAR, V2, V3, V4 } from '../support/lab.ts';
import { Simulation } from '../support/simulation.ts';

/** A MirrorExperiment with a status that the operator writes. */
export interface State {
  readonly what: string;
  readonly object: KubernetesObject;
}

/** Every version of an experiment that the operator's engine has written in simulated runs, from creation to the end. */
export async function simulatedStates(): Promise<State[]> {
  const runs = Object.entries(RUNS).map(async ([what, run]) => {
    const lab = new Simulation();
    const seen: State[] = [];
    const store = lab.cluster.objects;
    const set = store.set.bind(store);
    store.set = (key, object) => {
      if (object.kind === 'MirrorExperiment') seen.push({ what, object: structuredClone(object) });
      return set(key, object);
    };
    await run(lab);
    return seen;
  });
  return (await Promise.all(runs)).flat();
}

/** Each reason of Passed: while it is open, with a verdict while everything is being restored, and in the end. */
export function everyReason(): State[] {
  const combinations = [
    ['Unknown', 'False'],
    ['False', 'False'],
    ['True', 'False'],
    ['False', 'True'],
    ['True', 'True'],
  ] as const;
  return Object.keys(CONDITIONS.Passed).flatMap((reason) =>
    combinations.map(([passed, complete]) => ({
      what: `Passed ${passed} (${reason}), Complete ${complete}`,
      object: stateOf([
        ['Passed', passed, reason],
        ['Complete', complete, complete === 'True' ? 'Finished' : 'Running'],
      ]),
    })),
  );
}

type Told = readonly [type: keyof typeof CONDITIONS, status: 'True' | 'False' | 'Unknown', reason: string];

export function stateOf(
  conditions: readonly Told[],
  { generation = 1, observed }: { readonly generation?: number; readonly observed?: number } = {},
): KubernetesObject {
  const observedGeneration = observed ?? generation;
  const passed = conditions.find(([type]) => type === 'Passed')?.[1] ?? 'Unknown';
  const verdict = { True: 'Pass', False: 'Inconclusive', Unknown: undefined } as const;
  const status: MirrorExperimentStatus = {
    observedGeneration,
    ...(verdict[passed] !== undefined && { verdict: verdict[passed] }),
    conditions: conditions.reduce<NonNullable<MirrorExperimentStatus['conditions']>>(
      (all, [type, value, reason]) =>
        setCondition(all, { type, status: value, reason, message: 'Because.', observedGeneration }, 0),
      [],
    ),
  };
  const object = experimentObject('x', 'V2');
  const metadata = { ...object.metadata, generation, resourceVersion: '1' };
  return { ...object, metadata, status: { ...status } };
}

const complete = (lab: Simulation) => lab.run(() => lab.isComplete('x'));
const withTelemetry = (change: (lab: Simulation) => void, version = 'V2', spec?: Record<string, unknown>) => {
  return async (lab: Simulation): Promise<void> => {
    change(lab);
    lab.apply('x', version, spec);
    await complete(lab);
  };
};
const behaving = (behaviour: typeof V2, version: string) =>
  withTelemetry((lab) => {
    lab.telemetry.behaviour = behaviour;
  }, version);
const SHORT = { analysis: { deadlineSeconds: 900, minDurationSeconds: 300 } };

const RUNS: Readonly<Record<string, (lab: Simulation) => Promise<void>>> = {
  'same code': behaving(V2, 'V2'),
  slower: behaving(V3, 'V3'),
  faulty: behaving(V4, 'V4'),
  'little traffic': withTelemetry(
    (lab) => {
      lab.telemetry.requestsPerBlock = 6;
    },
    'V2',
    SHORT,
  ),
  'silent candidate': withTelemetry((lab) => {
    lab.telemetry.silent = { mirror: true };
  }),
  'silent live': withTelemetry(
    (lab) => {
      lab.telemetry.silent = { live: true, mirror: true };
    },
    'V2',
    SHORT,
  ),
  'no telemetry': withTelemetry(
    (lab) => {
      lab.telemetry.read = async () => {
        throw new TelemetryError('Unavailable', 'the workspace answered 503 (Service Unavailable)');
      };
    },
    'V2',
    SHORT,
  ),
  'candidate that does not come up': withTelemetry((lab) => {
    lab.stuck = ['bookservicemirror'];
  }),
  refused: withTelemetry((lab) => {
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      (object.data as Record<string, string>)['envoy.yaml'] = `${SIDECAR}# {{ template }}\n`;
    });
  }),
  'waits for another': async (lab) => {
    lab.apply('first', 'V2');
    lab.apply('x', 'V2');
    await lab.run(() => lab.isComplete('first') && lab.isComplete('x'));
  },
  'changed by somebody else': async (lab) => {
    lab.apply('x', 'V2');
    await lab.run(() => lab.condition('x', 'Mirroring')?.status === 'True');
    lab.cluster.edit('ConfigMap', NAMESPACE, 'default-sidecar', (object) => {
      (object.data as Record<string, string>)['envoy.yaml'] = SIDECAR;
    });
    await complete(lab);
  },
  'new spec while it runs, and after it': async (lab) => {
    const change = (percent: number) =>
      lab.cluster.edit('MirrorExperiment', NAMESPACE, 'x', (object) => {
        (object.spec as { traffic: { percent?: number } }).traffic.percent = percent;
      });
    lab.apply('x', 'V2');
    await lab.run(() => lab.condition('x', 'Passed')?.reason === 'Analysing');
    change(50);
    await lab.run(() => lab.status('x').observedGeneration === 2 && lab.isComplete('x'));
    change(20);
    await lab.run(() => lab.status('x').observedGeneration === 3 && lab.condition('x', 'Passed')?.status === 'Unknown');
  },
};
