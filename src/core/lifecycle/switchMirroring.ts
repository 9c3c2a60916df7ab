import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { rolloutOf } from '../kubernetes/rollout.ts';
import { planMirrorOn } from '../mirror/configMap.ts';
import { sha256 } from '../mirror/envoy/sha256.ts';
import type { Journal } from '../mirror/journal.ts';
import { planRestart } from '../mirror/restart.ts';
import { goneMessage, mirrorPortOf, refuse } from './accept.ts';
import { conclude } from './conclude.ts';
import { contention } from './contention.ts';
import type { Decision, Step } from './decision.ts';
import { markPatched } from './markPatched.ts';
import { recordSwitchOn } from './recordSwitchOn.ts';
import { isCondition, isPastDeadline, progress, report } from './report.ts';
import { configMapOf, intentOf, ownerOf, ownJournal, refOf, workloadOf } from './run.ts';
import type { World } from './world.ts';
import { yieldTo } from './yieldTo.ts';

/** Writes the mirror into the Envoy config and, for a static bootstrap, has every pod that runs Envoy replaced. */
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

  const written = markPatched(status, refOf(configMap));
  if (envoy.reload !== undefined) return restart(world, written, journal);
  if (isCondition(written, 'Mirroring', 'True')) return { status: written };
  const message = `ConfigMap ${envoy.configMap.name} is written; Envoy reads it when the kubelet has projected it (up to about a minute)`;
  return { status: report(world, written, 'Mirroring', 'Unknown', 'ConfigWritten', message) };
}

function writeConfig(world: World, status: MirrorExperimentStatus, configMap: KubernetesObject): Decision {
  const port = mirrorPortOf(world);
  if (typeof port === 'string') return refuse(world, status, 'ServicePortUnclear', port);
  const { configMap: keys } = world.experiment.spec.traffic.envoy;
  const plan = planMirrorOn(configMap, keys, intentOf(world, port), ownerOf(world.experiment));
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
  if (ownJournal(world.experiment, workload) === undefined) {
    return (
      yieldTo(world, status, workload) ?? {
        status,
        next: {
          kind: 'patch',
          ref: refOf(workload),
          resourceVersion: workload.metadata.resourceVersion,
          operations: planRestart(workload, configHash(config), ownerOf(world.experiment)),
          purpose: `restart ${workload.kind} ${workload.metadata.name}`,
        },
      }
    );
  }
  const patched = markPatched(status, refOf(workload));
  if (isCondition(patched, 'Mirroring', 'True')) return { status: patched };
  return awaitRestart(world, patched, workload);
}

function awaitRestart(world: World, status: MirrorExperimentStatus, workload: KubernetesObject): Step {
  const rollout = rolloutOf(workload);
  if (rollout.state === 'complete') {
    const message = `every pod of ${workload.kind} ${workload.metadata.name} runs with the mirror`;
    return { status: report(world, status, 'Mirroring', 'True', 'Copying', message) };
  }
  const restarting = report(world, status, 'Mirroring', 'Unknown', 'Restarting', rollout.message);
  if (rollout.state === 'failed' || isPastDeadline(world, status)) {
    const message = `Envoy’s workload did not come back with the mirror: ${rollout.message}`;
    return conclude(world, restarting, 'Inconclusive', 'ConfigurationError', message);
  }
  return {
    status: progress(world, restarting, 'SwitchingOn', `restarting Envoy: ${rollout.message}`),
    next: { kind: 'wait', milliseconds: world.settings.rolloutPollMilliseconds },
  };
}

function configHash(journal: Journal): string {
  return journal.change.type === 'envoy' ? sha256(JSON.stringify(journal.change.files)).slice(0, 16) : '';
}
