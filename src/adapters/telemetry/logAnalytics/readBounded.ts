import { TelemetryError } from '../../../engine/ports/telemetry.ts';

/**
 * The text of a body, which is given up as soon as it is longer than `maxBytes` (after decompression).
 * @throws TelemetryError Malformed when it is longer; Unavailable when the connection breaks off before its end
 */
export async function readBounded(body: NodeJS.ReadableStream, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk);
      length += bytes.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (length > maxBytes) break;
      chunks.push(bytes);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'no reason';
    throw new TelemetryError(
      'Unavailable',
      `no connection to Log Analytics: it broke off in the middle of an answer (${reason})`,
    );
  }
  if (length <= maxBytes) return Buffer.concat(chunks).toString('utf8');
  throw new TelemetryError(
    'Malformed',
    `Log Analytics answered with more than ${Math.floor(maxBytes / 2 ** 20)} MiB, which no question of the operator calls for; ` +
      "limit the routes with spec.analysis.routes.include, and see what is behind the operator's setting LOG_ANALYTICS_ENDPOINT",
  );
}
