// Log Analytics for bench/scale.ts, as a process of its own: real HTTPS, tokens and limits, made-up traffic (answers.ts).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCertificates } from '../../demo/azure-monitor/certificates.ts';
import { createFaults } from '../../demo/azure-monitor/faults.ts';
import { queryListener } from '../../demo/azure-monitor/query-server.ts';
import { createTokenIssuer } from '../../demo/azure-monitor/tokens.ts';
import { answer, asked } from './answers.ts';

/** What the operator needs to find it. */
export interface ProviderAddress {
  readonly queryEndpoint: string;
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly caFile: string;
}

/** What was asked since the last question about it. */
export interface ProviderFigures {
  readonly queries: number;
  readonly refused: number;
  readonly bytes: number;
  readonly mostAtOnce: number;
  readonly mostIn30Seconds: number;
  /** Questions in these queries. */
  readonly questions: number;
  /** By live's version: when its sums were asked for, and of a window of which end, in ms since the epoch. */
  readonly looks: Readonly<Record<string, readonly Look[]>>;
}

export interface Look {
  readonly at: number;
  readonly end: number;
}

/** Of the service, for one identity. */
const QUERIES_IN_30_SECONDS = 200;
const AT_ONCE = 5;

const workspace = process.argv[2] ?? '';
const latencyMilliseconds = Number(process.argv[3] ?? '300');
const certificates = await createCertificates();
const starts: number[] = [];
let running = 0;
let waiting: (() => void)[] = [];
let figures = empty();

function empty() {
  return {
    ...{ queries: 0, refused: 0, bytes: 0, mostAtOnce: 0, mostIn30Seconds: 0, questions: 0 },
    looks: {} as Record<string, Look[]>,
  };
}

const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) =>
  listener(request, response),
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const address: ProviderAddress = {
  queryEndpoint: `https://127.0.0.1:${port}/v1`,
  authorityHost: `https://127.0.0.1:${port}/`,
  tenantId: '2f4a9838-26b7-47ee-be60-ccc1fdec5953',
  clientId: '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21',
  caFile: certificates.caFile,
};
const answering = queryListener({
  engine: async ({ kql }) => {
    for (const { kind, version, versions, end } of asked(kql)) {
      figures.questions += 1;
      if (kind !== 'cells' || versions !== 2) continue;
      const looks = figures.looks[version] ?? [];
      figures.looks[version] = looks;
      looks.push({ at: Date.now(), end });
    }
    const table = answer(kql);
    await new Promise((resolve) => setTimeout(resolve, latencyMilliseconds));
    return { table, truncated: false };
  },
  tokens: createTokenIssuer(address),
  faults: createFaults(),
  workspaces: [workspace],
  resources: [],
  requireToken: true,
  log: ({ responseBytes }) => {
    figures.bytes += responseBytes;
  },
});

/** More than five at once wait; more than 200 in 30 s are refused. */
function listener(request: IncomingMessage, response: ServerResponse): void {
  if (!request.url?.includes('/query')) {
    answering(request, response);
    return;
  }
  const now = performance.now();
  while (starts.length > 0 && now - (starts[0] ?? 0) > 30_000) starts.shift();
  starts.push(now);
  figures.queries += 1;
  figures.mostIn30Seconds = Math.max(figures.mostIn30Seconds, starts.length);
  if (starts.length > QUERIES_IN_30_SECONDS) {
    figures.refused += 1;
    response.writeHead(429, { 'Retry-After': '5', 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error: { code: 'Throttled', message: 'too many queries' } }));
    return;
  }
  const begin = (): void => {
    running += 1;
    figures.mostAtOnce = Math.max(figures.mostAtOnce, running + waiting.length);
    response.once('close', () => {
      running -= 1;
      const [next, ...rest] = waiting;
      waiting = rest;
      next?.();
    });
    answering(request, response);
  };
  if (running < AT_ONCE) begin();
  else waiting.push(begin);
}

process.on('message', () => {
  const told: ProviderFigures = figures;
  figures = empty();
  process.send?.(told);
});
process.once('disconnect', () => {
  server.close();
  server.closeAllConnections();
  void certificates.remove();
});
process.send?.(address);
