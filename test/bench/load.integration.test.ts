import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failed, type Load, type LoadOrder, startLoad } from '../../bench/live/load.ts';

let load: Load;
let server: Server;
let order: LoadOrder;
let answer: RequestListener;

beforeEach(async () => {
  load = await startLoad();
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  order = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ requestsPerSecond: 100, seconds: 1, warmupSeconds: 0, keepAlive: true, timeoutMilliseconds: 5000 },
    mix: [
      { method: 'GET', path: '/books', bodyBytes: 0 },
      { method: 'POST', path: '/books', bodyBytes: 3000 },
    ],
  };
});
afterEach(() => {
  load.close();
  server.closeAllConnections();
  server.close();
});

describe('what the benchmarks’ live users measure', () => {
  test('a stall shows in every request that was due while it lasted', async () => {
    let first = 0;
    let waiting = 0;
    let mostWaiting = 0;
    answer = (request, response) => {
      first ||= Date.now();
      waiting += 1;
      mostWaiting = Math.max(mostWaiting, waiting);
      response.once('finish', () => {
        waiting -= 1;
      });
      request.resume();
      // Nobody is answered before this is over, as when a service stands still.
      setTimeout(() => response.end(), Math.max(0, first + 600 - Date.now()));
    };
    const { sent, milliseconds } = await load.run(order);
    expect(sent).toBe(100);
    expect(milliseconds).toHaveLength(100);
    // Nobody waits for an answer before sending the next.
    expect(mostWaiting).toBeGreaterThan(30);
    // Due evenly over the 600 ms: half of them waited for 300 ms and more, however busy this machine is.
    expect(milliseconds.filter((each) => each >= 300).length).toBeGreaterThanOrEqual(29);
  });

  test('every kind of failure is counted, and bodies are sent whole', async () => {
    let index = 0;
    let bytes = 0;
    answer = (request, response) => {
      const turn = index++ % 4;
      request.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      request.on('end', () => {
        if (turn === 0) response.writeHead(503).end();
        else if (turn === 1) response.destroy();
        // Half an answer.
        else if (turn === 2) response.writeHead(200, { 'content-length': 10 }).write('12345', () => response.destroy());
        else response.end('ok');
      });
    };
    const result = await load.run({ ...order, keepAlive: false, requestsPerSecond: 40 });
    expect(result.failures).toEqual({ 'status 503': 10, ECONNRESET: 20 });
    expect(failed(result)).toBe(30);
    expect(bytes).toBe(20 * 3000);
  });

  test('an answer that never comes is a timeout', async () => {
    answer = (request) => request.resume();
    const result = await load.run({ ...order, requestsPerSecond: 5, timeoutMilliseconds: 300 });
    expect(result.failures).toEqual({ timeout: 5 });
  });

  test('it stops when it is told to, and the beginning is left out', async () => {
    answer = (request, response) => {
      request.resume();
      response.end();
    };
    const running = load.run({ ...order, seconds: 60 });
    load.stop();
    expect((await running).sent).toBeLessThan(6000);
    const { sent, milliseconds } = await load.run({ ...order, warmupSeconds: 0.4 });
    expect([sent, milliseconds.length]).toEqual([100, 60]);
  });
});
