import { parseArgs } from 'node:util';
import { startPoller } from './poller.ts';

/**
 * The poller as a program: `node demo/lab/poll.ts --url ORIGIN --requests-per-second N --max-seconds N`. Prints its counts
 * as a line of JSON each second, and the last ones when it has ended, by itself or by SIGTERM.
 */
const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    'requests-per-second': { type: 'string' },
    'max-seconds': { type: 'string' },
  },
});
if (values.url === undefined) throw new Error('--url is missing');

const poller = startPoller({
  url: values.url,
  requestsPerSecond: Number(values['requests-per-second']),
  maxSeconds: Number(values['max-seconds']),
});
const print = () => console.log(JSON.stringify(poller.counts()));
const timer = setInterval(print, 1000);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void poller.stop());
await poller.ended;
clearInterval(timer);
print();
