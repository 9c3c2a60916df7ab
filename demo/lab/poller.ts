import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { pseudoRandom } from './random.ts';

/**
 * Drives live traffic through the front proxy, as the lab's poller.ps1 does: an open loop (a slow answer does not slow
 * the sending down), a new connection and a fresh W3C traceparent for each request, a mix of routes and ids.
 */
export interface PollerOptions {
  /** Origin of the front proxy, e.g. http://127.0.0.1:8080. */
  readonly url: string;
  readonly requestsPerSecond: number;
  /** The poller stops by itself after this time… */
  readonly maxSeconds: number;
  /** …or after this many requests. Default: requestsPerSecond × maxSeconds. */
  readonly maxRequests?: number;
  /** A request without a whole answer after this time has failed. Default 10,000. */
  readonly timeoutMilliseconds?: number;
  /** Seed of the mix of routes and ids. */
  readonly seed?: string;
}

/** Counts of live requests, as the client sees them. */
export interface PollerCounts {
  readonly sent: number;
  readonly succeeded: number;
  /** Status 500 and above, connection errors, timeouts. */
  readonly failed: number;
  readonly inFlight: number;
  /** Failures by reason: "status 503", "ECONNRESET", "timeout". */
  readonly failures: Readonly<Record<string, number>>;
  /** Answers by status code. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface Poller {
  counts(): PollerCounts;
  /** Sends no more, waits for the answers that are under way, and gives the last counts. */
  stop(): Promise<PollerCounts>;
  /** Resolves with the last counts when the poller has stopped, by itself or by stop(). */
  readonly ended: Promise<PollerCounts>;
}

interface Request {
  readonly method: string;
  readonly path: string;
}

export function startPoller(options: PollerOptions): Poller {
  const { requestsPerSecond, maxSeconds, timeoutMilliseconds = 10_000 } = options;
  if (!(requestsPerSecond > 0) || !(maxSeconds > 0)) {
    throw new Error('requestsPerSecond and maxSeconds must be positive: a poller without a bound is refused');
  }
  const maxRequests = options.maxRequests ?? Math.floor(requestsPerSecond * maxSeconds);
  const next = requestMix(options.seed ?? 'poller');
  const failures: Record<string, number> = {};
  const statuses: Record<string, number> = {};
  let sent = 0;
  let succeeded = 0;
  let failed = 0;
  let stopping = false;
  const { promise: ended, resolve: end } = Promise.withResolvers<PollerCounts>();
  const counts = (): PollerCounts => ({
    sent,
    succeeded,
    failed,
    inFlight: sent - succeeded - failed,
    failures: { ...failures },
    statuses: { ...statuses },
  });
  const endWhenIdle = () => {
    if (stopping && sent === succeeded + failed) end(counts());
  };

  const record = (outcome: number | string) => {
    if (typeof outcome === 'number') statuses[outcome] = (statuses[outcome] ?? 0) + 1;
    const failure = typeof outcome === 'string' ? outcome : outcome >= 500 ? `status ${outcome}` : undefined;
    if (failure === undefined) {
      succeeded += 1;
    } else {
      failed += 1;
      failures[failure] = (failures[failure] ?? 0) + 1;
    }
    endWhenIdle();
  };

  const started = performance.now();
  const timer = setInterval(
    () => {
      const elapsedSeconds = (performance.now() - started) / 1000;
      const due = Math.min(maxRequests, Math.floor(Math.min(elapsedSeconds, maxSeconds) * requestsPerSecond));
      while (sent < due) {
        sent += 1;
        send(options.url, next(), timeoutMilliseconds).then(record);
      }
      if (sent >= maxRequests || elapsedSeconds >= maxSeconds) stop();
    },
    Math.min(50, 1000 / requestsPerSecond),
  );
  const stop = () => {
    stopping = true;
    clearInterval(timer);
    endWhenIdle();
    return ended;
  };
  return { counts, stop, ended };
}

/** Resolves with the status code, or with the reason why there is no whole answer. */
function send(origin: string, { method, path }: Request, timeoutMilliseconds: number): Promise<number | string> {
  return new Promise((resolve) => {
    const request = http.request(new URL(path, origin), {
      method,
      agent: false, // a new connection
      headers: {
        traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    const fail = (error: NodeJS.ErrnoException) =>
      resolve(error.name === 'TimeoutError' || error.name === 'AbortError' ? 'timeout' : (error.code ?? error.message));
    request.on('error', fail);
    request.on('response', (response) => {
      response.on('error', fail);
      response.on('end', () => resolve(response.statusCode ?? 'no status'));
      response.resume();
    });
    request.end(method === 'POST' ? '{"id": 1}' : undefined);
  });
}

/** Half of the requests load reviews; one in twenty is a write, which must not be copied by default. */
function requestMix(seed: string): () => Request {
  const random = pseudoRandom(seed);
  return () => {
    const kind = random();
    const id = 1 + Math.floor(random() * 8);
    if (kind < 0.5) return { method: 'GET', path: `/api/reviews/${id}` };
    if (kind < 0.75) return { method: 'GET', path: `/api/books/${id}` };
    if (kind < 0.95) return { method: 'GET', path: '/api/books' };
    return { method: 'POST', path: '/api/books' };
  };
}
