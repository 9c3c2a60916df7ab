import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { startPoller } from '../../../demo/lab/poller.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the poller', () => {
  it('sends what it was told, each request on a connection and with a trace of its own', async () => {
    const ports = new Set<number | undefined>();
    const traces = new Set<string | undefined>();
    const lines = new Map<string, number>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      traces.add(/^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(request.headers.traceparent?.toString() ?? '')?.[1]);
      const line = `${request.method} ${request.url?.replace(/\d+$/, '{id}')}`;
      lines.set(line, (lines.get(line) ?? 0) + 1);
      response.end('{}');
    });
    const counts = await startPoller({ url, requestsPerSecond: 200, maxSeconds: 30, maxRequests: 200 }).ended;
    expect(counts).toEqual({ sent: 200, succeeded: 200, failed: 0, inFlight: 0, failures: {}, statuses: { 200: 200 } });
    expect(ports.size).toBe(200);
    expect(traces.size).toBe(200);
    expect(traces.has(undefined)).toBe(false);
    expect([...lines.keys()].sort()).toEqual([
      'GET /api/books',
      'GET /api/books/{id}',
      'GET /api/reviews/{id}',
      'POST /api/books',
    ]);
    expect(lines.get('GET /api/reviews/{id}')).toBeGreaterThan(70);
  });

  it('counts failures by their reason, and a 404 as an answer', async () => {
    let index = 0;
    const url = await serve((request, response) => {
      index += 1;
      if (index === 1) request.socket.resetAndDestroy();
      else if (index === 2) response.writeHead(503).end();
      else if (index === 3) response.writeHead(404).end();
      else if (index === 4)
        response.writeHead(200).write('half'); // never ends
      else if (index === 5)
        response.writeHead(200, { 'content-length': '10' }).end('half', () => request.socket.destroy());
      else response.end('{}');
    });
    const counts = await startPoller({
      url,
      requestsPerSecond: 50,
      maxSeconds: 30,
      maxRequests: 8,
      timeoutMilliseconds: 400,
    }).ended;
    expect(counts.failures).toEqual({ ECONNRESET: 2, 'status 503': 1, timeout: 1 });
    expect(counts).toMatchObject({ sent: 8, succeeded: 4, failed: 4, inFlight: 0 });
  });

  it('is an open loop: it goes on sending while answers are pending', async () => {
    let pending = 0;
    let most = 0;
    const url = await serve((_request, response) => {
      pending += 1;
      most = Math.max(most, pending);
      setTimeout(() => {
        pending -= 1;
        response.end('{}');
      }, 500);
    });
    await startPoller({ url, requestsPerSecond: 100, maxSeconds: 30, maxRequests: 40 }).ended;
    expect(most).toBeGreaterThan(20);
  });

  it('ends after its time, and stop() waits for what is under way', async () => {
    const url = await serve((_request, response) => setTimeout(() => response.end('{}'), 100));
    const byTime = await startPoller({ url, requestsPerSecond: 40, maxSeconds: 0.5 }).ended;
    expect(byTime.sent).toBe(20);

    const poller = startPoller({ url, requestsPerSecond: 40, maxSeconds: 30 });
    while (poller.counts().sent < 4) await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = await poller.stop();
    expect(stopped.inFlight).toBe(0);
    expect(stopped.succeeded).toBe(stopped.sent);
    expect(poller.counts().sent).toBe(stopped.sent);
  });

  it('refuses to run without a bound', () => {
    expect(() => startPoller({ url: 'http://127.0.0.1:1', requestsPerSecond: 1, maxSeconds: Number.NaN })).toThrow(
      /bound/,
    );
  });
});

describe('the poller as a program', () => {
  it('prints its counts each second, and the last ones on SIGTERM', async () => {
    const url = await serve((_request, response) => response.end('{}'));
    const program = fileURLToPath(new URL('../../../demo/lab/poll.ts', import.meta.url));
    const args = ['--url', url, '--requests-per-second', '20', '--max-seconds', '30'];
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    closers.push(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    await once(reader, 'line');
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    const counts = JSON.parse(lines.at(-1) ?? '');
    expect(counts.sent).toBeGreaterThan(0);
    expect(counts).toMatchObject({ succeeded: counts.sent, failed: 0, inFlight: 0 });
  });
});
