import { parseExperiment } from '../../src/api/experiment.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { intentOf, ownerOf } from '../../src/core/lifecycle/run.ts';
import type { World } from '../../src/core/lifecycle/world.ts';
import { planMirrorOn } from '../../src/core/mirror/configMap.ts';
import { readJournal } from '../../src/core/mirror/journal.ts';
import { planMirrorOff } from '../../src/core/mirror/mirrorOff.ts';
import { applyJsonPatch } from '../../test/support/jsonPatch.ts';

const KEYS = { key: 'rds.yaml', clustersKey: 'cds.yaml' };

/**
 * The ConfigMap as the operator writes it for an experiment that copies everything to the candidate.
 * @param methods of the requests that are copied
 */
export function mirrored(
  configMap: KubernetesObject,
  candidatePort: number,
  methods: readonly string[] = ['*'],
): KubernetesObject {
  const world = worldOf(configMap, methods);
  const owner = ownerOf(world.experiment);
  const plan = planMirrorOn(configMap, KEYS, intentOf(world, candidatePort), owner, { percent: 100 });
  if (plan.kind === 'refused') throw new Error(plan.message);
  return applyJsonPatch(configMap, plan.operations);
}

/** The ConfigMap as the operator leaves it. */
export function restored(configMap: KubernetesObject): KubernetesObject {
  const journal = readJournal(configMap);
  if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy') {
    throw new Error('the ConfigMap has no journal');
  }
  const plan = planMirrorOff(configMap, journal.change.files, journal.owner.name);
  if (plan.outcome !== 'restored') throw new Error(plan.message);
  return applyJsonPatch(configMap, plan.operations);
}

function worldOf(configMap: KubernetesObject, methods: readonly string[]): World {
  const parsed = parseExperiment({
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: {
      ...{ name: 'impact', namespace: 'bookstore', uid: 'impact', resourceVersion: '1', generation: 1 },
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      live: { service: 'bookservice', version: 'V1MIR-BookService' },
      mirror: { service: 'bookservicemirror', version: 'V2MIR-BookService' },
      traffic: {
        methods,
        envoy: {
          configMap: { name: 'default-sidecar', ...KEYS },
          liveCluster: 'bookservice',
          mirrorCluster: 'bookservicemirror',
        },
      },
      telemetry: { logAnalytics: { workspaceId: '00000000-0000-0000-0000-000000000000' } },
    },
  });
  if (parsed.kind === 'invalid') throw new Error(JSON.stringify(parsed.errors));
  return {
    now: 0,
    experiment: parsed.experiment,
    objects: [configMap],
    others: [],
    answers: {},
    settings: {
      missingTargetGraceSeconds: 60,
      restartTimeoutSeconds: 600,
      clusterDomain: 'cluster.local',
      rolloutPollMilliseconds: 2000,
    },
  };
}
