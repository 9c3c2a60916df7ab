import { expect, it } from 'vitest';
import { watchQueue } from '../../../src/adapters/observability/queueWatch.ts';
import { createQueue } from '../../../src/engine/queue.ts';
import { createFakeClock } from '../../support/fakeClock.ts';

/** A queue of two workers whose work ends when it is told to. */
function watched() {
  const clock = createFakeClock();
  const waits: number[] = [];
  const watch = watchQueue(clock, (seconds) => waits.push(seconds));
  const ends = new Map<string, () => void>();
  const queue = createQueue({
    work: (key) =>
      new Promise((resolve) => {
        ends.set(key, () => resolve({}));
      }),
    ...{ concurrency: 2, clock, backoff: { baseMilliseconds: 1, capMilliseconds: 1 }, onError: () => {} },
    observer: watch.observer,
  });
  const end = async (key: string) => {
    ends.get(key)?.();
    await new Promise(setImmediate);
  };
  return { clock, waits, watch, queue, end };
}

it('knows how many keys wait and are worked on, and how long each waited', async () => {
  const { clock, waits, watch, queue, end } = watched();
  for (const key of ['a', 'b', 'c', 'c']) queue.add(key);
  expect([watch.depth(), watch.busy()]).toEqual([1, 2]);
  await clock.advance(3000);
  queue.add('c');
  await clock.advance(1000);
  expect(waits).toEqual([0, 0]);
  await end('a');
  expect([watch.depth(), watch.busy()]).toEqual([0, 2]);
  expect(waits).toEqual([0, 0, 4]);
  await end('b');
  await end('c');
  expect([watch.depth(), watch.busy()]).toEqual([0, 0]);
});

it('a key that is added while it is worked on waits from when the worker is done', async () => {
  const { clock, waits, watch, queue, end } = watched();
  queue.add('a');
  await clock.advance(5000);
  queue.add('a');
  expect(watch.depth()).toBe(0);
  await end('a');
  expect(watch.busy()).toBe(1);
  expect(waits).toEqual([0, 0]);
});

it('workers are stuck for as long as all are busy and none gets done', async () => {
  const { clock, watch, queue, end } = watched();
  expect([watch.longestSeconds(), watch.stuckSeconds(2)]).toEqual([0, 0]);
  queue.add('a');
  await clock.advance(60_000);
  expect([watch.longestSeconds(), watch.stuckSeconds(2)]).toEqual([60, 0]);
  queue.add('b');
  queue.add('c');
  await clock.advance(30_000);
  expect([watch.longestSeconds(), watch.stuckSeconds(2)]).toEqual([90, 30]);
  await end('b');
  expect(watch.stuckSeconds(2)).toBe(0);
  await clock.advance(10_000);
  expect([watch.longestSeconds(), watch.stuckSeconds(2)]).toEqual([100, 10]);
  await end('a');
  expect([watch.longestSeconds(), watch.stuckSeconds(2)]).toEqual([10, 0]);
});

it('what waited when the queue was stopped is forgotten', async () => {
  const { waits, watch, queue, end } = watched();
  for (const key of ['a', 'b', 'c']) queue.add(key);
  const stopped = queue.stop(0);
  expect([watch.depth(), watch.busy()]).toEqual([0, 2]);
  await end('a');
  await end('b');
  await stopped;
  expect([watch.depth(), watch.busy(), waits.length]).toEqual([0, 0, 2]);
});
