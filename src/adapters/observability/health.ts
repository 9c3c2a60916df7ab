import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * /livez answers while the event loop turns; /readyz answers 200 once the experiments have been listed and the watch is up.
 */
export async function startHealthServer(address: string, port: number, ready: () => boolean): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const healthy = request.url === '/livez' || (request.url === '/readyz' && ready());
    const known = request.url === '/livez' || request.url === '/readyz';
    response.writeHead(known ? (healthy ? 200 : 503) : 404, { 'content-type': 'text/plain' });
    response.end(known ? (healthy ? 'ok\n' : 'not ready: the experiments have not been listed yet\n') : 'not found\n');
  });
  await listen(server, address, port);
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
