import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../../src/adapters/telemetry/logAnalytics/limiter.ts';

const never = new AbortController().signal;

describe('Limiter', () => {
  it('never runs more tasks than the limit, runs all of them in order, and keeps no place after failures', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.boolean(), { maxLength: 20 }),
        async (limit, fails) => {
          const limiter = new Limiter(limit);
          const started: number[] = [];
          let running = 0;
          let most = 0;
          const results = await Promise.allSettled(
            fails.map((fail, index) =>
              limiter.run(never, async () => {
                started.push(index);
                running += 1;
                most = Math.max(most, running);
                await new Promise((resolve) => setImmediate(resolve));
                running -= 1;
                if (fail) throw new Error('failed');
              }),
            ),
          );
          expect(most).toBe(Math.min(limit, fails.length));
          expect(started).toEqual(fails.map((_, index) => index));
          expect(results.map(({ status }) => status === 'rejected')).toEqual(fails);
          await expect(limiter.run(never, async () => 'free')).resolves.toBe('free');
        },
      ),
      { numRuns: 50 },
    );
  });

  it('lets a waiting task be cancelled without running it, and without losing a place', async () => {
    const limiter = new Limiter(1);
    const release = Promise.withResolvers<void>();
    const first = limiter.run(never, () => release.promise);
    const cancelled = new AbortController();
    let ran = false;
    const second = limiter.run(cancelled.signal, async () => {
      ran = true;
    });
    const third = limiter.run(never, async () => 'third');
    cancelled.abort(new Error('cancelled'));
    await expect(second).rejects.toThrow('cancelled');
    release.resolve();
    await first;
    await expect(third).resolves.toBe('third');
    expect(ran).toBe(false);
  });

  it('does not start a task whose signal is aborted already', async () => {
    await expect(new Limiter(1).run(AbortSignal.abort(new Error('before')), async () => 1)).rejects.toThrow('before');
  });
});
