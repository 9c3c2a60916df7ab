import { describe, expect, it } from 'vitest';
import { stuckWorkers, unready } from '../../../src/adapters/observability/checks.ts';
import { watchQueue } from '../../../src/adapters/observability/queueWatch.ts';
import { createQueue } from '../../../src/engine/queue.ts';
import { createFakeClock } from '../../support/fakeClock.ts';

describe('workers', () => {
  /** A queue whose work hangs, except for the keys that are not to. */
  function hanging(concurrency: number) {
    const clock = createFakeClock();
    const watch = watchQueue(clock);
    const queue = createQueue({
      work: (key) => (key.startsWith('hangs') ? new Promise(() => {}) : Promise.resolve({})),
      ...{ concurrency, clock, backoff: { baseMilliseconds: 1, capMilliseconds: 1 }, onError: () => {} },
      observer: watch.observer,
    });
    return { clock, watch, queue };
  }

  it('that all hang for longer than any look may take are stuck, and the message says for how long', async () => {
    const { clock, watch, queue } = hanging(2);
    queue.add('hangs/a');
    queue.add('hangs/b');
    await clock.advance(600_000);
    expect(stuckWorkers(watch, 2, 120)).toBeUndefined();
    await clock.advance(1000);
    expect(stuckWorkers(watch, 2, 120)).toBe('all 2 workers have been busy with the same experiments for 601 s');
  });

  it('have the time that the settings give to telemetry', async () => {
    const { clock, watch, queue } = hanging(1);
    queue.add('hangs/a');
    await clock.advance(2_999_000);
    expect(stuckWorkers(watch, 1, 600)).toBeUndefined();
    await clock.advance(2000);
    expect(stuckWorkers(watch, 1, 600)).toMatch(/3001 s/);
  });

  it('are not stuck while one of them gets its work done', async () => {
    const { clock, watch, queue } = hanging(2);
    queue.add('hangs/a');
    for (let minute = 0; minute < 60; minute++) {
      queue.add('shop/x');
      await clock.advance(60_000);
    }
    expect(stuckWorkers(watch, 2, 120)).toBeUndefined();
  });
});

describe('a replica', () => {
  const well = { synced: true, lastContact: 1_000_000, now: 1_030_000, hasPart: true };

  it.each([
    ['is ready when all is well', {}, undefined],
    ['that has not listed is not', { synced: false }, /not been listed/],
    ['that has never heard of the API server is not', { lastContact: undefined }, /not been heard of/],
    ['is ready after 90 s of silence', { now: 1_090_000 }, undefined],
    ['is not after more', { now: 1_091_000 }, /not been heard of for 91 s/],
    ['that cannot take part in the election is not', { hasPart: false }, /Lease/],
  ])('%s', (_, more, problem) => {
    const found = unready({ ...well, ...more });
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(problem);
  });
});
