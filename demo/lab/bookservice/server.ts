/**
 * The lab's bookservice: one program, whose version is chosen by BOOKSERVICE_IMAGE_VERSION as an image's tag would.
 *
 * Environment: PORT (required), BOOKSERVICE_IMAGE_VERSION (v1 to v4, required), VersionTag (custom dimension of the
 * telemetry), APPLICATIONINSIGHTS_CONNECTION_STRING (absent: no telemetry), JITTER_SEED (default: the VersionTag),
 * DATABASE_URL (asked before every answer; absent: the books are in memory), LISTEN_ADDRESS (default: 127.0.0.1).
 */
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { books, findBook, reviewsOf } from './books.ts';
import { pathOf, routeOf } from './routes.ts';
import { startTelemetry } from './telemetry.ts';
import { type Behaviour, behaviourOf, type VersionName, versionNames } from './versions.ts';

interface Settings {
  readonly address: string;
  readonly port: number;
  readonly version: VersionName;
  readonly versionTag: string;
  readonly seed: string;
  readonly connectionString: string | undefined;
  readonly databaseUrl: string | undefined;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What a process may take to end: answers that are under way (V3's take 1.2 s) and the idle connections' grace. */
const idleGraceMilliseconds = 1000;

function main(): void {
  const settings = readSettings(process.env);
  // Before the server: the SDK sees only servers that are created after it.
  const telemetry =
    settings.connectionString === undefined
      ? undefined
      : startTelemetry({
          connectionString: settings.connectionString,
          versionTag: settings.versionTag,
          roleName: 'bookservice',
        });
  const behaviour = behaviourOf(settings.version, settings.seed);
  let draining = false;

  // Through the module object, not a named import: the SDK replaces this property.
  const server = http.createServer((request, response) => {
    answer(request, behaviour, settings.databaseUrl).then(
      ({ status, body }) => send(response, status, body, draining),
      (error: unknown) => {
        console.error(`${request.method} ${request.url}: ${error instanceof Error ? error.message : String(error)}`);
        send(response, 500, { error: 'Internal Server Error' }, draining);
      },
    );
  });
  // Longer than a proxy keeps an idle connection (Envoy: an hour): after Node.js' 5 s, a request of the proxy may meet a
  // connection that is just being closed, and its client gets a 503.
  server.keepAliveTimeout = 3_700_000;
  server.listen(settings.port, settings.address, () =>
    console.log(`bookservice ${settings.version} (${settings.versionTag}) on ${settings.port}`),
  );
  server.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });

  process.once('SIGTERM', async () => {
    // Answers say "Connection: close" for a while before the listener closes: cutting a kept-alive connection at once
    // would race with a request that the proxy is just writing to it.
    draining = true;
    await delay(idleGraceMilliseconds);
    await new Promise((resolve) => server.close(resolve));
    await telemetry?.flush();
    process.exit(0);
  });
}

async function answer(
  request: http.IncomingMessage,
  behaviour: Behaviour,
  databaseUrl: string | undefined,
): Promise<Answer> {
  const path = pathOf(request.url ?? '/');
  if (path === '/healthz') return { status: 200, body: { status: 'ok' } };
  const route = routeOf(request.method ?? 'GET', path);
  if (route === undefined) return { status: 404, body: { error: `no such route: ${request.method} ${path}` } };
  if (databaseUrl !== undefined) await query(databaseUrl);
  switch (route.operation) {
    case 'GET Books/Get':
      await delay(behaviour.bookMilliseconds());
      return { status: 200, body: books };
    case 'GET Books/GetById': {
      await delay(behaviour.bookMilliseconds());
      const book = findBook(route.id);
      return book === undefined ? { status: 404, body: { error: 'no such book' } } : { status: 200, body: book };
    }
    case 'GET Reviews/Get':
      return { status: 200, body: await loadReviews(route.id, behaviour) };
    case 'POST Books/Post':
      await readBody(request);
      await delay(behaviour.bookMilliseconds());
      return { status: 201, body: { status: 'ordered' } };
  }
}

async function query(databaseUrl: string): Promise<void> {
  const response = await fetch(databaseUrl);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the database answers ${response.status}`);
}

async function loadReviews(bookId: number, behaviour: Behaviour): Promise<unknown> {
  await delay(behaviour.reviewMilliseconds());
  if (behaviour.reviewsFail(bookId)) throw new Error(`the reviews of book ${bookId} could not be loaded`);
  return reviewsOf(bookId);
}

const bodyLimitBytes = 1 << 20;

async function readBody(request: http.IncomingMessage): Promise<void> {
  let bytes = 0;
  for await (const chunk of request) {
    bytes += Buffer.byteLength(chunk);
    if (bytes > bodyLimitBytes) throw new Error(`the body exceeds ${bodyLimitBytes} bytes`);
  }
}

function send(response: http.ServerResponse, status: number, body: unknown, close: boolean): void {
  if (response.destroyed) return;
  if (close) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function readSettings(env: NodeJS.ProcessEnv): Settings {
  const port = Number(env.PORT);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`PORT must be a port number, not ${JSON.stringify(env.PORT)}`);
  }
  const version = versionNames.find((name) => name === env.BOOKSERVICE_IMAGE_VERSION);
  if (version === undefined) {
    throw new Error(
      `BOOKSERVICE_IMAGE_VERSION must be one of ${versionNames.join(', ')}, ` +
        `not ${JSON.stringify(env.BOOKSERVICE_IMAGE_VERSION)}`,
    );
  }
  const versionTag = env.VersionTag ?? version;
  return {
    address: env.LISTEN_ADDRESS ?? '127.0.0.1',
    port,
    version,
    versionTag,
    seed: env.JITTER_SEED ?? versionTag,
    connectionString: env.APPLICATIONINSIGHTS_CONNECTION_STRING,
    databaseUrl: env.DATABASE_URL,
  };
}

main();
