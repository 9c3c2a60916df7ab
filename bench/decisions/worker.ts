import { parentPort } from 'node:worker_threads';
import { type Job, simulate } from './simulate.ts';

if (parentPort === null) throw new Error('started by simulateAll, as a worker');
const port = parentPort;
port.on('message', (jobs: readonly Job[]) => port.postMessage(jobs.map(simulate)));
