import { isRecord, recordAt, recordsAt, stringAt } from '../src/core/kubernetes/fields.ts';
import { type Cluster, until } from './cluster.ts';

/** An experiment as its status tells it. */
export interface Experiment {
  readonly namespace: string;
  readonly name: string;
  readonly created: Date;
  readonly mirroring: boolean;
  /** When the operator saw the first mirror in place. */
  readonly mirroringSince: Date | undefined;
  readonly verdict: string | undefined;
  /** Of the condition Passed. */
  readonly reason: string | undefined;
  readonly judged: Date | undefined;
  readonly completed: Date | undefined;
  readonly summary: string;
  /** The worst route, if it failed. */
  readonly route: string | undefined;
  readonly finalizers: readonly unknown[];
}

async function experiment(cluster: Cluster, namespace: string, name: string): Promise<Experiment | undefined> {
  const object = await cluster.get('mirrorexperiments', '-n', namespace, name);
  return object === undefined ? undefined : parse(object);
}

/** Waits until the experiment is as it is asked for; the error says how it is instead. */
export async function untilExperiment(
  cluster: Cluster,
  { namespace, name, seconds }: { readonly namespace: string; readonly name: string; readonly seconds: number },
  what: string,
  fits: (experiment: Experiment) => boolean,
): Promise<Experiment> {
  let last: Experiment | undefined;
  try {
    return await until(
      `${namespace}/${name} ${what}`,
      seconds,
      async () => {
        last = await experiment(cluster, namespace, name);
        return last !== undefined && fits(last) ? last : undefined;
      },
      2000,
    );
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}; it is ${JSON.stringify(last)}`);
  }
}

function parse(object: unknown): Experiment {
  const metadata = recordAt(object, 'metadata');
  const status = recordAt(object, 'status');
  const conditions = recordsAt(status, 'conditions');
  const condition = (type: string) => conditions.find((each) => each.type === type);
  const passed = condition('Passed');
  const blamed = recordsAt(status, 'routes').find((route) => route.verdict === 'Fail');
  const verdict = stringAt(status, 'verdict');
  return {
    namespace: stringAt(metadata, 'namespace') ?? '',
    name: stringAt(metadata, 'name') ?? '',
    created: dateAt(metadata, 'creationTimestamp') ?? new Date(Number.NaN),
    mirroring: condition('Mirroring')?.status === 'True',
    mirroringSince: dateAt(status, 'mirroringSince'),
    verdict,
    reason: stringAt(passed, 'reason'),
    judged: verdict === undefined ? undefined : dateAt(passed, 'lastTransitionTime'),
    completed: dateAt(status, 'completionTime'),
    summary: stringAt(status, 'summary') ?? '',
    route: stringAt(blamed, 'name'),
    finalizers: isRecord(metadata) && Array.isArray(metadata.finalizers) ? metadata.finalizers : [],
  };
}

function dateAt(value: unknown, field: string): Date | undefined {
  const text = stringAt(value, field);
  return text === undefined ? undefined : new Date(text);
}
