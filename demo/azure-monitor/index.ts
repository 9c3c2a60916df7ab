import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createCertificates } from './certificates.ts';
import type { AzureMonitor, AzureMonitorOptions, QueryLogEntry, RequestRow } from './contract.ts';
import { openDatabase } from './database.ts';
import { createEngine } from './engine.ts';
import { createFaults } from './faults.ts';
import { ingestionListener } from './ingestion-server.ts';
import { queryListener } from './query-server.ts';
import { createTokenIssuer } from './tokens.ts';

export type { AzureMonitor, AzureMonitorOptions, Fault, RequestRow, Table } from './contract.ts';

const DEFAULT_WORKSPACE = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';
const DEFAULT_RESOURCE =
  '/subscriptions/0b1f6471-1bf0-4dda-aec3-111122223333/resourceGroups/demo/providers/Microsoft.Insights/components/bookstore';
const TENANT_ID = '2f4a9838-26b7-47ee-be60-ccc1fdec5953';
const CLIENT_ID = '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21';

/**
 * A stand-in for Azure Monitor: ingestion, query and token endpoints, on 127.0.0.1 unless told otherwise.
 * Workspace i and resource i hold the same rows; the instrumentation key of both is the workspace's id.
 */
export async function startAzureMonitor(options: AzureMonitorOptions = {}): Promise<AzureMonitor> {
  const workspaces = options.workspaces ?? [DEFAULT_WORKSPACE];
  const resources = options.resources ?? [DEFAULT_RESOURCE];
  const [workspaceId, resourceId] = [workspaces[0] ?? '', resources[0] ?? ''];
  const { listenAddress = '127.0.0.1', host = '127.0.0.1' } = options;
  const certificates = options.certificates ?? (await createCertificates());
  const database = await openDatabase();
  const engine = createEngine(database);
  // The first parse loads and warms Microsoft's parser for seconds: better now than under a client's timeout.
  await engine({ kql: 'print 1', scope: 'workspace', component: 0 });
  const faults = createFaults();
  const log: QueryLogEntry[] = [];
  let sequence = 0;

  async function store(component: number, rows: readonly RequestRow[]): Promise<void> {
    const now = Date.now();
    const stored = rows.map((request) => {
      const visibleAt = new Date(now + delayOf(options.ingestionDelayMilliseconds, sequence));
      sequence += 1;
      return { component, visibleAt, request };
    });
    await database.insert(stored);
  }

  const keys = new Map(workspaces.map((workspace, index) => [workspace.toLowerCase(), index]));
  const ingestion = createServer(
    ingestionListener({
      instrumentationKeys: new Set(keys.keys()),
      async store(items) {
        for (const [key, index] of keys) {
          const own = items.filter((item) => item.instrumentationKey.toLowerCase() === key);
          if (own.length > 0)
            await store(
              index,
              own.map(({ row }) => row),
            );
        }
      },
    }),
  );
  const ingestionEndpoint = `http://${host}:${await listen(ingestion, listenAddress, options.ingestionPort ?? 0)}`;

  let listener: RequestListener | undefined;
  const query = createTlsServer({ key: certificates.key, cert: certificates.cert }, (request, response) =>
    listener?.(request, response),
  );
  // As a public endpoint does, and unlike Node.js' 5 s: a question every 5 s would meet a connection that is just being closed.
  query.keepAliveTimeout = 120_000;
  const authorityHost = `https://${host}:${await listen(query, listenAddress, options.port ?? 0)}/`;
  const tokens = createTokenIssuer({ authorityHost, tenantId: TENANT_ID, clientId: CLIENT_ID });
  listener = queryListener({
    engine,
    tokens,
    faults,
    workspaces,
    resources,
    requireToken: options.requireToken ?? true,
    log: (entry) => log.push(entry),
  });

  return {
    queryEndpoint: `${authorityHost}v1`,
    ingestionEndpoint,
    authorityHost,
    connectionString: `InstrumentationKey=${workspaceId};IngestionEndpoint=${ingestionEndpoint}/;LiveEndpoint=${ingestionEndpoint}/`,
    workspaceId,
    resourceId,
    tenantId: TENANT_ID,
    clientId: CLIENT_ID,
    caFile: certificates.caFile,
    async query(kql, timespan) {
      const { table } = await engine({ kql, timespan, scope: 'all', component: 0 });
      return table;
    },
    insertRequests: (rows) => store(0, rows),
    queries: () => [...log],
    accessTokens: () => tokens.issued(),
    fault: (fault) => faults.set(fault),
    async close() {
      await Promise.all([closed(query), closed(ingestion)]);
      await database.close();
      await certificates.remove();
    },
  };
}

function delayOf(delay: AzureMonitorOptions['ingestionDelayMilliseconds'], sequence: number): number {
  return typeof delay === 'function' ? delay(sequence) : (delay ?? 0);
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const bound = server.address();
      if (typeof bound === 'object' && bound !== null) resolve(bound.port);
      else reject(new Error('the server has no port'));
    });
  });
}

/** Cuts connections that a fault left hanging. */
function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
