import { parseExperiment } from '../../src/api/experiment.ts';
import type { World } from '../../src/core/lifecycle/world.ts';
import { experimentObject, NAMESPACE, putLab } from './lab.ts';
import { MemoryCluster } from './memoryCluster.ts';

/** The lab as a decision sees it before anything is patched. */
export function labWorld(spec: Record<string, unknown> = {}): World {
  const cluster = new MemoryCluster();
  putLab(cluster);
  cluster.put(experimentObject('x', 'V3', spec));
  const parsed = parseExperiment(cluster.get('MirrorExperiment', NAMESPACE, 'x'));
  if (parsed.kind !== 'experiment') throw new Error(JSON.stringify(parsed.errors));
  const objects = [...cluster.list('ConfigMap'), ...cluster.list('Deployment')];
  const settings = {
    missingTargetGraceSeconds: 60,
    restartTimeoutSeconds: 600,
    clusterDomain: 'cluster.local',
    rolloutPollMilliseconds: 2000,
  };
  return { now: 0, experiment: parsed.experiment, objects, others: [], answers: {}, settings };
}
