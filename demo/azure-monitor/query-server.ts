import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Fault, QueryLogEntry } from './contract.ts';
import type { Engine } from './engine.ts';
import { distort, type Faults, faultAnswer, tokenFaultAnswer } from './faults.ts';
import { type Answer, json, readBody, send } from './http-answers.ts';
import { KqlError } from './kql/errors.ts';
import {
  badRequest,
  queryRefused,
  resourceNotFound,
  serviceError,
  TOO_MANY_ROWS,
  unauthorized,
  workspaceNotFound,
} from './query-answers.ts';
import type { TokenIssuer } from './tokens.ts';

const MAX_BYTES = 8 * 1024 * 1024;

export interface QueryServerOptions {
  engine: Engine;
  tokens: TokenIssuer;
  faults: Faults;
  workspaces: readonly string[];
  resources: readonly string[];
  requireToken: boolean;
  log(entry: QueryLogEntry): void;
}

type Target = { scope: 'workspace' | 'resource'; id: string; component: number };

/** The query endpoint, and the token endpoint on the same port. */
export function queryListener(options: QueryServerOptions): RequestListener {
  return (request, response) => {
    serve(request, response, options).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      console.error(`azure-monitor: ${request.method} ${request.url}: ${message}`);
      if (!response.headersSent) send(response, serviceError(500, 'InternalServerError', message));
    });
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: QueryServerOptions): Promise<void> {
  const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
  const discovery = options.tokens.discovery(path);
  if (discovery !== undefined) return send(response, discovery);
  if (options.tokens.isTokenPath(path) && request.method === 'POST') {
    const body = (await readBody(request, MAX_BYTES)).toString('utf8');
    const fault = options.faults.take('token');
    const faulty = fault?.kind === 'token' ? tokenFaultAnswer(fault.status ?? 503) : undefined;
    return send(response, faulty ?? options.tokens.token(body));
  }
  const target = targetOf(path, options);
  if (target === undefined) return send(response, json(404, { error: { code: 'PathNotFoundError', message: path } }));
  if (request.method !== 'POST')
    return send(response, json(405, { error: { code: 'MethodNotAllowed', message: path } }));
  await serveQuery(request, response, target, options);
}

async function serveQuery(
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
  options: QueryServerOptions,
): Promise<void> {
  const started = performance.now();
  const body = parseQueryBody((await readBody(request, MAX_BYTES)).toString('utf8'));
  const log = (answer: Answer | undefined, rows: number) =>
    options.log({
      at: new Date(),
      scope: target.scope,
      target: target.id,
      kql: body?.kql ?? '',
      ...(body?.timespan === undefined ? {} : { timespan: body.timespan }),
      status: answer?.status ?? 0,
      rows,
      responseBytes: answer === undefined ? 0 : Buffer.byteLength(answer.body),
      milliseconds: performance.now() - started,
    });
  const fault = options.faults.take('query');
  if (fault?.kind === 'hang') return log(undefined, 0);
  if (fault?.kind === 'reset') {
    log(undefined, 0);
    request.socket.destroy();
    return;
  }
  if (fault?.kind === 'slow') await delay(fault.milliseconds, response);
  const { answer, rows } = await answerQuery(request, target, body, fault, options);
  log(answer, rows);
  if (!response.destroyed) send(response, answer);
}

async function answerQuery(
  request: IncomingMessage,
  target: Target,
  body: QueryBody | undefined,
  fault: Fault | undefined,
  options: QueryServerOptions,
): Promise<{ answer: Answer; rows: number }> {
  const refused = fault === undefined ? undefined : faultAnswer(fault);
  if (refused !== undefined) return { answer: refused, rows: 0 };
  const { authorization } = request.headers;
  const token = options.requireToken ? options.tokens.check(authorization) : 'valid';
  if (token !== 'valid') {
    return { answer: unauthorized(authorization === undefined ? 'missing' : token), rows: 0 };
  }
  if (target.component < 0) {
    return { answer: target.scope === 'workspace' ? workspaceNotFound() : resourceNotFound(target.id), rows: 0 };
  }
  if (body === undefined) return { answer: badRequest("The request body must be JSON with a 'query'"), rows: 0 };
  try {
    const { table, truncated } = await options.engine({ ...body, scope: target.scope, component: target.component });
    const answer = distort(fault, table, truncated ? TOO_MANY_ROWS : undefined);
    return { answer, rows: table.rows.length };
  } catch (error) {
    if (error instanceof KqlError) return { answer: queryRefused(error, body.kql), rows: 0 };
    if (error instanceof RangeError) return { answer: badRequest(error.message), rows: 0 };
    throw error;
  }
}

function targetOf(path: string, { workspaces, resources }: QueryServerOptions): Target | undefined {
  const match = /^\/v1(?:\/workspaces\/([^/]+)|(\/subscriptions\/.+))\/query$/i.exec(path);
  if (match === null) return undefined;
  const [, workspace, resource = ''] = match;
  const find = (known: readonly string[], id: string) =>
    known.findIndex((candidate) => candidate.toLowerCase() === id.toLowerCase());
  return workspace === undefined
    ? { scope: 'resource', id: resource, component: find(resources, resource) }
    : { scope: 'workspace', id: workspace, component: find(workspaces, workspace) };
}

interface QueryBody {
  kql: string;
  timespan: string | undefined;
}

function parseQueryBody(text: string): QueryBody | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null || !('query' in body) || typeof body.query !== 'string')
    return undefined;
  const timespan = 'timespan' in body && typeof body.timespan === 'string' ? body.timespan : undefined;
  return { kql: body.query, timespan };
}

/** Ends early when the client has gone. */
function delay(milliseconds: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
