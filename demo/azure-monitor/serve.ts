import { parseArgs } from 'node:util';
import { startAzureMonitor } from './index.ts';

const { values } = parseArgs({
  options: { port: { type: 'string' }, 'ingestion-delay-milliseconds': { type: 'string' } },
});

const monitor = await startAzureMonitor({
  ...(values.port === undefined ? {} : { port: wholeNumber('port', values.port) }),
  ...(values['ingestion-delay-milliseconds'] === undefined
    ? {}
    : {
        ingestionDelayMilliseconds: wholeNumber('ingestion-delay-milliseconds', values['ingestion-delay-milliseconds']),
      }),
});
const { queryEndpoint, ingestionEndpoint, authorityHost, connectionString } = monitor;
const { workspaceId, resourceId, tenantId, clientId, caFile } = monitor;
console.log(
  JSON.stringify({
    queryEndpoint,
    ingestionEndpoint,
    authorityHost,
    connectionString,
    workspaceId,
    resourceId,
    tenantId,
    clientId,
    caFile,
  }),
);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void monitor.close());
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`--${option} must be a whole number, not '${value}'`);
  return Number(value);
}
