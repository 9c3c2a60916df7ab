import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { readCertificates } from './certificates.ts';
import type { AzureMonitorOptions } from './contract.ts';
import { json, readBody, send } from './http-answers.ts';
import { type AzureMonitor, startAzureMonitor } from './index.ts';

const { values } = parseArgs({
  options: {
    'listen-address': { type: 'string' },
    host: { type: 'string' },
    port: { type: 'string' },
    'ingestion-port': { type: 'string' },
    certificates: { type: 'string' },
    'ingestion-delay-milliseconds': { type: 'string' },
    // KQL without a token, on 127.0.0.1 whatever the other endpoints listen on: for who runs the stand-in.
    'questions-port': { type: 'string' },
  },
});

const monitor = await startAzureMonitor(await options());
const questions =
  values['questions-port'] === undefined ? undefined : answerQuestions(monitor, values['questions-port']);
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
  process.once(signal, () => {
    questions?.close();
    void monitor.close();
  });
}

async function options(): Promise<AzureMonitorOptions> {
  const number = (name: 'port' | 'ingestion-port' | 'ingestion-delay-milliseconds') => {
    const value = values[name];
    return value === undefined ? undefined : wholeNumber(name, value);
  };
  const [port, ingestionPort] = [number('port'), number('ingestion-port')];
  const ingestionDelayMilliseconds = number('ingestion-delay-milliseconds');
  const certificates = values.certificates === undefined ? undefined : await readCertificates(values.certificates);
  return {
    ...(values['listen-address'] !== undefined && { listenAddress: values['listen-address'] }),
    ...(values.host !== undefined && { host: values.host }),
    ...(port !== undefined && { port }),
    ...(ingestionPort !== undefined && { ingestionPort }),
    ...(certificates !== undefined && { certificates }),
    ...(ingestionDelayMilliseconds !== undefined && { ingestionDelayMilliseconds }),
  };
}

/** POST of KQL gives the table as JSON, or 400 with the reason. */
function answerQuestions({ query }: AzureMonitor, port: string) {
  return createServer((request, response) => {
    readBody(request, 64 * 1024)
      .then((body) => query(body.toString('utf8')))
      .then(
        (table) => send(response, json(200, table)),
        (error: unknown) => send(response, json(400, { message: String(error) })),
      );
  }).listen(wholeNumber('questions-port', port), '127.0.0.1');
}

function wholeNumber(option: string, value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`--${option} must be a whole number, not '${value}'`);
  return Number(value);
}
