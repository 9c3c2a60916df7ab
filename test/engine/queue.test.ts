import { describe, expect, it } from 'vitest';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { createQueue, type Outcome } from '../../src/engine/queue.ts';
import { createFakeClock, settle } from '../support/fakeClock.ts';

const backoff = { baseMilliseconds: 1000, capMilliseconds: 60_000 };

/** A queue whose work starts and ends when the test says so. `random` 1 makes a wait its ceiling. */
function setUp({ concurrency = 2, random = 1 }: { concurrency?: number; random?: number } = {}) {
  const clock = createFakeClock(() => random);
  const started: string[] = [];
  const inHand = new Map<string, PromiseWithResolvers<Outcome> & { signal: AbortSignal }>();
  const errors: { key: string; error: unknown; failures: number; milliseconds: number }[] = [];
  const queue = createQueue({
    clock,
    concurrency,
    backoff,
    work: (key, signal) => {
      started.push(key);
      const work = { ...Promise.withResolvers<Outcome>(), signal };
      inHand.set(key, work);
      return work.promise;
    },
    onError: (key, error, retry) => errors.push({ key, error, ...retry }),
  });
  const get = (key: string) => {
    const work = inHand.get(key);
    if (work === undefined) throw new Error(`${key} is not worked on`);
    inHand.delete(key);
    return work;
  };
  const finish = async (key: string, outcome: Outcome = {}) => {
    get(key).resolve(outcome);
    await settle();
  };
  const fail = async (key: string, error: unknown = new Error('no')) => {
    get(key).reject(error);
    await settle();
  };
  return { queue, clock, started, inHand, errors, finish, fail };
}

describe('adding', () => {
  it('works on keys in the order in which they were added, no more at a time than allowed', async () => {
    const { queue, started, finish } = setUp();
    for (const key of ['ns/a', 'ns/b', 'ns/c', 'ns/d']) queue.add(key);
    expect(started).toEqual(['ns/a', 'ns/b']);
    expect([queue.depth(), queue.running()]).toEqual([2, 2]);
    await finish('ns/b');
    expect(started).toEqual(['ns/a', 'ns/b', 'ns/c']);
    await finish('ns/a');
    await finish('ns/c');
    await finish('ns/d');
    expect([queue.depth(), queue.running()]).toEqual([0, 0]);
  });

  it('works once on a key that is added several times while it waits', async () => {
    const { queue, started, finish } = setUp({ concurrency: 1 });
    queue.add('ns/a');
    for (let i = 0; i < 5; i++) queue.add('ns/b');
    await finish('ns/a');
    await finish('ns/b');
    expect(started).toEqual(['ns/a', 'ns/b']);
  });

  it('works once more, and never side by side, on a key that is added while it is worked on', async () => {
    const { queue, started, finish } = setUp();
    queue.add('ns/a');
    queue.add('ns/a');
    queue.add('ns/a');
    expect(started).toEqual(['ns/a']);
    await finish('ns/a');
    expect(started).toEqual(['ns/a', 'ns/a']);
    await finish('ns/a');
    expect(started).toHaveLength(2);
  });

  it('refuses to be made without a worker', () => {
    expect(() => setUp({ concurrency: 0 })).toThrow(/at least 1/);
  });
});

describe('waiting', () => {
  it('works on a key when its time has come', async () => {
    const { queue, clock, started } = setUp();
    queue.addAfter('ns/a', 500);
    await clock.advance(499);
    expect(started).toEqual([]);
    await clock.advance(1);
    expect(started).toEqual(['ns/a']);
  });

  it('keeps the earliest of several times', async () => {
    const { queue, clock, started, finish } = setUp();
    queue.addAfter('ns/a', 500);
    queue.addAfter('ns/a', 300);
    queue.addAfter('ns/a', 900);
    await clock.advance(300);
    expect(started).toEqual(['ns/a']);
    await finish('ns/a');
    await clock.advance(10_000);
    expect(started).toEqual(['ns/a']);
  });

  it('works at once on a waiting key that is added, and then forgets the time', async () => {
    const { queue, clock, started, finish } = setUp();
    queue.addAfter('ns/a', 500);
    queue.add('ns/a');
    expect(started).toEqual(['ns/a']);
    await finish('ns/a');
    await clock.advance(10_000);
    expect(started).toEqual(['ns/a']);
  });

  it('takes a time of zero or less as now, and refuses one that is not a number', () => {
    const { queue, started } = setUp();
    queue.addAfter('ns/a', 0);
    queue.addAfter('ns/b', -5);
    expect(started).toEqual(['ns/a', 'ns/b']);
    expect(() => queue.addAfter('ns/c', Number.NaN)).toThrow(RangeError);
  });

  it('works again after the time that the work asks for', async () => {
    const { queue, clock, started, finish } = setUp();
    queue.add('ns/a');
    await finish('ns/a', { requeueAfterMilliseconds: 30_000 });
    await clock.advance(29_999);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    expect(started).toHaveLength(2);
  });

  it('does not let the time that the work asks for put off an addition made meanwhile', async () => {
    const { queue, started, finish } = setUp();
    queue.add('ns/a');
    queue.add('ns/a');
    await finish('ns/a', { requeueAfterMilliseconds: 30_000 });
    expect(started).toHaveLength(2);
  });

  it('keeps a time that was asked for while the key was worked on', async () => {
    const { queue, clock, started, finish } = setUp();
    queue.add('ns/a');
    queue.addAfter('ns/a', 100);
    await finish('ns/a', { requeueAfterMilliseconds: 30_000 });
    await clock.advance(100);
    expect(started).toHaveLength(2);
  });
});

describe('failures', () => {
  it('tries again after times that double up to the cap, and starts anew after a success', async () => {
    const { queue, clock, errors, finish, fail } = setUp();
    queue.add('ns/a');
    for (let i = 0; i < 9; i++) {
      await fail('ns/a');
      await clock.advance(errors.at(-1)?.milliseconds ?? 0);
    }
    expect(errors.map((e) => e.milliseconds / 1000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(errors.map((e) => e.failures)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await finish('ns/a');
    queue.add('ns/a');
    await fail('ns/a');
    expect(errors.at(-1)).toMatchObject({ key: 'ns/a', failures: 1, milliseconds: 1000 });
  });

  it('spreads the times over half of their length', async () => {
    const { queue, errors, fail } = setUp({ random: 0 });
    queue.add('ns/a');
    await fail('ns/a');
    expect(errors[0]?.milliseconds).toBe(500);
  });

  it.each([
    ['the API server', new ClusterError('Unavailable', 'too many requests', { retryAfterSeconds: 42 })],
    ['Log Analytics', new TelemetryError('Throttled', 'too many requests', { retryAfterSeconds: 42 })],
  ])('waits as long as %s asks', async (_, error) => {
    const { queue, clock, started, fail } = setUp();
    queue.add('ns/a');
    await fail('ns/a', error);
    await clock.advance(41_999);
    expect(started).toHaveLength(1);
    await clock.advance(1);
    expect(started).toHaveLength(2);
  });

  it('keeps to its own wait when the server asks for less', async () => {
    const { queue, errors, fail } = setUp();
    queue.add('ns/a');
    await fail('ns/a', new ClusterError('Unavailable', 'busy', { retryAfterSeconds: 0 }));
    expect(errors[0]?.milliseconds).toBe(1000);
  });

  it('does not hold up other keys', async () => {
    const { queue, started, fail, finish } = setUp({ concurrency: 1 });
    queue.add('ns/a');
    queue.add('ns/b');
    await fail('ns/a');
    await finish('ns/b');
    expect(started).toEqual(['ns/a', 'ns/b']);
    expect(queue.running()).toBe(0);
  });

  it('treats work that throws before it returns a promise, or asks for no number, as failed', async () => {
    const clock = createFakeClock();
    const errors: unknown[] = [];
    const works = [
      () => {
        throw new Error('at once');
      },
      async () => ({ requeueAfterMilliseconds: Number.NaN }),
    ];
    for (const work of works) {
      const queue = createQueue({ clock, concurrency: 1, backoff, work, onError: (_, error) => errors.push(error) });
      queue.add('ns/a');
      await settle();
      expect(queue.running()).toBe(0);
    }
    expect(errors.map(String)).toEqual(['Error: at once', expect.stringContaining('not a number')]);
    expect(clock.timers()).toBe(2);
  });
});

describe('stopping', () => {
  it('lets work in hand finish, starts none, and leaves no timer', async () => {
    const { queue, clock, started, finish } = setUp({ concurrency: 1 });
    queue.add('ns/a');
    queue.add('ns/a');
    queue.add('ns/b');
    queue.addAfter('ns/c', 100);
    let stopped = false;
    const stop = queue.stop(10_000).then(() => {
      stopped = true;
    });
    queue.add('ns/d');
    queue.addAfter('ns/e', 1);
    await clock.advance(9_999);
    expect(stopped).toBe(false);
    await finish('ns/a', { requeueAfterMilliseconds: 1 });
    await stop;
    expect(started).toEqual(['ns/a']);
    expect(clock.timers()).toBe(0);
    expect(queue.depth()).toBe(0);
  });

  it('fires the signal of work that outlasts the grace period, and still awaits it', async () => {
    const { queue, clock, inHand, fail } = setUp();
    queue.add('ns/a');
    queue.add('ns/b');
    const signals = [...inHand.values()].map((work) => work.signal);
    const stop = queue.stop(10_000);
    await clock.advance(9_999);
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false]);
    await clock.advance(1);
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true]);
    await fail('ns/a');
    await fail('ns/b');
    await stop;
    expect(clock.timers()).toBe(0);
  });

  it('is done at once when there is nothing in hand', async () => {
    const { queue, clock } = setUp();
    queue.addAfter('ns/a', 100);
    await queue.stop(10_000);
    expect(clock.timers()).toBe(0);
  });
});

describe('work that waits aside', () => {
  /** Work waits aside once, for what the test settles. */
  function setUpAside(concurrency: number) {
    const clock = createFakeClock();
    const log: string[] = [];
    const tasks = new Map<string, PromiseWithResolvers<void>>();
    const ends = new Map<string, PromiseWithResolvers<Outcome>>();
    const errors: unknown[] = [];
    const queue = createQueue({
      clock,
      concurrency,
      backoff,
      work: async (key, _signal, aside) => {
        log.push(`begin ${key}`);
        const task = Promise.withResolvers<void>();
        tasks.set(key, task);
        await aside(() => task.promise);
        log.push(`return ${key}`);
        const end = Promise.withResolvers<Outcome>();
        ends.set(key, end);
        return end.promise;
      },
      onError: (_, error) => errors.push(error),
    });
    return { queue, log, tasks, ends, errors };
  }

  it('holds no worker, and goes on before new keys, no more at a time than allowed', async () => {
    const { queue, log, tasks, ends } = setUpAside(1);
    for (const key of ['a', 'b', 'c']) queue.add(key);
    await settle();
    expect(log).toEqual(['begin a', 'begin b', 'begin c']);
    expect(queue.running()).toBe(3);
    tasks.get('b')?.resolve();
    tasks.get('a')?.resolve();
    await settle();
    queue.add('d');
    await settle();
    expect(log.slice(3)).toEqual(['return b']);
    ends.get('b')?.resolve({});
    await settle();
    expect(log.slice(4)).toEqual(['return a']);
    ends.get('a')?.resolve({});
    await settle();
    expect(log.slice(5)).toEqual(['begin d']);
  });

  it('is still worked on by one worker only', async () => {
    const { queue, log, tasks, ends } = setUpAside(2);
    queue.add('a');
    await settle();
    queue.add('a');
    await settle();
    expect(log).toEqual(['begin a']);
    tasks.get('a')?.resolve();
    await settle();
    ends.get('a')?.resolve({});
    await settle();
    expect(log).toEqual(['begin a', 'return a', 'begin a']);
  });

  it('hands on the failure, and gives the worker back', async () => {
    const { queue, log, tasks, errors } = setUpAside(1);
    queue.add('a');
    await settle();
    tasks.get('a')?.reject(new Error('no'));
    await settle();
    expect(errors).toMatchObject([{ message: 'no' }]);
    queue.add('b');
    await settle();
    expect(log).toEqual(['begin a', 'begin b']);
  });

  it('is awaited by stop()', async () => {
    const { queue, tasks, ends } = setUpAside(1);
    queue.add('a');
    await settle();
    let stopped = false;
    const stopping = queue.stop(1000).then(() => {
      stopped = true;
    });
    await settle();
    expect(stopped).toBe(false);
    tasks.get('a')?.resolve();
    await settle();
    ends.get('a')?.resolve({});
    await stopping;
  });
});
