import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkloadIdentityCredential } from '@azure/identity';
import { LogsQueryClient } from '@azure/monitor-query-logs';
import { type AzureMonitor, type AzureMonitorOptions, startAzureMonitor } from '../../../demo/azure-monitor/index.ts';

export interface LiveMonitor {
  monitor: AzureMonitor;
  /** Real client, real workload identity. */
  client: LogsQueryClient;
  credential(assertion: unknown): Promise<WorkloadIdentityCredential>;
  close(): Promise<void>;
}

/** The claims of a projected service account token. */
export function claims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:mirroring:operator',
    aud: ['api://AzureADTokenExchange'],
    iat: now,
    exp: now + 3600,
  };
}

/** Starts the stand-in and the clients that ship with Azure's SDK, without retries of their own. */
export async function startLive(options: AzureMonitorOptions = {}): Promise<LiveMonitor> {
  const monitor = await startAzureMonitor(options);
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  const ca = await readFile(monitor.caFile, 'utf8');
  let tokens = 0;

  async function credential(assertion: unknown): Promise<WorkloadIdentityCredential> {
    tokens += 1;
    const tokenFilePath = join(folder, `token-${tokens}`);
    await writeFile(tokenFilePath, typeof assertion === 'string' ? assertion : jwt(assertion));
    return new WorkloadIdentityCredential({
      tenantId: monitor.tenantId,
      clientId: monitor.clientId,
      tokenFilePath,
      authorityHost: monitor.authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca },
      retryOptions: { maxRetries: 0 },
    });
  }

  const client = new LogsQueryClient(await credential(claims()), {
    endpoint: monitor.queryEndpoint,
    tlsOptions: { ca },
    retryOptions: { maxRetries: 0 },
  });
  return {
    monitor,
    client,
    credential,
    async close() {
      await monitor.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function jwt(payload: unknown): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(payload)}.signature`;
}

/** What a promise is rejected with; fails when it is not. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { statusCode?: unknown; code?: unknown }> {
  const value = await promise.then(
    (result) => ({ resolved: JSON.stringify(result) }),
    (reason: unknown) => reason,
  );
  if (value instanceof Error) return value;
  throw new Error(`a rejection was expected, not ${JSON.stringify(value)}`);
}
