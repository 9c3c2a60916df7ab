import { timestamp } from '../../api/conditions.ts';
import { journalAnnotation } from '../../api/names.ts';
import type { ReasonOf } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import { numberAt, recordAt, recordsAt } from '../kubernetes/fields.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { replacesPodsByHand } from '../kubernetes/rollout.ts';
import { planCandidate } from '../mirror/candidate.ts';
import { planMirrorOn } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
import { readJournal } from '../mirror/journal.ts';
import { conclude } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { blockedBy, isAbandoned } from './precedence.ts';
import { isCondition, progress, report, sinceOf } from './report.ts';
import { restoreNext } from './restore.ts';
import { candidateOf, configMapOf, intentOf, ownerOf, questionOf, targetRefs, workloadOf } from './run.ts';
import { findObject, type World } from './world.ts';

/** Checks everything that can be checked before anything is written. What is refused here leaves no trace in the cluster. */
export function accept(world: World, status: MirrorExperimentStatus): Step {
  if (isCondition(status, 'Accepted', 'True')) return { status };
  const blocker = blockedBy(world.experiment, world.others, world.objects);
  if (blocker !== undefined) {
    const message = `waits for MirrorExperiment ${blocker.name}, which uses ${blocker.object}`;
    const waiting = report(world, status, 'Accepted', 'Unknown', 'WaitingForExperiment', message);
    return { status: progress(world, waiting, 'Waiting', message), next: { kind: 'wait', milliseconds: BLOCKED_POLL } };
  }
  const abandoned = restoreNext(world, status, (object) => isAbandoned(world.experiment, world.others, object));
  if (abandoned.next !== undefined) return abandoned;
  const targets = checkTargets(world, status);
  return 'next' in targets ? targets : checkTelemetry(world, status, targets.warnings);
}

/** The end of another experiment wakes those that wait for it; this is for the end that nobody saw. */
const BLOCKED_POLL = 10_000;

/** The port of the mirror Service that receives the copies; a text when it is not clear which. */
export function mirrorPortOf(world: World): number | string {
  const { service: name, port: wanted } = world.experiment.spec.mirror;
  const service = findObject(world, 'Service', name);
  const ports = recordsAt(recordAt(service, 'spec'), 'ports').flatMap((port) => numberAt(port, 'port') ?? []);
  if (wanted !== undefined) {
    return ports.includes(wanted)
      ? wanted
      : `Service ${name} has no port ${wanted} (it has: ${ports.join(', ') || 'none'}); correct spec.mirror.port`;
  }
  const [only, ...more] = ports;
  if (only === undefined) return `Service ${name} has no port; copies would have nowhere to go`;
  return more.length === 0
    ? only
    : `Service ${name} has several ports (${ports.join(', ')}); name one in spec.mirror.port`;
}

/** What stands in the way, or what a person should know about the configuration all the same. */
function checkTargets(
  world: World,
  status: MirrorExperimentStatus,
): Decision | { readonly warnings: readonly string[] } {
  const { spec, name } = world.experiment;
  const services = [spec.live.service, spec.mirror.service].map((each) => ({ kind: 'Service' as const, name: each }));
  const missing = [...services, ...targetRefs(world.experiment)].filter(
    (ref) => findObject(world, ref.kind, ref.name) === undefined,
  );
  const configMap = configMapOf(world);
  if (missing.length > 0 || configMap === undefined) {
    const message = `not found in namespace ${world.experiment.namespace}: ${missing.map((ref) => `${ref.kind} ${ref.name}`).join(', ')}; correct the names in the spec, or create them, delete the experiment and apply it again`;
    return refuseAfterGrace(world, status, message);
  }
  const unreadable = targetRefs(world.experiment).find(
    (ref) => readJournal(findObject(world, ref.kind, ref.name)) === 'unreadable',
  );
  if (unreadable !== undefined) {
    const message = `the annotation ${journalAnnotation} of ${unreadable.kind} ${unreadable.name} is not as the operator wrote it, so what it was to restore is unknown; put the object back by hand, take the annotation off, delete the experiment and apply it again`;
    return refuse(world, status, 'JournalUnreadable', message);
  }
  const port = mirrorPortOf(world);
  if (typeof port === 'string') return refuse(world, status, 'ServicePortUnclear', port);
  const workload = workloadOf(world);
  if (workload !== undefined && replacesPodsByHand(workload)) {
    return refuse(
      world,
      status,
      'WorkloadNotRestartable',
      `${workload.kind} ${workload.metadata.name} has updateStrategy OnDelete, so its pods would never read the change; set RollingUpdate`,
    );
  }
  const candidate = candidateOf(world);
  if (candidate !== undefined && spec.mirror.deployment !== undefined) {
    const plan = planCandidate(candidate, spec.mirror.deployment, ownerOf(world.experiment));
    if (plan.kind === 'refused') return refuse(world, status, plan.reason, plan.message);
  }
  const plan = planMirrorOn(configMap, spec.traffic.envoy.configMap, intentOf(world, port), ownerOf(world.experiment));
  if (plan.kind === 'refused')
    return refuse(world, status, plan.reason, `${plan.message} (MirrorExperiment ${name} has changed nothing)`);
  return { warnings: plan.warnings };
}

function checkTelemetry(world: World, status: MirrorExperimentStatus, warnings: readonly string[]): Decision {
  const answer = world.answers.probe;
  if (answer === undefined)
    return { status, next: { kind: 'ask', ask: { what: 'probe' }, question: questionOf(world.experiment) } };
  if (answer.ok) return acceptNow(world, status, warnings);
  if (answer.kind === 'Configuration')
    return refuse(world, status, 'TelemetryConfiguration', `${answer.message}; correct spec.telemetry.logAnalytics`);
  const failing = report(world, status, 'Accepted', 'False', 'TelemetryUnavailable', answer.message);
  const left = sinceOf(world, failing, 'Accepted') + world.experiment.spec.analysis.deadlineSeconds * 1000 - world.now;
  if (left <= 0) {
    return conclude(world, failing, 'Inconclusive', 'TelemetryError', `telemetry could not be read: ${answer.message}`);
  }
  return {
    status: progress(world, failing, 'Waiting', `telemetry cannot be read, trying again: ${answer.message}`),
    next: { kind: 'wait', milliseconds: Math.min((answer.retryAfterSeconds ?? 15) * 1000, left) },
  };
}

function acceptNow(world: World, status: MirrorExperimentStatus, warnings: readonly string[]): Decision {
  const { experiment } = world;
  const fine = 'the targets exist, the configuration can be edited and the telemetry can be read';
  const message = [fine, ...warnings.map((warning) => `note: ${warning}`)].join('; ');
  const accepted: MirrorExperimentStatus = {
    ...report(world, status, 'Accepted', 'True', 'Accepted', message),
    startTime: timestamp(world.now),
    specHash: sha256(JSON.stringify(experiment.spec)).slice(0, 16),
    targets: targetRefs(experiment).map(({ kind, name }) => ({
      kind: kind as TargetStatus['kind'],
      name,
      patched: false,
    })),
  };
  return { status: progress(world, accepted, 'Preparing', 'preparing the candidate'), next: { kind: 'save' } };
}

type TargetStatus = NonNullable<MirrorExperimentStatus['targets']>[number];

function refuseAfterGrace(world: World, status: MirrorExperimentStatus, message: string): Decision {
  const refused = report(world, status, 'Accepted', 'False', 'TargetNotFound', message);
  const waited = world.now - sinceOf(world, refused, 'Accepted');
  if (waited >= world.settings.missingTargetGraceSeconds * 1000)
    return refuse(world, status, 'TargetNotFound', message);
  return { status: progress(world, refused, 'Waiting', message), next: { kind: 'wait', milliseconds: 2000 } };
}

/** Final: nothing is patched, and the experiment does not run until its spec is changed, or it is deleted and applied again. */
export function refuse(world: World, status: MirrorExperimentStatus, reason: string, message: string): Decision {
  const refused = report(world, status, 'Accepted', 'False', reason as ReasonOf<'Accepted'>, message);
  return conclude(world, refused, 'Inconclusive', 'ConfigurationError', message);
}

/** For the steps after this one: an object that was there when the experiment was accepted, and is gone now. */
export function goneMessage(kind: KubernetesObject['kind'], name: string): string {
  return `${kind} ${name} has been deleted while the experiment ran`;
}
