// The lab's bookservice that notes when it got each copy: a line of COPIES_FILE with the time (ms since the epoch) and the
// experiment that the copy is marked with.
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { copyHeader } from '../../src/api/names.ts';

const { COPIES_FILE } = process.env;
if (COPIES_FILE === undefined) throw new Error('COPIES_FILE is missing');

subscribe('http.server.request.start', (event) => {
  const now = Date.now();
  const request = typeof event === 'object' && event !== null && 'request' in event ? event.request : undefined;
  const experiment = request instanceof IncomingMessage ? request.headers[copyHeader] : undefined;
  // Probes are no copies.
  if (experiment !== undefined) appendFileSync(COPIES_FILE, `${now} ${String(experiment)}\n`);
});

await import('../../demo/lab/bookservice/server.ts');
