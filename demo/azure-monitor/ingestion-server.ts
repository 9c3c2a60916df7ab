import type { IncomingMessage, RequestListener } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { RequestRow } from './contract.ts';
import { type Answer, json, readBody, send } from './http-answers.ts';
import { parseTelemetry } from './ingestion.ts';

const MAX_BYTES = 64 * 1024 * 1024;

export interface IngestionOptions {
  /** In lower case. */
  instrumentationKeys: ReadonlySet<string>;
  store(rows: readonly { instrumentationKey: string; row: RequestRow }[]): Promise<void>;
}

/** POST /v2/track and /v2.1/track, as the SDKs send telemetry. */
export function ingestionListener(options: IngestionOptions): RequestListener {
  return (request, response) => {
    answer(request, options).then(
      (result) => send(response, result),
      (error: unknown) => send(response, failure(error)),
    );
  };
}

async function answer(request: IncomingMessage, options: IngestionOptions): Promise<Answer> {
  const path = (request.url ?? '').split('?')[0];
  if (path !== '/v2/track' && path !== '/v2.1/track') return json(404, { message: `no such path: ${path}` });
  if (request.method !== 'POST') return json(405, { message: 'POST is expected' });
  const bytes = await readBody(request, MAX_BYTES);
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  const { itemsReceived, requests, errors } = parseTelemetry(body.toString('utf8'), options.instrumentationKeys);
  await options.store(requests);
  const itemsAccepted = itemsReceived - errors.length;
  const status = errors.length === 0 ? 200 : itemsAccepted === 0 ? 400 : 206;
  return json(status, { itemsReceived, itemsAccepted, errors });
}

function failure(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError) return json(413, { message });
  const unreadable =
    error instanceof SyntaxError || (error instanceof Error && 'code' in error && error.code === 'Z_DATA_ERROR');
  return json(unreadable ? 400 : 500, {
    itemsReceived: 0,
    itemsAccepted: 0,
    errors: [{ index: 0, statusCode: unreadable ? 400 : 500, message }],
  });
}
