import type { Experiment } from '../../api/experiment.ts';
import { journalAnnotation } from '../../api/names.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { readJournal } from '../mirror/journal.ts';
import { planMirrorOffUnrecorded } from '../mirror/mirrorOff.ts';
import type { Step } from './decision.ts';
import { isPatched, markRestored } from './markPatched.ts';
import { report } from './report.ts';
import { reportMirrorOff, unrestored } from './reportMirrorOff.ts';
import { candidateOf, refOf } from './run.ts';
import type { RestoreWorld, World } from './world.ts';

/**
 * Takes the mirror out of configs whose journal somebody has removed or edited (a sync from a repository, `kubectl replace`):
 * our policies carry the experiment's name. To be called when no journal of the experiment is left.
 */
export function restoreUnrecorded(
  world: RestoreWorld,
  status: MirrorExperimentStatus,
  spec?: Experiment['spec'],
): Step {
  let told = status;
  for (const object of world.objects) {
    if (object.kind !== 'ConfigMap' || hasRecord(world, object)) continue;
    const ref = refOf(object);
    const plan = planMirrorOffUnrecorded(object, world.experiment.name, knownMirror(status, object, spec));
    if (plan === undefined) continue;
    // What has just been given up is told already, with the record that there was.
    if (plan.operations.length > 0 || unrestored(world, told) === undefined) {
      told = reportMirrorOff(world, told, object, plan);
    }
    if (plan.operations.length === 0) continue;
    return {
      status: plan.outcome === 'copying' ? told : markRestored(told, ref),
      next: {
        kind: 'patch',
        ref,
        resourceVersion: object.metadata.resourceVersion,
        operations: plan.operations,
        purpose: `take the mirror out of ConfigMap ${ref.name}, whose journal is gone or edited`,
      },
    };
  }
  return { status: told };
}

/** A Deployment that is marked as patched still has lost its journal: nobody knows what it was like. */
export function reportUnrecordedCandidate(world: World, status: MirrorExperimentStatus): MirrorExperimentStatus {
  const deployment = candidateOf(world);
  if (deployment === undefined || !isPatched(status, refOf(deployment))) return status;
  const message = `the annotation ${journalAnnotation} of Deployment ${deployment.metadata.name}, which held the way back, is gone or edited, so it is left as it is; see that it is as you want it`;
  return report(world, status, 'CandidateReady', 'False', 'RestoreConflict', message);
}

/** Another run's journal restores what that has changed; one of an earlier experiment of this name, what bears its mark. */
function hasRecord({ experiment }: RestoreWorld, object: KubernetesObject): boolean {
  const journal = readJournal(object);
  if (journal === undefined || journal === 'unreadable') return false;
  return journal.owner.uid === experiment.uid || journal.owner.name === experiment.name;
}

function knownMirror(status: MirrorExperimentStatus, object: KubernetesObject, spec: Experiment['spec'] | undefined) {
  const envoy = spec?.traffic.envoy;
  if (envoy === undefined || envoy.configMap.name !== object.metadata.name) return undefined;
  return isPatched(status, refOf(object)) ? { keys: envoy.configMap, mirrorCluster: envoy.mirrorCluster } : undefined;
}
