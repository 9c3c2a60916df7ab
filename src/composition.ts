import { KubeConfig } from '@kubernetes/client-node';
import { createApiClient } from './adapters/kubernetes/apiClient.ts';
import { createCluster } from './adapters/kubernetes/cluster.ts';
import { ExperimentOperator } from './adapters/kubernetes/operator.ts';
import { startHealthServer } from './adapters/observability/health.ts';
import { systemClock } from './adapters/systemClock.ts';
import { credentialKind } from './adapters/telemetry/logAnalytics/credential.ts';
import { createLogAnalytics } from './adapters/telemetry/logAnalytics.ts';
import type { KubernetesObject } from './core/kubernetes/object.ts';
import type { Log } from './engine/ports/log.ts';
import { createQueue } from './engine/queue.ts';
import { createReconciler } from './engine/reconcile.ts';
import type { Settings } from './settings.ts';

export interface RunningOperator {
  readonly healthPort: number;
  /** Takes no new work, lets work in hand end, closes everything; the process can exit by itself then. */
  stop(): Promise<void>;
}

/** Puts the parts together and starts them. The kubeconfig is KUBECONFIG's, or the pod's own. */
export async function startOperator(
  settings: Settings,
  environment: Readonly<Record<string, string | undefined>>,
  log: Log,
): Promise<RunningOperator> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const api = createApiClient({ kubeConfig, log });
  const seen = new Map<string, string>();

  const operator = new ExperimentOperator({
    kubeConfig,
    api,
    clock: systemClock,
    log,
    ...(settings.namespace !== undefined && { namespace: settings.namespace }),
    onChange: (key) => {
      const object = operator.get(key);
      if (isNews(seen, key, object)) queue.add(key);
      if (object === undefined) wakeNamespace(key.split('/')[0] ?? '');
    },
  });
  const reconcile = createReconciler(
    {
      cluster: createCluster({ api, clock: systemClock, log }),
      telemetry: createLogAnalytics({
        endpoint: settings.logAnalyticsEndpoint,
        scope: settings.logAnalyticsScope,
        credential: credentialKind(environment),
        ...(environment.AZURE_AUTHORITY_HOST !== undefined && { authorityHost: environment.AZURE_AUTHORITY_HOST }),
        allowedSources: settings.allowedSources,
      }),
      experiments: operator,
      clock: systemClock,
      log,
      onComplete: wakeNamespace,
    },
    {
      missingTargetGraceSeconds: settings.missingTargetGraceSeconds,
      restartTimeoutSeconds: 600,
      clusterDomain: settings.clusterDomain,
      rolloutPollMilliseconds: 1000,
    },
  );
  const queue = createQueue({
    work: reconcile,
    concurrency: settings.concurrency,
    clock: systemClock,
    backoff: { baseMilliseconds: 500, capMilliseconds: 60_000 },
    onError: (key, error, retry) => log.error('reconcile failed; it is tried again', { key, error, ...retry }),
  });

  /** Others of the namespace may have waited for the experiment that has ended or gone. */
  function wakeNamespace(namespace: string): void {
    for (const { metadata } of operator.list(namespace)) queue.add(`${metadata.namespace}/${metadata.name}`);
  }

  const health = await startHealthServer(settings.healthAddress, settings.healthPort, () => operator.synced());
  await operator.start();
  log.info('the operator has started', { namespace: settings.namespace ?? 'all', healthPort: health.port });
  return {
    healthPort: health.port,
    stop: async () => {
      await operator.stop();
      await queue.stop(settings.shutdownGraceSeconds * 1000);
      await health.close();
      api.close();
    },
  };
}

/**
 * The operator's own writes (status, finalizer) come back as events. Only what others decide makes an experiment due
 * before its time: a new or changed spec, a deletion.
 */
function isNews(seen: Map<string, string>, key: string, object: KubernetesObject | undefined): boolean {
  if (object === undefined) {
    seen.delete(key);
    return false;
  }
  const { uid, generation, deletionTimestamp } = object.metadata as KubernetesObject['metadata'] & {
    deletionTimestamp?: string;
  };
  const version = `${uid}/${generation}/${deletionTimestamp ?? ''}`;
  if (seen.get(key) === version) return false;
  seen.set(key, version);
  return true;
}
