import { AsyncLocalStorage } from 'node:async_hooks';
import type { PipelinePolicy, PipelineResponse } from '@azure/core-rest-pipeline';
import {
  LogsQueryClient,
  type LogsQueryResult,
  LogsQueryResultStatus,
  type QueryTimeInterval,
} from '@azure/monitor-query-logs';
import type { TelemetryQuestion } from '../../../core/query/question.ts';
import type { AnswerTable } from '../../../core/samples/table.ts';
import { TelemetryError } from '../../../engine/ports/telemetry.ts';
import { describeSource } from './allowSource.ts';
import { clientError, isAuthentication } from './clientError.ts';
import { type CredentialKind, createCredential } from './credential.ts';
import { readBounded } from './readBounded.ts';
import { responseError, unusableBody } from './responseError.ts';

export interface QueryClientSettings {
  /** Base address of the query API, https; the version `/v1` is added when it is missing. */
  readonly endpoint: string;
  /** Scope of the token; the clouds differ. */
  readonly scope: string;
  /** Address that gives out tokens; default: AZURE_AUTHORITY_HOST, else the public cloud's. */
  readonly authorityHost?: string;
  readonly credential: CredentialKind;
  /** Hears of every query that is begun; what it returns hears of its end. */
  readonly observe?: () => (outcome: QueryOutcome) => void;
  /** Hears of every query that is not sent because the service has asked to wait. */
  readonly onHeldBack?: () => void;
}

/** How a query ended. */
export interface QueryOutcome {
  /** HTTP status code; undefined: no answer came, as when there is no token. */
  readonly status: number | undefined;
  /** Of the answer's body, uncompressed. */
  readonly bytes: number;
  readonly error?: Error;
}

export interface QueryClient {
  /**
   * The primary table of a complete answer; undefined when the source holds no data at all (204).
   * @throws TelemetryError; the signal's reason when it is aborted
   */
  query(
    source: TelemetryQuestion['source'],
    kql: string,
    timespan: QueryTimeInterval,
    signal: AbortSignal,
  ): Promise<AnswerTable | undefined>;
}

/** The service's own limit; a query that takes longer is too expensive to ask at every poll. */
const SERVER_TIMEOUT_SECONDS = 60;

/**
 * The widest answer that is asked for has 50 routes x 720 blocks and takes 4 MB. One that is larger is not an answer to us,
 * and would be parsed while everything else waits: 0.7 s for this much.
 */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
/** The client would read the whole of a body before it shows it. */
const EVERY_STATUS = new Set([Number.POSITIVE_INFINITY]);

/** The one user of Azure's client: it is created at the first query, and again after its token was refused. */
export function createQueryClient(settings: QueryClientSettings): QueryClient {
  const endpoint = versioned(settings.endpoint);
  let client: LogsQueryClient | undefined;
  let pausedUntil = 0;

  const ask = async (
    source: TelemetryQuestion['source'],
    kql: string,
    timespan: QueryTimeInterval,
    signal: AbortSignal,
  ): Promise<AnswerTable | undefined> => {
    refuseWhilePaused(pausedUntil - performance.now(), settings.onHeldBack);
    const call: Call = { signal, source: describeSource(source), noData: false, status: undefined, bytes: 0, body: '' };
    const ended = settings.observe?.();
    const end = (error?: Error): void => {
      ended?.({ status: call.status, bytes: call.bytes, ...(error !== undefined && { error }) });
    };
    try {
      client ??= connect(settings, endpoint);
      const result = await calls.run(call, send, client, source, kql, timespan);
      const table = primaryTable(result, call.body);
      end();
      return table;
    } catch (error) {
      if (call.noData) {
        end();
        return undefined;
      }
      const refusal = explained(error, call);
      end(signal.aborted && signal.reason instanceof Error ? signal.reason : refusal);
      signal.throwIfAborted();
      // Tokens are cached beyond their refusal, and failures to get one are repeated from memory for a minute; a new
      // client asks again.
      if (refusal.kind === 'Unauthorized' || isAuthentication(error)) client = undefined;
      if (refusal.kind === 'Throttled') pausedUntil = performance.now() + (refusal.retryAfterSeconds ?? 0) * 1000;
      throw refusal;
    } finally {
      // Whatever was begun meanwhile, such as a connection, holds on to the call.
      call.body = '';
    }
  };
  return { query: ask };
}

function connect(settings: QueryClientSettings, endpoint: string): LogsQueryClient {
  const client = new LogsQueryClient(createCredential(settings.credential, settings.authorityHost), {
    endpoint,
    credentials: { scopes: [settings.scope] },
    // The client would sleep for whatever Retry-After says.
    retryOptions: { maxRetries: 0 },
  });
  client.pipeline.addPolicy(perCall);
  return client;
}

async function send(
  client: LogsQueryClient,
  source: TelemetryQuestion['source'],
  kql: string,
  timespan: QueryTimeInterval,
): Promise<LogsQueryResult> {
  const options = { serverTimeoutInSeconds: SERVER_TIMEOUT_SECONDS };
  return source.scope === 'workspace'
    ? client.queryWorkspace(source.workspaceId, kql, timespan, options)
    : client.queryResource(withoutLeadingSlash(source.resourceId), kql, timespan, options);
}

/** The client takes neither a signal nor a look at the response; a policy of its pipeline finds both here. */
interface Call {
  readonly signal: AbortSignal;
  readonly source: string;
  noData: boolean;
  status: number | undefined;
  bytes: number;
  /** Of a 200. */
  body: string;
}

const calls = new AsyncLocalStorage<Call>();

const perCall: PipelinePolicy = {
  name: 'mirrorExperimentPerCall',
  async sendRequest(request, next) {
    const call = calls.getStore();
    if (call === undefined) return next(request);
    request.abortSignal = call.signal;
    request.streamResponseStatusCodes = EVERY_STATUS;
    const response = await next(request);
    call.status = response.status;
    if (response.readableStreamBody !== undefined) {
      response.bodyAsText = await readBounded(response.readableStreamBody, MAX_ANSWER_BYTES);
      delete response.readableStreamBody;
    }
    call.bytes = Buffer.byteLength(response.bodyAsText ?? '');
    const refusal = responseError(answeredBy(response), call.source, Date.now());
    if (refusal !== undefined) throw refusal;
    call.noData = response.status === 204;
    call.body = response.bodyAsText ?? '';
    return response;
  },
};

function answeredBy(response: PipelineResponse): Parameters<typeof responseError>[0] {
  return {
    status: response.status,
    body: response.bodyAsText ?? '',
    header: (name) => response.headers.get(name),
  };
}

/** Counting the rows of a partial answer would be a verdict on half of the telemetry. */
function primaryTable(result: LogsQueryResult, body: string): AnswerTable {
  if (result.status !== LogsQueryResultStatus.Success) {
    throw unusableBody(body) ?? new TelemetryError('Partial', 'Log Analytics answered in part only');
  }
  const table = result.tables.find(({ name }) => name === 'PrimaryResult') ?? result.tables[0];
  if (table === undefined) throw new TelemetryError('Malformed', 'Log Analytics answered without a table');
  return {
    columns: table.columnDescriptors.map(({ name, type }) => ({ name: String(name), type: String(type) })),
    rows: table.rows,
  };
}

function explained(error: unknown, { status, body, source }: Call): TelemetryError {
  const isOfBody = status === 200 && !(error instanceof TelemetryError);
  return (isOfBody ? unusableBody(body) : undefined) ?? clientError(error, source);
}

function refuseWhilePaused(milliseconds: number, onHeldBack: (() => void) | undefined): void {
  if (milliseconds <= 0) return;
  onHeldBack?.();
  const retryAfterSeconds = Math.ceil(milliseconds / 1000);
  throw new TelemetryError('Throttled', `Log Analytics asked to wait ${retryAfterSeconds} s before the next query`, {
    retryAfterSeconds,
  });
}

function versioned(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.protocol !== 'https:') throw new Error(`the Log Analytics endpoint must be https, and is ${endpoint}`);
  const base = endpoint.replace(/\/+$/, '');
  return base.endsWith('/v1') ? base : `${base}/v1`;
}

/**
 * Dot segments would lead the request to another path, also when they are written with percent signs or between
 * backslashes; no name in Azure contains those.
 */
function withoutLeadingSlash(resourceId: string): string {
  if (/[%\\\p{Cc}]/u.test(resourceId) || resourceId.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new TelemetryError(
      'Configuration',
      `the resource id ${resourceId} has a segment of dots, a percent sign, a backslash or a control character; copy it from the resource's properties`,
    );
  }
  return resourceId.replace(/^\/+/, '');
}
