import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCertificates } from '../demo/azure-monitor/certificates.ts';
import type { QueryLogEntry } from '../demo/azure-monitor/contract.ts';
import type { Engine } from '../demo/azure-monitor/engine.ts';
import { createFaults } from '../demo/azure-monitor/faults.ts';
import { queryListener } from '../demo/azure-monitor/query-server.ts';
import { createTokenIssuer } from '../demo/azure-monitor/tokens.ts';

/** What a client needs to find the service, and to be given a token by it. */
export interface ServiceAddress {
  readonly endpoint: string;
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly caFile: string;
}

export const WORKSPACE = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';

/** Log Analytics' query and token endpoints over https on 127.0.0.1, with an engine of one's own behind them. */
export async function startTelemetryService(engine: Engine, log: (entry: QueryLogEntry) => void = () => {}) {
  const certificates = await createCertificates();
  const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) =>
    listener(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const identity = {
    authorityHost: `${origin}/`,
    tenantId: '2f4a9838-26b7-47ee-be60-ccc1fdec5953',
    clientId: '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21',
  };
  const listener = queryListener({
    ...{ engine, log, workspaces: [WORKSPACE], resources: [], requireToken: true },
    ...{ tokens: createTokenIssuer(identity), faults: createFaults() },
  });
  const address: ServiceAddress = { ...identity, endpoint: `${origin}/v1`, caFile: certificates.caFile };
  return {
    address,
    close: async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await certificates.remove();
    },
  };
}
