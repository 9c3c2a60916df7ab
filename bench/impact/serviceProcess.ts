// The live service, or its candidate, as a process of its own, which can be told to misbehave.
// node bench/impact/serviceProcess.ts PORT
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Behaviour, ServiceAnswer, ServiceMessage } from './service.ts';

const SLOW_MILLISECONDS = 5000;

const port = Number(process.argv[2]);
const sockets = new Set<Socket>();
let behaviour: Behaviour = 'healthy';
let received = 0;

const http = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, answer);
let listening: Server | undefined = await listen();
process.send?.({ received });

process.on('message', (message: ServiceMessage) => void behave(message));
process.once('disconnect', () => process.exit());

/** From here on, on connections of its own: who was connected is cut off. */
async function behave(message: ServiceMessage): Promise<void> {
  if (message.kind === 'behave') {
    behaviour = message.behaviour;
    received = 0;
    for (const socket of sockets) socket.destroy();
    if (behaviour === 'down') await stop();
    else listening ??= await listen();
  }
  const told: ServiceAnswer = { received };
  process.send?.(told);
}

async function listen(): Promise<Server> {
  // Paused: nothing is read from a connection until somebody wants to.
  const server = createTcpServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    if (behaviour === 'neverReading') {
      // A copy that is not read keeps its connection, so that the next one gets another.
      received += 1;
      return;
    }
    http.emit('connection', socket);
    socket.resume();
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function stop(): Promise<void> {
  const server = listening;
  listening = undefined;
  if (server === undefined) return;
  server.close();
  await once(server, 'close');
}

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  received += 1;
  const then = behaviour;
  incoming.resume();
  incoming.once('end', () => {
    if (then === 'slow') setTimeout(() => end(response, 200), SLOW_MILLISECONDS);
    else end(response, then === 'failing' ? 500 : 200);
  });
}

function end(response: ServerResponse, status: number): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"ok"}');
}
