import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createQueue, type Outcome } from '../../src/engine/queue.ts';
import { createFakeClock, settle } from '../support/fakeClock.ts';

const key = fc.constantFrom('ns/a', 'ns/b', 'ns/c', 'ns/d');
const time = fc.integer({ min: 1, max: 5000 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, time }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('finishAndRequeue' as const), key, time }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), time }) },
);
const backoff = { baseMilliseconds: 500, capMilliseconds: 4000 };

it('is serial for a key, within its concurrency, loses no addition and leaves nothing waiting', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 80, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, concurrency) => {
        const clock = createFakeClock();
        const inHand = new Map<string, PromiseWithResolvers<Outcome>>();
        /** For each key: the latest time at which work on it must begin, as far as workers are free. */
        const owed = new Map<string, number>();
        const violations: string[] = [];
        const owe = (name: string, due: number) => owed.set(name, Math.min(owed.get(name) ?? Infinity, due));
        const queue = createQueue({
          clock,
          concurrency,
          backoff,
          work: (name) => {
            // Thrown here it would count as failed work.
            if (inHand.has(name)) violations.push(`${name} is worked on twice at a time`);
            if (!owed.has(name)) violations.push(`${name} is worked on although nobody asked`);
            owed.delete(name);
            const work = Promise.withResolvers<Outcome>();
            inHand.set(name, work);
            if (inHand.size > concurrency) violations.push(`${inHand.size} are worked on at a time`);
            return work.promise;
          },
          onError: (name, _, retry) => owe(name, clock.now() + retry.milliseconds),
        });
        const end = async (name: string, how: (work: PromiseWithResolvers<Outcome>) => void) => {
          const work = inHand.get(name);
          if (work === undefined) return;
          inHand.delete(name);
          how(work);
          await settle();
        };
        for (const one of steps) {
          if (one.do === 'add') {
            owe(one.key, clock.now());
            queue.add(one.key);
          } else if (one.do === 'addAfter') {
            owe(one.key, clock.now() + one.time);
            queue.addAfter(one.key, one.time);
          } else if (one.do === 'finish') {
            await end(one.key, (work) => work.resolve({}));
          } else if (one.do === 'finishAndRequeue') {
            await end(one.key, (work) => {
              owe(one.key, clock.now() + one.time);
              work.resolve({ requeueAfterMilliseconds: one.time });
            });
          } else if (one.do === 'fail') {
            await end(one.key, (work) => work.reject(new Error('no')));
          } else {
            await clock.advance(one.time);
          }
          expect(violations).toEqual([]);
          // What is owed by now and not in hand waits for a worker, and then all workers are busy.
          const late = [...owed].filter(([name, due]) => due <= clock.now() && !inHand.has(name));
          expect(queue.depth()).toBe(late.length);
          expect(queue.running()).toBe(inHand.size);
          if (late.length > 0) expect(queue.running()).toBe(concurrency);
        }
        for (let i = 0; i < 100 && (owed.size > 0 || inHand.size > 0); i++) {
          for (const name of [...inHand.keys()]) await end(name, (work) => work.resolve({}));
          await clock.advance(5000);
        }
        expect(violations).toEqual([]);
        expect([...owed.keys()], 'additions that were lost').toEqual([]);
        expect(clock.timers()).toBe(0);
        await queue.stop(0);
      },
    ),
    { numRuns: 300 },
  );
});
