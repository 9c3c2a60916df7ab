import { isRecord, numberAt, recordAt, recordsAt, stringAt } from '../src/core/kubernetes/fields.ts';
import type { Telemetry } from './azureMonitor.ts';
import type { Cluster } from './cluster.ts';
import { applyManifests } from './manifests.ts';
import type { EndToEndOptions } from './options.ts';

/** static: the bootstrap is read once, so the operator restarts Envoy; watched: Envoy follows the mounted files. */
export type Reload = 'static' | 'watched';

/** A bookstore behind Envoy in a namespace of its own, with live traffic. */
export interface Shop {
  readonly namespace: string;
  readonly reload: Reload;
  /** What telemetry calls the candidate of an experiment. */
  candidate(experiment: string): string;
  /** @param tag of the lab's image that the candidate has */
  apply(experiment: string, tag: string, times?: { readonly minDurationSeconds?: number }): Promise<void>;
  /** Everything that people wrote in the objects that experiments patch: data, spec, labels, annotations. */
  state(): Promise<string>;
  /** Whether an Envoy of the shop still has the cluster of the candidate: what it runs with, not what its file says. */
  hasMirror(): Promise<boolean>;
  /** Requests that the poller has sent so far, and those that failed. */
  traffic(): Promise<Traffic>;
}

interface Traffic {
  readonly sent: number;
  readonly failed: number;
  /** By reason. */
  readonly failures: string;
  /** The seconds in which requests failed, and how many. */
  readonly failedAt: readonly string[];
}

export interface ShopOptions {
  readonly namespace: string;
  readonly reload: Reload;
  readonly telemetry: Telemetry;
  readonly options: EndToEndOptions;
}

/** The poller ends by itself after this time, if nobody removes it. */
const MAX_SECONDS = 3600;

const ENVOY: Readonly<Record<Reload, unknown>> = {
  static: {
    configMap: { name: 'envoy-bootstrap', key: 'envoy.yaml' },
    liveCluster: 'bookservice',
    mirrorCluster: 'bookservicemirror',
    reload: { workload: { kind: 'Deployment', name: 'front' } },
  },
  watched: {
    configMap: { name: 'envoy-watched', key: 'rds.yaml', clustersKey: 'cds.yaml' },
    liveCluster: 'bookservice',
    mirrorCluster: 'bookservicemirror',
  },
};

export async function openShop(
  cluster: Cluster,
  { namespace, reload, telemetry, options }: ShopOptions,
): Promise<Shop> {
  const live = `V1MIR-${namespace}`;
  const values = {
    NAMESPACE: namespace,
    LIVE: live,
    LAB_IMAGE: options.labImage,
    ENVOY_IMAGE: options.envoyImage,
    CONNECTION_STRING: telemetry.connectionString,
    REQUESTS_PER_SECOND: options.requestsPerSecond,
    MAX_SECONDS,
  };
  await cluster.kubectl(['create', 'namespace', namespace]);
  await applyManifests(cluster, [`${reload}.yaml`, 'front.yaml', 'services.yaml'], values);
  for (const name of ['bookservice', 'front']) {
    await cluster.kubectl(['rollout', 'status', '-n', namespace, `deployment/${name}`, '--timeout=180s']);
  }
  // Only now: before, there is nobody to answer.
  await applyManifests(cluster, ['poller.yaml'], values);
  const candidate = (experiment: string) => `MIR-${namespace}-${experiment}`;
  return {
    namespace,
    reload,
    candidate,
    apply: (experiment, tag, { minDurationSeconds = 50 } = {}) =>
      applyManifests(cluster, ['experiment.yaml'], {
        ...values,
        NAME: experiment,
        TAG: tag,
        CANDIDATE: candidate(experiment),
        ENVOY: JSON.stringify(ENVOY[reload]),
        MIN_DURATION_SECONDS: minDurationSeconds,
        DEADLINE_SECONDS: options.deadlineSeconds,
      }),
    state: async () => {
      const list = await cluster.get('configmaps,deployments', '-n', namespace);
      return JSON.stringify(recordsAt(list, 'items').map(written).filter(isRecord), null, 1);
    },
    hasMirror: async () => {
      const pods = recordsAt(await cluster.get('pods', '-n', namespace, '-l', 'app=front'), 'items');
      // One that is being ended gets no live requests any more.
      const serving = pods.filter((pod) => recordAt(pod, 'metadata')?.deletionTimestamp === undefined);
      const addresses = serving.flatMap((pod) => stringAt(recordAt(pod, 'status'), 'podIP') ?? []);
      const script = `Promise.all(process.argv.slice(1).map((address) =>
          fetch('http://' + address + ':9901/clusters').then((answer) => answer.text(), () => '')))
        .then((texts) => console.log(texts.some((text) => text.includes('bookservicemirror::'))))`;
      const answer = await cluster.kubectl([
        'exec',
        '-n',
        namespace,
        'poller',
        '--',
        'node',
        '-e',
        script,
        ...addresses,
      ]);
      return answer.trim() === 'true';
    },
    traffic: async () => {
      const line = await cluster.kubectl(['logs', '-n', namespace, 'poller', '--tail=1']);
      const counts: unknown = JSON.parse(line);
      return {
        sent: numberAt(counts, 'sent') ?? 0,
        failed: numberAt(counts, 'failed') ?? 0,
        failures: JSON.stringify(recordAt(counts, 'failures') ?? {}),
        failedAt: failureTimes(await cluster.kubectl(['logs', '-n', namespace, 'poller', '--timestamps'])),
      };
    },
  };
}

/** The Deployment controller's own count of pod templates. */
const REVISION = 'deployment.kubernetes.io/revision';

/** Undefined for what is not a part of the shop: evidence, and the cluster's own ConfigMap. */
function written(object: Record<string, unknown>): unknown {
  const metadata = recordAt(object, 'metadata') ?? {};
  const name = stringAt(metadata, 'name') ?? '';
  if (name === 'kube-root-ca.crt' || name.endsWith('-evidence')) return undefined;
  const { [REVISION]: _, ...annotations } = recordAt(metadata, 'annotations') ?? {};
  const { kind, data, spec } = object;
  return { kind, name, data, spec, labels: metadata.labels, annotations, finalizers: metadata.finalizers };
}

/** @param log of the poller, with times: its counts, a line each second */
export function failureTimes(log: string): readonly string[] {
  let before = 0;
  return log.split('\n').flatMap((line) => {
    const [, time = '', failed = ''] = /^\S+T(\d\d:\d\d:\d\d)\S* .*"failed":(\d+)/.exec(line) ?? [];
    const more = Number(failed) - before;
    if (time === '' || more <= 0) return [];
    before = Number(failed);
    return [`${more} at ${time}`];
  });
}
