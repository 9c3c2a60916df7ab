import { type HealthChecks, startHealthServer } from './adapters/observability/health.ts';
import type { Metrics } from './adapters/observability/metrics.ts';
import { startMetricsServer } from './adapters/observability/metricsServer.ts';
import type { Log } from './engine/ports/log.ts';
import type { Settings } from './settings.ts';

export interface Servers {
  readonly healthPort: number;
  /** Undefined: there are no metrics. */
  readonly metricsPort: number | undefined;
  close(): Promise<void>;
}

/** Health and, where they are wanted, metrics; both or, when one cannot have its port, none. */
export async function startServers(
  settings: Pick<Settings, 'healthAddress' | 'healthPort' | 'metricsAddress' | 'metricsPort'>,
  checks: HealthChecks,
  metrics: Metrics | undefined,
  log: Log,
): Promise<Servers> {
  const health = await startHealthServer(settings.healthAddress, settings.healthPort, checks);
  const onError = (error: unknown) => log.error('the metrics could not be gathered', { error });
  try {
    const { metricsAddress, metricsPort } = settings;
    const served = metrics && (await startMetricsServer(metricsAddress, metricsPort, metrics, onError));
    return {
      healthPort: health.port,
      metricsPort: served?.port,
      close: async () => {
        await Promise.all([health.close(), served?.close()]);
      },
    };
  } catch (error) {
    // An open port would keep the process alive that cannot do its work.
    await health.close();
    throw error;
  }
}
