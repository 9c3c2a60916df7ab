import { timestamp } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { planMirrorOn, type WriteRecord } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
import type { Journal } from '../mirror/journal.ts';
import { planRestart } from '../mirror/restart.ts';
import { goneMessage, mirrorPortOf, refuse } from './accept.ts';
import { conclude } from './conclude.ts';
import { contention } from './contention.ts';
import type { Decision, Step } from './decision.ts';
import { markPatched } from './markPatched.ts';
import { recordSwitchOn } from './recordSwitchOn.ts';
import { progress } from './report.ts';
import { configMapOf, intentOf, ownerOf, ownJournal, refOf, workloadOf } from './run.ts';
import type { World } from './world.ts';
import { yieldTo } from './yieldTo.ts';

/**
 * Writes the mirror into the Envoy config and, for a static bootstrap, has every pod that runs Envoy replaced. It waits for
 * nothing, so that the run is watched from the first copy on; `ramp` does.
 */
export function switchMirroring(world: World, status: MirrorExperimentStatus): Step {
  const { envoy } = world.experiment.spec.traffic;
  const configMap = configMapOf(world);
  if (configMap === undefined) {
    return conclude(world, status, 'Inconclusive', 'TargetChanged', goneMessage('ConfigMap', envoy.configMap.name));
  }
  const contended = contention(world, status, refOf(configMap), configMap);
  if (contended !== undefined) return conclude(world, status, 'Inconclusive', 'TargetChanged', contended);
  const journal = ownJournal(world.experiment, configMap);
  if (journal === undefined) return yieldTo(world, status, configMap) ?? writeConfig(world, status, configMap);

  const percent = journal.change.type === 'envoy' ? journal.change.percent : undefined;
  const written = {
    ...markPatched(status, refOf(configMap)),
    percent: percent ?? world.experiment.spec.traffic.percent,
  };
  return envoy.reload === undefined ? { status: written } : restart(world, written, journal);
}

/** What the journal tells of a share that is written now. */
export function writeRecord({ now, experiment }: World, percent: number): WriteRecord {
  const { reload } = experiment.spec.traffic.envoy;
  const workload = reload && { kind: reload.workload.kind, name: reload.workload.name };
  return { percent, writtenAt: timestamp(now), ...(workload && { reload: workload }) };
}

function writeConfig(world: World, status: MirrorExperimentStatus, configMap: KubernetesObject): Decision {
  const port = mirrorPortOf(world);
  if (typeof port === 'string') return refuse(world, status, 'ServicePortUnclear', port);
  const { configMap: keys } = world.experiment.spec.traffic.envoy;
  const { ramp, percent: last } = world.experiment.spec.traffic;
  const percent = ramp?.[0]?.percent ?? last;
  const intent = { ...intentOf(world, port), percent };
  const plan = planMirrorOn(configMap, keys, intent, ownerOf(world.experiment), writeRecord(world, percent));
  if (plan.kind === 'refused') return refuse(world, status, plan.reason, plan.message);
  const recording = recordSwitchOn(world, status);
  if (recording !== undefined) return recording;
  return {
    status: progress(
      world,
      status,
      'SwitchingOn',
      `adding the mirror to ${plan.routes.length === 1 ? '1 route' : `${plan.routes.length} routes`} of ConfigMap ${keys.name}`,
    ),
    next: {
      kind: 'patch',
      ref: refOf(configMap),
      resourceVersion: configMap.metadata.resourceVersion,
      operations: plan.operations,
      purpose: `add the mirror to ConfigMap ${keys.name}`,
    },
  };
}

function restart(world: World, status: MirrorExperimentStatus, config: Journal): Step {
  const { workload: wanted } = world.experiment.spec.traffic.envoy.reload ?? {};
  const workload = workloadOf(world);
  if (workload === undefined) {
    return conclude(
      world,
      status,
      'Inconclusive',
      'TargetChanged',
      goneMessage(wanted?.kind ?? 'Deployment', wanted?.name ?? ''),
    );
  }
  const contended = contention(world, status, refOf(workload), workload);
  if (contended !== undefined) return conclude(world, status, 'Inconclusive', 'TargetChanged', contended);
  const journal = ownJournal(world.experiment, workload);
  const yielded = journal === undefined ? yieldTo(world, status, workload) : undefined;
  if (yielded !== undefined) return yielded;
  // Later steps of a ramp restart it again, until copies are compared.
  const isRamping = world.experiment.spec.traffic.ramp !== undefined && status.mirroringSince === undefined;
  const mayBeBehind = isRamping && journal?.change.type === 'restart';
  const done = { status: markPatched(status, refOf(workload)) };
  if (journal !== undefined && !mayBeBehind) return done;
  const hash = configHash(config);
  if (mayBeBehind && journal.change.config === hash) return done;
  return {
    status,
    next: {
      kind: 'patch',
      ref: refOf(workload),
      resourceVersion: workload.metadata.resourceVersion,
      operations: planRestart(workload, hash, ownerOf(world.experiment)),
      purpose: `restart ${workload.kind} ${workload.metadata.name}`,
    },
  };
}

function configHash(journal: Journal): string {
  return journal.change.type === 'envoy' ? sha256(JSON.stringify(journal.change.files)).slice(0, 16) : '';
}
