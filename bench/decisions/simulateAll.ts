import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Job, Outcome } from './simulate.ts';

const JOBS_AT_ONCE = 5;

/** The outcome of each job, in the order of the jobs: the same however many workers share them. */
export async function simulateAll(
  jobs: readonly Job[],
  workers: number,
  onDone: (done: number) => void = () => {},
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[][] = [];
  let taken = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      while (taken * JOBS_AT_ONCE < jobs.length) {
        const batch = taken++;
        worker.postMessage(jobs.slice(batch * JOBS_AT_ONCE, (batch + 1) * JOBS_AT_ONCE));
        // Rejects when the worker throws.
        const [answered] = (await once(worker, 'message')) as [Outcome[]];
        outcomes[batch] = answered;
        done += answered.length;
        onDone(done);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return outcomes.flat();
}
