import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { planMirrorAnew } from '../mirror/configMap.ts';
import type { EnvoyChange } from '../mirror/journal.ts';
import { mirrorPortOf } from './accept.ts';
import { conclude } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { isCondition, isPastDeadline, progress, report, sinceOf, waitWithin } from './report.ts';
import { configMapOf, intentOf, ownerOf, ownJournal, refOf, workloadOf } from './run.ts';
import { writeRecord } from './switchMirroring.ts';
import type { World } from './world.ts';

/**
 * Awaits that the written share is on, and raises it step by step (spec.traffic.ramp) until it is spec.traffic.percent.
 * The share that is written, and when, is told by the journal on the ConfigMap. Everything that watches the run has to come
 * before this step, because it waits.
 */
export function ramp(world: World, status: MirrorExperimentStatus): Step {
  const configMap = configMapOf(world);
  const change = ownJournal(world.experiment, configMap)?.change;
  // Copies that are compared are those of the last step: it is behind us.
  if (configMap === undefined || change?.type !== 'envoy' || status.mirroringSince !== undefined) return { status };
  const workload = workloadOf(world);
  const on =
    workload === undefined ? awaitProjection(world, status, change) : awaitRestart(world, status, workload, change);
  if (on.next !== undefined) return on;
  const step = stepOf(world, change);
  if (step === undefined) return { status: showCopying(world, on.status, configMap) };
  const left = on.since + step.seconds * 1000 - world.now;
  return left > 0 ? hold(world, on.status, step, left) : raise(world, on.status, configMap, change, step);
}

/** A step before the last: its place, from 1, and the share that follows it. */
interface RampStep {
  readonly place: number;
  readonly of: number;
  readonly percent: number;
  readonly seconds: number;
  readonly next: number;
}

type Awaited =
  | Decision
  | { readonly status: MirrorExperimentStatus; readonly since: number; readonly next?: undefined };

/** The kubelet projects a changed ConfigMap within about a minute; nothing tells when. */
const PROJECTION_SECONDS = 60;

function stepOf({ experiment }: World, { percent: written }: EnvoyChange): RampStep | undefined {
  const { ramp: steps = [], percent: last } = experiment.spec.traffic;
  if (written === undefined || written >= last) return undefined;
  const index = steps.findIndex(({ percent }) => percent === written);
  const next = steps.find(({ percent }) => percent > written)?.percent ?? last;
  return { place: index + 1, of: steps.length + 1, percent: written, seconds: steps[index]?.seconds ?? 0, next };
}

function hold(world: World, status: MirrorExperimentStatus, step: RampStep, left: number): Decision {
  const seconds = Math.ceil(left / 1000);
  const message = `copying ${step.percent} % (step ${step.place} of ${step.of}); ${step.next} % follows in ${seconds} s`;
  const value = isCondition(status, 'Mirroring', 'True') ? 'True' : 'Unknown';
  const shown = report(world, status, 'Mirroring', value, 'Ramping', message);
  if (isPastDeadline(world, status)) {
    return conclude(world, shown, 'Inconclusive', 'NotEnoughEvidence', `the deadline came in the ramp: ${message}`);
  }
  return { status: progress(world, shown, 'SwitchingOn', message), next: untilNextLook(world, status, left) };
}

function raise(
  world: World,
  status: MirrorExperimentStatus,
  configMap: KubernetesObject,
  { files }: EnvoyChange,
  { next }: RampStep,
): Decision {
  const { experiment } = world;
  const { configMap: keys } = experiment.spec.traffic.envoy;
  const port = mirrorPortOf(world);
  if (typeof port === 'string') return conclude(world, status, 'Inconclusive', 'TargetChanged', port);
  const intent = { ...intentOf(world, port), percent: next };
  const plan = planMirrorAnew(configMap, files, keys, intent, ownerOf(experiment), writeRecord(world, next));
  if (plan.kind === 'refused') return conclude(world, status, 'Inconclusive', 'ConfigurationError', plan.message);
  return {
    status: progress(world, status, 'SwitchingOn', `raising the share of copied requests to ${next} %`),
    next: {
      kind: 'patch',
      ref: refOf(configMap),
      resourceVersion: configMap.metadata.resourceVersion,
      operations: plan.operations,
      purpose: `copy ${next} % in ConfigMap ${keys.name}`,
    },
  };
}

/** A step of watched files counts from its write; before copies are compared, the last one must have been projected. */
function awaitProjection(world: World, status: MirrorExperimentStatus, change: EnvoyChange): Awaited {
  const since = change.writtenAt === undefined ? world.now : Date.parse(change.writtenAt);
  const ramped = world.experiment.spec.traffic.ramp !== undefined && stepOf(world, change) === undefined;
  const left = ramped ? since + PROJECTION_SECONDS * 1000 - world.now : 0;
  if (left <= 0 || isPastDeadline(world, status)) return { status, since };
  const message = `${change.percent} % is written; Envoy reads it when the kubelet has projected it (up to about a minute)`;
  const shown = report(world, status, 'Mirroring', 'Unknown', 'Ramping', message);
  return { status: progress(world, shown, 'SwitchingOn', message), next: untilNextLook(world, status, left) };
}

/** A step counts from the moment at which every pod has started with it: the Mirroring condition tells when. */
function awaitRestart(
  world: World,
  status: MirrorExperimentStatus,
  workload: KubernetesObject,
  { writtenAt }: EnvoyChange,
): Awaited {
  const isOn = isCondition(status, 'Mirroring', 'True');
  const since = sinceOf(world, status, 'Mirroring');
  // After a kill, the condition may still be that of the step before.
  if (isOn && (writtenAt === undefined || since >= Date.parse(writtenAt))) return { status, since };
  const rollout = rolloutOf(workload);
  const waiting = rollout.state === 'complete' ? 'the restart is complete' : rollout.message;
  const restarting = report(world, status, 'Mirroring', 'Unknown', 'Restarting', waiting);
  if (rollout.state === 'complete') {
    const message = `every pod of ${workload.kind} ${workload.metadata.name} runs with the mirror`;
    return { status: report(world, restarting, 'Mirroring', 'True', 'Copying', message), since: world.now };
  }
  if (rollout.state === 'failed' || isPastDeadline(world, status)) {
    const message = `Envoy’s workload did not come back with the mirror: ${rollout.message}`;
    return conclude(world, restarting, 'Inconclusive', 'ConfigurationError', message);
  }
  return {
    status: progress(world, restarting, 'SwitchingOn', `restarting Envoy: ${rollout.message}`),
    next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds },
  };
}

/** The last share is written, and as far as can be seen on. Whether it copies is seen by the first copy. */
function showCopying(
  world: World,
  status: MirrorExperimentStatus,
  configMap: KubernetesObject,
): MirrorExperimentStatus {
  const workload = workloadOf(world);
  if (isCondition(status, 'Mirroring', 'True')) {
    if (workload === undefined || !isCondition(status, 'Mirroring', 'True', 'Ramping')) return status;
    const message = `every pod of ${workload.kind} ${workload.metadata.name} runs with the mirror`;
    return report(world, status, 'Mirroring', 'True', 'Copying', message);
  }
  if (isCondition(status, 'Mirroring', 'Unknown', 'ConfigWritten')) return status;
  const message = `ConfigMap ${configMap.metadata.name} is written; Envoy reads it when the kubelet has projected it (up to about a minute)`;
  // Copies before this moment may be those of a smaller share: the first one is asked for from the transition on.
  const off = report(world, status, 'Mirroring', 'False', 'NotStarted', message);
  return report(world, off, 'Mirroring', 'Unknown', 'ConfigWritten', message);
}

/** Whoever watches the run looks at least once in an interval. */
function untilNextLook(world: World, status: MirrorExperimentStatus, left: number) {
  return waitWithin(world, status, Math.min(left, world.experiment.spec.analysis.intervalSeconds * 1000));
}
