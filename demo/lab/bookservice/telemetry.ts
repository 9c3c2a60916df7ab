import type { IncomingMessage } from 'node:http';
import appInsights from 'applicationinsights';
import { pathOf, routeOf } from './routes.ts';

/** How long telemetry waits for more of it before it is sent. */
const batchMilliseconds = 500;
/** How long the last batch may take when the process ends. */
const lastFlushMilliseconds = 3000;

/**
 * Starts the Application Insights SDK: every request the service answers becomes a row of `requests`, unsampled,
 * with the operation's name and the custom dimension VersionTag. Must run before the http server is created, which
 * the SDK wraps.
 * @param settings.connectionString `InstrumentationKey=…;IngestionEndpoint=…`
 */
export function startTelemetry(settings: { connectionString: string; versionTag: string; roleName: string }): {
  flush(): Promise<void>;
} {
  // Statsbeat, live metrics and the rest would call Microsoft's endpoints, not the one of the connection string.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT = '1';
  appInsights
    .setup(settings.connectionString)
    .setAutoCollectRequests(true)
    .setAutoDependencyCorrelation(true)
    .setAutoCollectPerformance(false, false)
    .setAutoCollectPreAggregatedMetrics(false)
    .setAutoCollectExceptions(false)
    .setAutoCollectDependencies(false)
    .setAutoCollectConsole(false)
    .setAutoCollectHeartbeat(false)
    .setSendLiveMetrics(false)
    .setUseDiskRetryCaching(false)
    .setInternalLogging(false, true)
    .setDistributedTracingMode(appInsights.DistributedTracingModes.AI_AND_W3C);
  const client = appInsights.defaultClient;
  client.config.samplingPercentage = 100;
  client.config.maxBatchIntervalMs = batchMilliseconds;
  client.context.tags[client.context.keys.cloudRole] = settings.roleName;
  client.commonProperties = { VersionTag: settings.versionTag };
  client.addTelemetryProcessor((envelope, context) => {
    const request: IncomingMessage | undefined = context?.['http.ServerRequest'];
    if (request === undefined) return true;
    const path = pathOf(request.url ?? '/');
    if (path === '/healthz') return false;
    const name = routeOf(request.method ?? 'GET', path)?.operation;
    if (name === undefined) return true;
    // The SDK names requests by path, ids included, which would make every book an operation of its own.
    if (envelope.data.baseData !== undefined) envelope.data.baseData.name = name;
    envelope.tags[client.context.keys.operationName] = name;
    return true;
  });
  appInsights.start();

  return {
    flush: () =>
      new Promise((resolve) => {
        const giveUp = setTimeout(resolve, lastFlushMilliseconds);
        client.flush({
          callback: () => {
            clearTimeout(giveUp);
            resolve();
          },
        });
      }),
  };
}
