import type { AzureMonitor } from '../../demo/azure-monitor/index.ts';
import { startNode } from '../../demo/node/startNode.ts';
import { startReflector } from '../../src/adapters/kubernetes/reflector.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';
import type { Condition } from '../../src/api/conditions.ts';
import { type ExperimentIdentity, parseExperiment } from '../../src/api/experiment.ts';
import { journalAnnotation } from '../../src/api/names.ts';
import type { ConditionType } from '../../src/api/reasons.ts';
import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import { isRecord, numberAt, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { testNamespace } from './apiServer.ts';
import { type KubectlResult, kubectl } from './kubectl.ts';
import { connectTo } from './kubernetes.ts';
import { experimentSpec, labObjects, ROUTES, type SpecOptions } from './labObjects.ts';
import { startTraffic, type Traffic, type TrafficOptions } from './syntheticTraffic.ts';

export interface LabOptions {
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly azure: AzureMonitor;
  /** Data of the ConfigMap default-sidecar; default: the lab's bootstrap at envoy.yaml. */
  readonly data?: Readonly<Record<string, string>>;
  /** Default `V1-<namespace>` and `V2-<namespace>`: all labs share a workspace. */
  readonly versions?: { readonly live: string; readonly mirror: string };
  readonly traffic?: Partial<TrafficOptions>;
}

/** An experiment's specOptions that the lab does not know itself. */
export type Change = Partial<SpecOptions>;

/** A version of an experiment, as the watch told it. */
export type Version = Omit<ExperimentIdentity, 'spec'>;

const EXPERIMENTS = 'apis/mirroring.dev/v1alpha1';
const PATHS: Readonly<Record<string, string>> = {
  Service: 'api/v1/services',
  ConfigMap: 'api/v1/configmaps',
  Deployment: 'apis/apps/v1/deployments',
  DaemonSet: 'apis/apps/v1/daemonsets',
  StatefulSet: 'apis/apps/v1/statefulsets',
  ServiceAccount: 'api/v1/serviceaccounts',
  Lease: 'apis/coordination.k8s.io/v1/leases',
  Role: 'apis/rbac.authorization.k8s.io/v1/roles',
  RoleBinding: 'apis/rbac.authorization.k8s.io/v1/rolebindings',
};

export type LiveLab = Awaited<ReturnType<typeof startLab>>;

/** The lab's objects in a namespace of their own, with pods that are ready at once, and with telemetry. */
export async function startLab(options: LabOptions) {
  const { kubeconfig, azure } = options;
  const { api, log } = connectTo(kubeconfig);
  const namespace = await testNamespace({ kubeconfig });
  const versions = options.versions ?? { live: `V1-${namespace}`, mirror: `V2-${namespace}` };
  const at = (path: string) => `/${path.replace(/\/(?=[^/]*$)/, `/namespaces/${namespace}/`)}`;
  const experimentPath = (name: string) => `${at(`${EXPERIMENTS}/mirrorexperiments`)}/${name}`;
  const pathOf = (kind: string, name?: string) => `${at(PATHS[kind] ?? '')}${name === undefined ? '' : `/${name}`}`;

  const node = await startNode({ kubeconfig, namespace, images: 'instant' });
  const all = new Map<string, Version[]>();
  const reflector = startReflector({
    api,
    clock: systemClock,
    log,
    path: at(`${EXPERIMENTS}/mirrorexperiments`),
    onEvent: (type, object) => {
      const parsed = parseExperiment(object);
      const version = parsed.kind === 'experiment' ? parsed.experiment : parsed.identity;
      if (version === undefined || type === 'DELETED') return;
      const known = all.get(version.name) ?? [];
      all.set(version.name, [...known, version]);
    },
  });
  for (const object of labObjects(options.data)) await add(object);
  await until(
    'the pods of the lab are available',
    async () => {
      const deployments = await Promise.all(
        ['bookinfo-spa', 'bookservicemirror'].map((name) => read('Deployment', name)),
      );
      return deployments.every((each) => numberAt(recordAt(each, 'status'), 'availableReplicas') === 1);
    },
    60,
  );
  const proxies = watchProxies(async () => {
    const list = await api.request({ method: 'GET', path: pathOf('ConfigMap') });
    return recordsAt(list, 'items').flatMap((each) => Object.values(recordAt(each, 'data') ?? {}));
  });
  const traffic: Traffic = startTraffic({
    azure,
    liveVersion: versions.live,
    mirrorVersion: versions.mirror,
    routes: ROUTES,
    isMirroring: () => proxies.areMirroring(),
    ...options.traffic,
  });

  async function add(object: object): Promise<void> {
    const kind = stringAt(object, 'kind') ?? '';
    if (PATHS[kind] === undefined) throw new Error(`the lab knows no ${kind}`);
    const path = pathOf(kind);
    await api.request({ method: 'POST', path, body: object });
  }

  async function read(kind: string, name: string): Promise<Record<string, unknown>> {
    const object = await api.request({ method: 'GET', path: pathOf(kind, name) });
    if (!isRecord(object)) throw new Error(`${kind} ${name} is no object`);
    return object;
  }

  function manifest(name: string, change: Change = {}): object {
    const spec = experimentSpec({ ...versions, workspaceId: azure.workspaceId, ...change });
    return { apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata: { name, namespace }, spec };
  }

  /** Waits for a version from the present one on for which it holds, even if that has passed when it is seen. */
  async function untilVersion(
    name: string,
    what: string,
    holds: (version: Version) => boolean,
    seconds = 60,
  ): Promise<Version> {
    const present = Math.max(0, (all.get(name)?.length ?? 0) - 1);
    const find = () => all.get(name)?.slice(present).find(holds);
    await until(
      `${name}: ${what}`,
      async () => find() !== undefined,
      seconds,
      () => JSON.stringify(all.get(name)?.at(-1)?.status, null, 1),
    );
    return find() ?? Promise.reject(new Error(`${name}: ${what} does not hold any more`));
  }

  return {
    namespace,
    versions,
    traffic,
    add,
    read,
    manifest,
    /** Creates an experiment. */
    async create(name: string, change: Change = {}): Promise<void> {
      const path = at(`${EXPERIMENTS}/mirrorexperiments`);
      await api.request({ method: 'POST', path, body: manifest(name, change) });
    },
    /** Changes an experiment as a person would, with a JSON Merge Patch; the generation that it has then. */
    async edit(name: string, body: object): Promise<number> {
      const path = experimentPath(name);
      const contentType = 'application/merge-patch+json';
      const edited = await api.request({ method: 'PATCH', path, contentType, body });
      return numberAt(recordAt(edited, 'metadata'), 'generation') ?? 0;
    },
    async delete(name: string): Promise<void> {
      await api.request({ method: 'DELETE', path: experimentPath(name) });
    },
    async patch(kind: string, name: string, body: object, fieldManager = 'somebody'): Promise<void> {
      const contentType = 'application/merge-patch+json';
      await api.request({ method: 'PATCH', path: pathOf(kind, name), query: { fieldManager }, contentType, body });
    },
    async remove(kind: string, name: string): Promise<void> {
      await api.request({ method: 'DELETE', path: pathOf(kind, name) });
    },
    /** Waits for a version of the experiment; the error shows the status that it had instead. */
    until: untilVersion,
    async complete(name: string, seconds = 75): Promise<MirrorExperimentStatus> {
      const { status } = await untilVersion(name, 'is complete', isComplete, seconds);
      return status;
    },
    /** Until the experiment is there no more. */
    async gone(name: string, seconds = 30): Promise<void> {
      await until(`${name} is gone`, async () => !reflector.objects.has(`${namespace}/${name}`), seconds);
    },
    /** Every version of the experiment so far. */
    history: (name: string): readonly Version[] => all.get(name) ?? [],
    async config(key = 'envoy.yaml', name = 'default-sidecar'): Promise<string> {
      return stringAt(recordAt(await read('ConfigMap', name), 'data'), key) ?? '';
    },
    /** The objects as people wrote them: without what the API server and the Deployment controller count. */
    async targets(
      names: readonly (readonly [kind: string, name: string])[] = TARGETS,
    ): Promise<readonly Record<string, unknown>[]> {
      return Promise.all(names.map(async ([kind, name]) => written(await read(kind, name))));
    },
    /** The experiment's Events as `Reason xCount`, oldest first. */
    async events(name: string): Promise<readonly string[]> {
      const list = await api.request({ method: 'GET', path: at('api/v1/events') });
      return recordsAt(list, 'items')
        .filter((event) => stringAt(recordAt(event, 'involvedObject'), 'name') === name)
        .sort((a, b) => creation(a) - creation(b))
        .map((event) => `${stringAt(event, 'reason')} x${numberAt(event, 'count')}`);
    },
    kubectl: (args: readonly string[], timeout = 30_000): Promise<KubectlResult> =>
      kubectl(kubeconfig, ['-n', namespace, ...args], { timeout }),
    async stop(): Promise<void> {
      await traffic.stop();
      await reflector.stop();
      await node.stop();
      api.close();
    },
  };
}

/** The proxies' configuration as they have it: without an API server, they keep what they had. */
function watchProxies(readFiles: () => Promise<readonly unknown[]>): { areMirroring(): Promise<boolean> } {
  let mirrors = false;
  return {
    areMirroring: async () => {
      try {
        mirrors = (await readFiles()).some((text) => String(text).includes('request_mirror_policies'));
      } catch (error) {
        if (!(error instanceof ClusterError && error.kind === 'Unavailable')) throw error;
      }
      return mirrors;
    },
  };
}

const TARGETS = [
  ['ConfigMap', 'default-sidecar'],
  ['Deployment', 'bookinfo-spa'],
  ['Deployment', 'bookservicemirror'],
] as const;

export function conditionOf(status: MirrorExperimentStatus, type: ConditionType): Condition | undefined {
  return status.conditions?.find((condition) => condition.type === type);
}

/** Complete, with the spec that it has now. */
export function isComplete({ status, generation }: Version): boolean {
  const complete = conditionOf(status, 'Complete');
  return complete?.status === 'True' && complete.observedGeneration === generation;
}

/** Waits by asking again and again; the error says what never came true, and what was there instead. */
export async function until(
  what: string,
  isTrue: () => Promise<boolean>,
  seconds = 20,
  instead: () => string | undefined = () => undefined,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}; instead ${instead() ?? 'not'}`);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/** Without status and counters; with the journal, if there is one, so that it shows in a comparison. */
function written(object: Record<string, unknown>): Record<string, unknown> {
  const { status: _, metadata, ...rest } = object;
  const { annotations, labels, name } = isRecord(metadata) ? metadata : {};
  const kept = Object.entries(isRecord(annotations) ? annotations : {}).filter(
    ([key]) => key !== 'deployment.kubernetes.io/revision',
  );
  return { ...rest, name, labels, annotations: kept };
}

/** True when the operator has changed the object and not restored it. */
export function isPatched(object: Record<string, unknown>): boolean {
  return recordAt(recordAt(object, 'metadata'), 'annotations')?.[journalAnnotation] !== undefined;
}

function creation(event: Record<string, unknown>): number {
  return Date.parse(stringAt(recordAt(event, 'metadata'), 'creationTimestamp') ?? '');
}
