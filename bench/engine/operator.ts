import { compress } from '../../src/adapters/compress.ts';
import { recordAt } from '../../src/core/kubernetes/fields.ts';
import type { Samples } from '../../src/core/samples/samples.ts';
import type { Log } from '../../src/engine/ports/log.ts';
import type { Telemetry } from '../../src/engine/ports/telemetry.ts';
import { createReconciler } from '../../src/engine/reconcile.ts';
import { experimentObject, MemoryTelemetry, NAMESPACE, putLab, SIDECAR } from '../../test/support/lab.ts';
import { MemoryCluster } from '../../test/support/memoryCluster.ts';

const SETTINGS = {
  ...{ missingTargetGraceSeconds: 60, restartTimeoutSeconds: 600, clusterDomain: 'cluster.local' },
  rolloutPollMilliseconds: 2000,
};

const SILENT: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => SILENT };

/**
 * The operator's engine with an experiment of the lab in simulated time: the API server is in memory, so that what a look
 * blocks is the operator's own work; what is asked of telemetry is asked of `read`.
 */
export function createOperator(read: Telemetry['read'], analysis: Readonly<Record<string, unknown>>) {
  const cluster = new MemoryCluster();
  putLab(cluster);
  cluster.put(experimentObject('x', 'V2', { analysis }));
  let now = Date.parse('2026-01-01T00:00:00Z');
  const telemetry = new MemoryTelemetry(() => {
    const data = cluster.get('ConfigMap', NAMESPACE, 'default-sidecar')?.data as Record<string, string> | undefined;
    return (data?.['envoy.yaml'] ?? SIDECAR) !== SIDECAR;
  });
  const inMemory = telemetry.read.bind(telemetry);
  let asked = 0;
  telemetry.read = async (question, window): Promise<Samples> => {
    if (question.compare !== undefined) return inMemory(question, window);
    asked += 1;
    return read(question as Parameters<Telemetry['read']>[0], window);
  };
  const reconcile = createReconciler(
    {
      ...{ cluster, telemetry, compress, log: SILENT, onComplete: () => undefined },
      clock: { now: () => now, setTimer: () => () => undefined, random: () => 0.5 },
      experiments: {
        list: () => cluster.list('MirrorExperiment'),
        withFinalizer: (object, restore) => cluster.withFinalizer(object, restore),
        letGo: (object) => cluster.letGo(object),
      },
    },
    SETTINGS,
  );
  return {
    /** One reconcile. @returns how often telemetry was read, and whether the experiment has ended */
    step: async (): Promise<{ reads: number; hasEnded: boolean }> => {
      cluster.settle();
      asked = 0;
      const { requeueAfterMilliseconds } = await reconcile(`${NAMESPACE}/x`, new AbortController().signal);
      now += requeueAfterMilliseconds ?? 0;
      return { reads: asked, hasEnded: requeueAfterMilliseconds === undefined };
    },
    verdict: () => recordAt(cluster.get('MirrorExperiment', NAMESPACE, 'x'), 'status')?.verdict,
    describe: () => JSON.stringify(cluster.get('MirrorExperiment', NAMESPACE, 'x')?.status),
  };
}
