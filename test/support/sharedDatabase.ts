import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A database that two versions share. Queries of `sharedUrl` take next to nothing, but wait for those of `lockingUrl` that
 * came before: each of these locks a table for a while, as a migration or an unindexed update does.
 */
export async function startSharedDatabase(lockMilliseconds: number) {
  const waiting: { response: ServerResponse; locks: boolean }[] = [];
  let locked = false;

  function serve(): void {
    while (!locked) {
      const next = waiting.shift();
      if (next === undefined) return;
      if (next.response.destroyed) continue;
      if (!next.locks) {
        next.response.end('{}');
        continue;
      }
      locked = true;
      setTimeout(() => {
        next.response.end('{}');
        locked = false;
        serve();
      }, lockMilliseconds);
    }
  }

  const server = createServer((request, response) => {
    waiting.push({ response, locks: request.url === '/locking' });
    serve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    sharedUrl: `${origin}/shared`,
    lockingUrl: `${origin}/locking`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
