import { expect, test } from 'vitest';
import { createWork } from '../../src/engine/work.ts';
import { createFakeClock } from '../support/fakeClock.ts';

function setUp(work: (key: string, signal: AbortSignal) => Promise<void>) {
  const clock = createFakeClock();
  const errors: unknown[] = [];
  const created = createWork({
    work: async (key, signal) => {
      await work(key, signal);
      return { requeueAfterMilliseconds: 1000 };
    },
    keys: () => ['a', 'b'],
    concurrency: 4,
    clock,
    backoff: { baseMilliseconds: 100, capMilliseconds: 100 },
    endWithinMilliseconds: 20_000,
    onError: (_, error) => errors.push(error),
  });
  return { clock, errors, work: created };
}

test('nothing is done before begin() and after end(); begin() takes up everything', async () => {
  const done: string[] = [];
  const { clock, work } = setUp(async (key) => {
    done.push(key);
  });
  work.add('a');
  await clock.advance(5000);
  expect(done).toEqual([]);
  work.begin();
  await clock.advance(1500);
  expect(done).toEqual(['a', 'b', 'a', 'b']);
  await work.end(0);
  work.add('a');
  await clock.advance(5000);
  expect(done).toHaveLength(4);
  expect(work.isActive()).toBe(false);
  work.begin();
  await clock.advance(500);
  expect(done).toHaveLength(6);
});

test('end() waits for work in hand, and each call for the same', async () => {
  const gate = Promise.withResolvers<void>();
  const { clock, work } = setUp(() => gate.promise);
  work.begin();
  let ended = 0;
  const ends = [work.end(0), work.end(0)].map((each) => each.then(() => (ended += 1)));
  await clock.advance(5000);
  expect(ended).toBe(0);
  gate.resolve();
  await Promise.all(ends);
  expect(clock.timers()).toBe(0);
});

test('end() throws when work goes on regardless', async () => {
  const { clock, work } = setUp(() => new Promise(() => {}));
  work.begin();
  const ended = expect(work.end(0)).rejects.toThrow('work in hand did not end within 20 s');
  await clock.advance(20_000);
  await ended;
});
