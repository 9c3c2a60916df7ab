import { once } from 'node:events';
import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
}

export interface Upstream {
  port: number;
  seen: SeenRequest[];
  close(): Promise<void>;
}

/** A service that answers every request with 200; `reads`: false: one that accepts and never reads. */
export async function startUpstream(reads = true): Promise<Upstream> {
  const seen: SeenRequest[] = [];
  const server = createServer((incoming, response) => {
    seen.push({ method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers });
    if (!reads) {
      incoming.pause();
      return;
    }
    incoming.resume();
    incoming.on('end', () => response.end('ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    seen,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

export function closeClient(): void {
  agent.destroy();
}

/** Status of one request, 0 when it failed without one. */
export function send(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    outgoing.on('error', () => resolve(0));
    outgoing.end(body);
  });
}

/** Sends `count` requests, eight at a time; the statuses. */
export async function sendMany(
  count: number,
  port: number,
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<number[]> {
  const statuses: number[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next++ < count) statuses.push(await send(port, method, path, headers));
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return statuses;
}
