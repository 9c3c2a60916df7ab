import type { Experiment, ExperimentIdentity } from '../../api/experiment.ts';
import { copyHeader } from '../../api/names.ts';
import type { KubernetesObject, ObjectRef } from '../kubernetes/object.ts';
import type { MirrorIntent } from '../mirror/envoy/types.ts';
import { type Journal, type JournalOwner, readJournal } from '../mirror/journal.ts';
import type { TelemetryQuestion } from '../query/question.ts';
import { findObject, type World } from './world.ts';

/** What a run is made of, taken from the spec. A run is one generation of an experiment's spec. */

export function ownerOf(experiment: Experiment): JournalOwner {
  const { namespace, name, uid, generation } = experiment;
  return { namespace, name, uid, generation };
}

/** The objects that the spec lets the operator patch, in the order in which they are restored. */
export function targetRefs(experiment: Experiment): readonly ObjectRef[] {
  const { namespace, spec } = experiment;
  const { envoy } = spec.traffic;
  const refs: ObjectRef[] = [{ kind: 'ConfigMap', namespace, name: envoy.configMap.name }];
  const workload = envoy.reload?.workload;
  if (workload !== undefined) refs.push({ kind: workload.kind, namespace, name: workload.name });
  if (spec.mirror.deployment !== undefined) {
    refs.push({ kind: 'Deployment', namespace, name: spec.mirror.deployment.name });
  }
  return refs;
}

/** All objects that a decision about the experiment needs: its targets, those of a former run, and the Services. */
export function refsToRead(experiment: Experiment): readonly ObjectRef[] {
  const { namespace, spec } = experiment;
  const services = [spec.live.service, spec.mirror.service].map(
    (name): ObjectRef => ({ kind: 'Service', namespace, name }),
  );
  return unique([...refsToRestore(experiment), ...services]);
}

/** All objects that a restore needs: the targets and those of a former run. */
export function refsToRestore(experiment: Experiment): readonly ObjectRef[] {
  return unique([...targetRefs(experiment), ...patchedRefs(experiment)]);
}

function unique(refs: readonly ObjectRef[]): readonly ObjectRef[] {
  return refs.filter((ref, index) => refs.findIndex((each) => sameRef(each, ref)) === index);
}

/** What the last run has listed in the status before it patched anything. */
export function patchedRefs({ namespace, status }: ExperimentIdentity): readonly ObjectRef[] {
  return (status.targets ?? []).map(({ kind, name }) => ({ kind, namespace, name }));
}

export function sameRef(a: ObjectRef, b: ObjectRef): boolean {
  return a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;
}

export function refOf(object: KubernetesObject): ObjectRef {
  const { namespace, name } = object.metadata;
  return { kind: object.kind as ObjectRef['kind'], namespace, name };
}

/** The journal on an object, when it was written by a run of this experiment. */
export function ownJournal(experiment: ExperimentIdentity, object: KubernetesObject | undefined): Journal | undefined {
  const journal = readJournal(object);
  return journal !== undefined && journal !== 'unreadable' && journal.owner.uid === experiment.uid
    ? journal
    : undefined;
}

export function questionOf(experiment: Experiment): TelemetryQuestion {
  const { spec, namespace } = experiment;
  const { workspaceId, resourceId, table, versionProperty } = spec.telemetry.logAnalytics;
  return {
    source:
      workspaceId !== undefined
        ? { scope: 'workspace', workspaceId }
        : { scope: 'resource', resourceId: resourceId ?? '' },
    namespace,
    table,
    versionProperty,
    liveVersion: spec.live.version,
    mirrorVersion: spec.mirror.version,
    methods: spec.traffic.methods,
    include: spec.analysis.routes.include,
    exclude: spec.analysis.routes.exclude,
    intervalSeconds: spec.analysis.intervalSeconds,
    latency: spec.analysis.latency,
  };
}

export function intentOf(world: World, mirrorPort: number): MirrorIntent {
  const { namespace, name, spec } = world.experiment;
  const { envoy, percent, methods } = spec.traffic;
  return {
    liveCluster: envoy.liveCluster,
    mirrorCluster: envoy.mirrorCluster,
    percent,
    methods,
    mirrorAddress: {
      host: `${spec.mirror.service}.${namespace}.svc.${world.settings.clusterDomain}`,
      port: mirrorPort,
    },
    maxStreamDurationSeconds: COPY_TIMEOUT_SECONDS,
    // 1,000 requests a second that take 1.2 s each pass Envoy's default of 1,024; copies beyond it are dropped silently.
    maxRequests: 65_536,
    mark: { header: copyHeader, value: name },
    reload: envoy.reload === undefined ? 'watch' : 'restart',
  };
}

/**
 * Copies stream with backpressure, so a candidate that never reads holds a large live upload back until its copy is cut.
 * The bound has to be longer than the slowest answer worth comparing, and as short as that allows.
 */
const COPY_TIMEOUT_SECONDS = 15;

export function configMapOf(world: World): KubernetesObject | undefined {
  return findObject(world, 'ConfigMap', world.experiment.spec.traffic.envoy.configMap.name);
}

export function workloadOf(world: World): KubernetesObject | undefined {
  const workload = world.experiment.spec.traffic.envoy.reload?.workload;
  return workload === undefined ? undefined : findObject(world, workload.kind, workload.name);
}

/** The containers that the run changes; none: the images of all of them are the candidate's. */
export function candidateContainers(experiment: Experiment): readonly string[] {
  return (experiment.spec.mirror.deployment?.containers ?? []).map((container) => container.name);
}

export function candidateOf(world: World): KubernetesObject | undefined {
  const deployment = world.experiment.spec.mirror.deployment;
  return deployment === undefined ? undefined : findObject(world, 'Deployment', deployment.name);
}
