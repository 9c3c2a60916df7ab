import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';

/** What the Application Insights SDK sent for one request that a service answered. */
export interface RequestRow {
  readonly name: string;
  readonly resultCode: string;
  readonly success: boolean;
  readonly durationMilliseconds: number;
  readonly versionTag: string | undefined;
  readonly operationName: string | undefined;
  readonly operationId: string | undefined;
  readonly sampleRate: number;
}

/** An ingestion endpoint that keeps what it is sent: gzip or plain, newline-delimited JSON or an array, on /v2.1/track. */
export async function startIngestion() {
  const rows: RequestRow[] = [];
  const otherTypes: string[] = [];
  const server = createServer(async (request, response) => {
    const raw = await buffer(request);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const envelopes = text.startsWith('[') ? JSON.parse(text) : text.split('\n').map((line) => JSON.parse(line));
    for (const { data, tags, sampleRate } of envelopes) {
      if (data.baseType !== 'RequestData') {
        otherTypes.push(data.baseType);
        continue;
      }
      rows.push({
        name: data.baseData.name,
        resultCode: data.baseData.responseCode,
        success: data.baseData.success,
        durationMilliseconds: milliseconds(data.baseData.duration),
        versionTag: data.baseData.properties?.VersionTag,
        operationName: tags['ai.operation.name'],
        operationId: tags['ai.operation.id'],
        sampleRate,
      });
    }
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ itemsReceived: envelopes.length, itemsAccepted: envelopes.length, errors: [] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    rows,
    otherTypes,
    connectionString: `InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The SDK writes durations as days.hours:minutes:seconds.fraction. */
function milliseconds(duration: string): number {
  const match = /^(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)$/.exec(duration);
  if (match === null) throw new Error(`not a duration: ${duration}`);
  const [, days = '0', hours, minutes, seconds] = match;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
}
