import { KubeConfig } from '@kubernetes/client-node';
import { compress } from './adapters/compress.ts';
import { createApiClient } from './adapters/kubernetes/apiClient.ts';
import { createCluster } from './adapters/kubernetes/cluster.ts';
import { ExperimentOperator } from './adapters/kubernetes/operator.ts';
import { watchCluster } from './adapters/kubernetes/watchCluster.ts';
import { stuckWorkers, unready } from './adapters/observability/checks.ts';
import type { HealthChecks } from './adapters/observability/health.ts';
import { createInstruments } from './adapters/observability/instruments.ts';
import { watchQueue } from './adapters/observability/queueWatch.ts';
import { type ExperimentFields, inScope } from './adapters/observability/scope.ts';
import type { Tracing } from './adapters/observability/tracing.ts';
import { createPack } from './adapters/pack.ts';
import { systemClock } from './adapters/systemClock.ts';
import { credentialKind } from './adapters/telemetry/logAnalytics/credential.ts';
import { createLogAnalytics } from './adapters/telemetry/logAnalytics.ts';
import { createTurns } from './adapters/turns.ts';
import { sameRef } from './core/lifecycle/run.ts';
import type { Election } from './engine/election.ts';
import { createOutlines } from './engine/outlines.ts';
import type { Log } from './engine/ports/log.ts';
import { createReconciler } from './engine/reconcile.ts';
import { createWork } from './engine/work.ts';
import { leaseNamespace, startLeaderElection } from './leaderElection.ts';
import { startServers } from './servers.ts';
import type { Settings } from './settings.ts';

export interface RunningOperator {
  readonly healthPort: number;
  /** Undefined: there are no metrics. */
  readonly metricsPort: number | undefined;
  /**
   * Takes no new work, lets writes in hand end, hands over to another replica, closes everything; the process can exit by
   * itself then.
   */
  stop(): Promise<void>;
  /** Rejects when the operator cannot go on. */
  readonly failed: Promise<void>;
}

/** Work in hand normally ends within milliseconds. A longer question to telemetry is given up: the next leader asks it again. */
const patienceMilliseconds = 1000;

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Undefined: no spans are made. */
  readonly tracing: Tracing | undefined;
  /** Of the operator. */
  readonly version: string;
}

/** Puts the parts together and starts them. The kubeconfig is KUBECONFIG's, or the pod's own. */
export async function startOperator(
  settings: Settings,
  { environment, log, tracing, version }: Surroundings,
): Promise<RunningOperator> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const namespace = settings.leaderElection ? await leaseNamespace(settings, environment) : undefined;
  let election: Election | undefined;
  const leads = (): boolean => (namespace === undefined ? work.isActive() : election?.leads() === true);
  const queue = watchQueue(systemClock, (seconds) => metrics?.waited(seconds));
  const metrics = await createMetrics();
  const instruments = createInstruments({ clock: systemClock, metrics, tracing });
  const api = createApiClient({
    kubeConfig,
    log,
    observe: instruments.api,
    ...(namespace !== undefined && { guardWrite: () => leader().guardWrite() }),
  });
  const outlines = createOutlines();
  const turn = createTurns();

  const operator = new ExperimentOperator({
    kubeConfig,
    api,
    clock: systemClock,
    log,
    ...(settings.namespace !== undefined && { namespace: settings.namespace }),
    onChange: (key) => {
      const object = operator.get(key);
      if (outlines.update(key, object)) work.add(key);
      if (object === undefined) wakeNamespace(key.split('/')[0] ?? '');
    },
  });
  const watched = watchCluster({
    api,
    clock: systemClock,
    log,
    cluster: createCluster({ api, clock: systemClock, log }),
    experiments: operator,
    ...(settings.namespace !== undefined && { namespace: settings.namespace }),
    onChange: (ref) => {
      for (const [key, { awaited }] of outlines.entries()) {
        if (awaited.some((each) => sameRef(each, ref))) work.add(key);
      }
    },
  });
  const reconcile = createReconciler(
    {
      cluster: watched.cluster,
      known: watched.known,
      telemetry: instruments.telemetry(
        createLogAnalytics({
          endpoint: settings.logAnalyticsEndpoint,
          scope: settings.logAnalyticsScope,
          credential: credentialKind(environment),
          ...(environment.AZURE_AUTHORITY_HOST !== undefined && { authorityHost: environment.AZURE_AUTHORITY_HOST }),
          allowedSources: settings.allowedSources,
          timeoutSeconds: settings.telemetryTimeoutSeconds,
          observe: instruments.query,
          onHeldBack: () => metrics?.heldBack(),
        }),
      ),
      experiments: operator,
      compress,
      pack: createPack(),
      clock: systemClock,
      log,
      onLooked: (secondsLate) => metrics?.looked(secondsLate),
      onComplete: (of, _name, status) => {
        metrics?.completed(status);
        wakeNamespace(of);
      },
    },
    {
      missingTargetGraceSeconds: settings.missingTargetGraceSeconds,
      restartTimeoutSeconds: 600,
      clusterDomain: settings.clusterDomain,
      rolloutPollMilliseconds: 1000,
    },
  );

  function leader(): Election {
    if (election === undefined) throw new Error('nothing may be written before the election has begun');
    return election;
  }

  const work = createWork({
    work: instruments.work(async (key, signal, aside) => {
      await turn();
      return reconcile(key, signal, aside);
    }, fieldsOf),
    observer: queue.observer,
    keys: () => operator.keys(),
    concurrency: settings.concurrency,
    clock: systemClock,
    backoff: { baseMilliseconds: 500, capMilliseconds: 15_000 },
    endWithinMilliseconds: settings.shutdownGraceSeconds * 1000,
    onError: (key, error, retry) => {
      // In its own scope: the worker may have taken it up while another experiment was worked on.
      inScope(fieldsOf(key), () => {
        if (work.isActive() && election?.leads() !== false) {
          log.error('reconcile failed; it is tried again', { error, ...retry });
        } else {
          log.info('reconcile was given up; the next leader takes it up', { reason: String(error) });
        }
      });
    },
  });

  /** Of a key (namespace/name), for the log. */
  function fieldsOf(key: string): ExperimentFields {
    const [of = '', experiment = ''] = key.split('/');
    const uid = outlines.get(key)?.uid;
    return { namespace: of, experiment, ...(uid !== undefined && { uid }) };
  }

  /** Loads what it takes only when metrics are wanted. */
  async function createMetrics() {
    if (settings.metricsPort === 0) return undefined;
    const module = await import('./adapters/observability/metrics.ts');
    return module.createMetrics({
      ...{ version, leads, queue, concurrency: settings.concurrency, now: systemClock.now },
      experiments: () => [...outlines.entries()].map(([, outline]) => outline),
      lastContact: () => operator.lastContact(),
    });
  }

  /** Others of the namespace may have waited for the experiment that has ended or gone. */
  function wakeNamespace(namespace: string): void {
    for (const key of operator.keys(namespace)) work.add(key);
  }

  const checks: HealthChecks = {
    live: () => stuckWorkers(queue, settings.concurrency, settings.telemetryTimeoutSeconds),
    ready: () =>
      unready({
        ...{ synced: operator.synced(), lastContact: operator.lastContact(), now: systemClock.now() },
        hasPart: namespace === undefined || election?.leads() === true || election?.follows() === true,
      }),
    role: () => (leads() ? 'leading' : 'standing by'),
  };
  const servers = await startServers(settings, checks, metrics, log);
  await operator.start();
  const { healthPort, metricsPort } = servers;
  log.info('the operator has started', {
    ...{ version, watches: settings.namespace ?? 'all namespaces', healthPort },
    ...(metricsPort !== undefined && { metricsPort }),
  });
  if (namespace === undefined) {
    work.begin();
  } else {
    const on = { onLead: work.begin, onLost: () => work.end(0), observe: instruments.api };
    election = startLeaderElection({ kubeConfig, settings, environment, namespace, log, ...on });
  }
  return {
    healthPort,
    metricsPort,
    failed: election?.ended ?? Promise.resolve(),
    stop: async () => {
      await Promise.all([operator.stop(), watched.stop()]);
      let isIdle = false;
      try {
        await work.end(Math.min(patienceMilliseconds, settings.shutdownGraceSeconds * 1000));
        isIdle = true;
      } finally {
        // While work goes on that could write, nobody else may lead.
        await election?.stop({ release: isIdle });
        await Promise.all([servers.close(), tracing?.stop()]);
        api.close();
      }
    },
  };
}
