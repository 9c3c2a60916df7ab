import { type HttpServer, listen } from './listen.ts';
import type { Metrics } from './metrics.ts';

/** Serves the metrics at /metrics, for Prometheus to fetch. They hold no secrets, and names of experiments at most. */
export function startMetricsServer(
  address: string,
  port: number,
  { text, contentType }: Pick<Metrics, 'text' | 'contentType'>,
  onError: (error: unknown) => void,
): Promise<HttpServer> {
  return listen(address, port, ({ url = '' }, response) => {
    if (url.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found; the metrics are at /metrics\n');
      return;
    }
    text().then(
      (body) => response.writeHead(200, { 'content-type': contentType }).end(body),
      (error: unknown) => {
        onError(error);
        response.writeHead(500, { 'content-type': 'text/plain' }).end('the metrics could not be gathered\n');
      },
    );
  });
}
