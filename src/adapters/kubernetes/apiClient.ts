import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https, { type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { ClusterError } from '../../engine/ports/cluster.ts';
import type { Log } from '../../engine/ports/log.ts';
import { startDeadline } from '../deadline.ts';
import { ApiError, parseRetryAfter } from './apiError.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the server's address, with a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  /** Media type of the answer; default application/json. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

/**
 * Plain JSON over HTTP to the API server of a kubeconfig. The client library's typed models drop fields that they do not
 * know and turn times into Dates, which would not survive a write; it also opens a connection for every request. Here its
 * kubeconfig gives address and credentials (read anew for every request, so that rotated ones are used; a token file is
 * read again after 60 s, as client-go does), and connections are kept.
 */
export interface ApiClient {
  /** The parsed answer. Throws a ClusterError: an ApiError when the server refuses. */
  request(request: ApiRequest): Promise<unknown>;
  /** The lines of an answer that arrives bit by bit, until the server ends it. Only the signal bounds its time. */
  lines(request: LinesRequest): AsyncGenerator<string, void, undefined>;
  /** Closes the connections. */
  close(): void;
}

export interface LinesRequest extends ApiRequest {
  readonly signal: AbortSignal;
  /** Called when the server has begun to answer. */
  readonly onOpen?: () => void;
}

export interface ApiClientOptions {
  readonly kubeConfig: KubeConfig;
  readonly log: Log;
  /** From the start of a request to the end of its answer. */
  readonly requestTimeoutMilliseconds?: number;
  /**
   * Asked before a request that is no GET is begun, and again when its connection stands, immediately before it is sent:
   * throws when it must not be. The signal gives the request up.
   */
  readonly guardWrite?: () => AbortSignal;
  /** Hears of every request that is begun; what it returns hears of its end, for lines() when the head has come. */
  readonly observe?: (request: ApiRequest) => (outcome: ApiOutcome) => void;
}

/** How a request ended. */
export interface ApiOutcome {
  /** HTTP status code; undefined: no answer came. */
  readonly code: number | undefined;
  readonly error?: Error;
}

export function createApiClient(options: ApiClientOptions): ApiClient {
  const { kubeConfig, log, requestTimeoutMilliseconds = 15_000, guardWrite, observe } = options;
  // The API server closes a connection that was idle for 90 s; ours are closed first.
  // A kept connection takes 150 kB; so many are enough for the workers.
  const pool = { keepAlive: true, timeout: 60_000, maxFreeSockets: 8 };
  const agents = { 'http:': new http.Agent(pool), 'https:': new https.Agent(pool) };

  async function request(given: ApiRequest): Promise<unknown> {
    const allowed = given.method === 'GET' ? undefined : guardWrite?.();
    using deadline = startDeadline(requestTimeoutMilliseconds, given.signal, allowed);
    const ended = observe?.(given);
    try {
      const response = await open({ ...given, signal: deadline.signal });
      const answer = parseJson(await text(response), describe(given));
      ended?.({ code: response.statusCode });
      return answer;
    } catch (error) {
      ended?.(outcomeOf(error));
      given.signal?.throwIfAborted();
      allowed?.throwIfAborted();
      if (deadline.expired()) dropIdleConnections();
      const reason = deadline.expired() ? `no answer within ${requestTimeoutMilliseconds / 1000} s` : undefined;
      const failure = asClusterError(error, given, reason);
      // Of requests that are made at once and fail, the caller hears of one only; some it makes again without a word.
      log.debug(`request failed: ${failure.message}`);
      throw failure;
    }
  }

  async function* lines(given: LinesRequest): AsyncGenerator<string, void, undefined> {
    const ended = observe?.(given);
    let isOpen = false;
    try {
      const response = await open(given);
      isOpen = true;
      given.onOpen?.();
      ended?.({ code: response.statusCode });
      response.setEncoding('utf8');
      let rest = '';
      for await (const chunk of response) {
        const parts = `${rest}${chunk}`.split('\n');
        rest = parts.pop() ?? '';
        yield* parts;
      }
      if (rest !== '') yield rest;
    } catch (error) {
      if (!isOpen) ended?.(outcomeOf(error));
      given.signal.throwIfAborted();
      throw asClusterError(error, given);
    }
  }

  /** Sends a request and returns the answer when its head has come, if it is a success. */
  async function open(given: ApiRequest): Promise<IncomingMessage> {
    const { url, requestOptions, body } = await prepare(given);
    const send = async (): Promise<IncomingMessage> => {
      const sent = url.protocol === 'http:' ? http.request(url, requestOptions) : https.request(url, requestOptions);
      // An error after the head of the answer is also the answer's, whose reader hears of it.
      sent.on('error', () => {});
      whenConnected(sent, () => {
        try {
          if (given.method !== 'GET') guardWrite?.();
          sent.end(body);
        } catch (error) {
          sent.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      });
      try {
        const [response]: IncomingMessage[] = await once(sent, 'response');
        if (response === undefined) throw new Error('no response');
        return response;
      } catch (error) {
        // The server closed a kept connection just as it was used again: a read can simply be sent once more.
        if (given.method !== 'GET' || !sent.reusedSocket || given.signal?.aborted) throw error;
        dropIdleConnections();
        return send();
      }
    };
    const response = await send();
    logWarnings(response, given);
    const code = response.statusCode ?? 0;
    if (code >= 200 && code <= 299) return response;
    const status = parseStatus(await text(response));
    throw new ApiError(describe(given), code, status, parseRetryAfter(response.headers['retry-after']));
  }

  async function prepare(given: ApiRequest) {
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig has no current cluster: set its current-context');
    const url = new URL(cluster.server.replace(/\/$/, '') + given.path);
    for (const [name, value] of Object.entries(given.query ?? {})) url.searchParams.set(name, value);
    const credentials: RequestOptions = {};
    await kubeConfig.applyToHTTPSOptions(credentials);
    const body = given.body === undefined ? undefined : JSON.stringify(given.body);
    const requestOptions: RequestOptions = {
      ...credentials,
      method: given.method,
      headers: {
        ...credentials.headers,
        Accept: given.accept ?? 'application/json',
        'User-Agent': 'mirror-experiment',
        ...(body !== undefined && {
          'Content-Type': given.contentType ?? 'application/json',
          'Content-Length': Buffer.byteLength(body),
        }),
      },
      ...(given.signal !== undefined && { signal: given.signal }),
    };
    // Through a proxy, the library's agent knows the way.
    if (!cluster.proxyUrl) requestOptions.agent = url.protocol === 'http:' ? agents['http:'] : agents['https:'];
    return { url, requestOptions, body };
  }

  function logWarnings(response: IncomingMessage, given: ApiRequest): void {
    const warning = response.headers.warning;
    if (warning !== undefined) log.warn(`the API server warns: ${warning}`, { request: describe(given) });
  }

  /** After a connection has gone silent the other kept ones are likely dead too. */
  function dropIdleConnections(): void {
    for (const agent of Object.values(agents)) {
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
    }
  }

  return {
    request,
    lines,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Calls back when the next byte that is written goes out at once. */
function whenConnected(request: ClientRequest, callback: () => void): void {
  request.once('socket', (socket) => {
    const isSecuring = socket instanceof TLSSocket && 'secureConnecting' in socket && socket.secureConnecting === true;
    if (isSecuring) socket.once('secureConnect', callback);
    else if (socket.connecting) socket.once('connect', callback);
    else callback();
  });
}

function describe({ method, path }: ApiRequest): string {
  return `${method} ${path}`;
}

function outcomeOf(error: unknown): ApiOutcome {
  const code = error instanceof ApiError ? error.code : undefined;
  return { code, error: error instanceof Error ? error : new Error(String(error)) };
}

function asClusterError(error: unknown, request: ApiRequest, reason?: string): ClusterError {
  if (error instanceof ClusterError) return error;
  const why = reason ?? (error instanceof Error ? error.message : String(error));
  return new ClusterError('Unavailable', `${describe(request)}: ${why}`, { cause: error });
}

function parseJson(body: string, request: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new ClusterError('Unavailable', `${request}: the answer is not JSON; is this the API server?`, {
      cause: error,
    });
  }
}

/** The Status object of a refusal; the text, when something else than the API server answered. */
function parseStatus(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
