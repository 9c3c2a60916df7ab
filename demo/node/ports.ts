import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ranges from which Linux (32768) and macOS (49152) take ports for outgoing connections: a port that is free
// now would otherwise sooner or later belong to some connection of the load when the process binds it.
const lowest = 20_000;
const highest = 32_000;
const given = new Set<number>();

/** Ports of 127.0.0.1 that nobody listens on; none is given twice by this process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let attempts = 0; ports.length < count; attempts += 1) {
    if (attempts > 1000 + count) throw new Error(`no free port found between ${lowest} and ${highest} on 127.0.0.1`);
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('freePorts gave none');
  return port;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
