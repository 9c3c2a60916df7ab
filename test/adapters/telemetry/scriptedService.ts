import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { createCertificates } from '../../../demo/azure-monitor/certificates.ts';

export interface ReceivedQuery {
  readonly path: string;
  readonly authorization: string;
  readonly prefer: string;
  readonly query: string;
  readonly timespan: string;
}

/** An answer: a status and JSON, or whatever a function does with the response. */
export type Script =
  | {
      readonly status?: number;
      readonly headers?: Record<string, string>;
      readonly json?: unknown;
      readonly text?: string;
    }
  | ((response: ServerResponse, received: ReceivedQuery) => void | Promise<void>);

export interface ScriptedService {
  readonly endpoint: string;
  readonly authorityHost: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly caFile: string;
  /** Queries received since the last script, oldest first. */
  readonly received: ReceivedQuery[];
  /** Form bodies of the token requests since the last script. */
  readonly tokenRequests: URLSearchParams[];
  /** Sets how queries are answered: one script for each, the last one for all that follow. */
  script(...answers: Script[]): void;
  /** Sets how token requests are answered; undefined: with a token. */
  scriptToken(answer: Script | undefined): void;
  close(): Promise<void>;
}

/** Every access token begins like this, so that a test can look for one. */
export const TOKEN_PREFIX = 'scripted-access-token-';

/** A query and token endpoint over https that answers exactly what a test tells it to. */
export async function startScriptedService(): Promise<ScriptedService> {
  const tenantId = '2f4a9838-26b7-47ee-be60-ccc1fdec5953';
  const certificates = await createCertificates();
  const received: ReceivedQuery[] = [];
  const tokenRequests: URLSearchParams[] = [];
  let answers: Script[] = [];
  let tokenAnswer: Script | undefined;
  let tokens = 0;

  const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the service has no port');
  const authorityHost = `https://127.0.0.1:${address.port}`;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (path.includes('openid-configuration')) {
      const base = `${authorityHost}/${tenantId}`;
      const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
      return answer({ json: { issuer: `${base}/v2.0`, ...endpoints, jwks_uri: `${base}/keys` } }, response);
    }
    if (path.endsWith('/oauth2/v2.0/token')) {
      tokenRequests.push(new URLSearchParams(body));
      tokens += 1;
      const token = { token_type: 'Bearer', expires_in: 3600, access_token: `${TOKEN_PREFIX}${tokens}` };
      return answer(tokenAnswer ?? { json: token }, response);
    }
    const { authorization = '', prefer = '' } = request.headers;
    const { query = '', timespan = '' }: { query?: string; timespan?: string } = JSON.parse(body);
    const asked = { path, authorization, prefer: String(prefer), query, timespan };
    received.push(asked);
    const script = answers.length > 1 ? answers.shift() : answers[0];
    await answer(script ?? { status: 500 }, response, asked);
  }

  return {
    endpoint: `${authorityHost}/v1`,
    authorityHost,
    tenantId,
    clientId: '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21',
    caFile: certificates.caFile,
    received,
    tokenRequests,
    script(...scripts) {
      answers = scripts;
      received.length = 0;
      tokenRequests.length = 0;
    },
    scriptToken(script) {
      tokenAnswer = script;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await certificates.remove();
    },
  };
}

/** Answers as the script says. */
export async function answer(script: Script, response: ServerResponse, received?: ReceivedQuery): Promise<void> {
  if (typeof script === 'function') {
    if (received !== undefined) await script(response, received);
    return;
  }
  const body = script.text ?? (script.json === undefined ? '' : JSON.stringify(script.json));
  const type = script.json === undefined ? 'text/html' : 'application/json; charset=utf-8';
  response.writeHead(script.status ?? 200, { 'content-type': type, ...script.headers });
  response.end(script.status === 204 ? undefined : body);
}
