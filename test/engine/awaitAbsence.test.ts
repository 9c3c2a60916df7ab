import { describe, expect, test } from 'vitest';
import { type AbsenceOptions, awaitAbsence, type Presence } from '../../src/engine/awaitAbsence.ts';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import type { LeaseRecord, StoredLease } from '../../src/engine/ports/lease.ts';
import { createFakeClock } from '../support/fakeClock.ts';
import { createMemoryLog } from '../support/memoryLog.ts';

const ABSENT = 300_000;
const RETRY = 2000;

const RECORD: LeaseRecord = {
  holder: 'operator',
  durationSeconds: 15,
  acquireTime: 0,
  renewTime: Date.parse('2023-11-14T22:13:20Z'),
  transitions: 3,
};

/** A watch of a Lease that somebody changes as the test says. */
function setUp(given: Partial<AbsenceOptions> = {}, record: LeaseRecord | null = RECORD) {
  const clock = createFakeClock();
  const world = {
    stored: record === null ? undefined : ({ record, resourceVersion: '1' } satisfies StoredLease),
    statuses: new Map<string, unknown>([['a', { summary: 'analysing' }]]),
    error: undefined as Error | undefined,
    reads: 0,
    presence: undefined as Presence | undefined,
    failure: undefined as unknown,
  };
  const controller = new AbortController();
  const log = createMemoryLog();
  const ask = async <T>(answer: () => T): Promise<T> => {
    world.reads += 1;
    if (world.error !== undefined) throw world.error;
    return answer();
  };
  awaitAbsence({
    lease: { name: 'system/operator', read: () => ask(() => world.stored) },
    traces: () => ask(() => new Map(world.statuses)),
    ...{ clock, log, signal: controller.signal, absentSeconds: ABSENT / 1000, leaseSeconds: 15, retrySeconds: 2 },
    ...given,
  }).then(
    (presence) => {
      world.presence = presence;
    },
    (error: unknown) => {
      world.failure = error;
    },
  );
  const renew = (change: Partial<LeaseRecord> = {}) => {
    const renewTime = (world.stored?.record.renewTime ?? 0) + 1;
    world.stored = { record: { ...RECORD, renewTime, ...change }, resourceVersion: `${renewTime}` };
  };
  return { clock, world, controller, log, renew };
}

describe('an operator is taken to be at work', () => {
  test('as soon as the Lease moves', async () => {
    const { clock, world, renew } = setUp();
    await clock.advance(1000);
    renew();
    await clock.advance(RETRY);
    expect(world).toMatchObject({ presence: { kind: 'present' }, reads: 2 });
  });

  test('when it moves after every absence that is shorter, such as a failover', async () => {
    const { clock, world, renew } = setUp();
    await clock.advance(ABSENT - RETRY);
    expect(world.presence).toBeUndefined();
    renew({ holder: 'another' });
    await clock.advance(RETRY);
    expect(world.presence).toEqual({ kind: 'present' });
  });

  test('when it is released, or created', async () => {
    const released = setUp();
    await released.clock.advance(20_000);
    released.renew({ holder: '', durationSeconds: 1 });
    await released.clock.advance(RETRY);
    expect(released.world.presence).toEqual({ kind: 'present' });

    const created = setUp({}, null);
    await created.clock.advance(20_000);
    created.renew();
    await created.clock.advance(RETRY);
    expect(created.world.presence).toEqual({ kind: 'present' });
  });
});

describe('an operator is taken to be gone', () => {
  test('when the Lease has stood still for the whole time, whatever its own times say', async () => {
    for (const renewTime of [0, Date.parse('2100-01-01T00:00:00Z'), undefined]) {
      const { clock, world } = setUp({}, { ...RECORD, renewTime });
      clock.step(86_400_000);
      await clock.advance(ABSENT - 1);
      expect(world.presence).toBeUndefined();
      await clock.advance(2 * RETRY);
      expect(world.presence).toEqual({ kind: 'absent', record: { ...RECORD, renewTime } });
    }
  });

  test('when there is no Lease, or it is deleted meanwhile', async () => {
    const none = setUp({}, null);
    await none.clock.advance(ABSENT + 2 * RETRY);
    expect(none.world.presence).toEqual({ kind: 'absent', record: undefined });

    const deleted = setUp();
    await deleted.clock.advance(20_000);
    deleted.world.stored = undefined;
    await deleted.clock.advance(ABSENT);
    expect(deleted.world.presence).toEqual({ kind: 'absent', record: RECORD });
  });

  test('when only others than its holder have written to the Lease', async () => {
    const { clock, world } = setUp();
    for (let time = 0; time < ABSENT + 2 * RETRY; time += 10_000) {
      if (world.stored !== undefined) world.stored = { ...world.stored, resourceVersion: `labelled-${time}` };
      await clock.advance(10_000);
    }
    expect(world.presence).toMatchObject({ kind: 'absent' });
  });

  test('not before the lease that its holder has declared has run out', async () => {
    const { clock, world } = setUp({}, { ...RECORD, durationSeconds: 600 });
    await clock.advance(600_000 - RETRY);
    expect(world.presence).toBeUndefined();
    await clock.advance(4 * RETRY);
    expect(world.presence).toMatchObject({ kind: 'absent' });
  });
});

describe('time in which the Lease cannot be read', () => {
  test('does not count: its holder could not renew it either', async () => {
    const { clock, world, log } = setUp();
    await clock.advance(ABSENT - 10_000);
    world.error = new ClusterError('Unavailable', 'connection refused');
    await clock.advance(10 * ABSENT);
    expect(world.presence).toBeUndefined();
    world.error = undefined;
    await clock.advance(ABSENT - 10_000);
    expect(world.presence).toBeUndefined();
    expect(log.lines).toContain('warn: the API server does not answer and is asked again: connection refused');
    await clock.advance(20_000);
    expect(world.presence).toMatchObject({ kind: 'absent' });
  });

  test('counts when it is shorter than the lease', async () => {
    const { clock, world } = setUp();
    for (let time = 0; time < ABSENT + 10_000; time += 10_000) {
      world.error = new ClusterError('Unavailable', 'try again');
      await clock.advance(5000);
      world.error = undefined;
      await clock.advance(5000);
    }
    expect(world.presence).toMatchObject({ kind: 'absent' });
  });

  test('ends the watch when it is refused', async () => {
    const { clock, world } = setUp();
    world.error = new ClusterError('Forbidden', 'leases is forbidden');
    await clock.advance(RETRY);
    expect(world.failure).toBe(world.error);
  });
});

describe('an operator that works without this Lease', () => {
  test('is noticed by the statuses that it writes', async () => {
    const { clock, world } = setUp();
    await clock.advance(100_000);
    world.statuses.set('a', { summary: 'analysing still' });
    await clock.advance(ABSENT);
    expect(world.presence).toEqual({ kind: 'elsewhere' });
  });

  test('is noticed by the status of a new experiment', async () => {
    const { clock, world } = setUp();
    await clock.advance(100_000);
    world.statuses.set('b', { summary: 'checking' });
    await clock.advance(ABSENT);
    expect(world.presence).toEqual({ kind: 'elsewhere' });
  });

  test('is not seen in a last write before the lease ran out, nor in what users create and delete', async () => {
    const { clock, world } = setUp();
    await clock.advance(10_000);
    world.statuses.set('a', { summary: 'the last word' });
    await clock.advance(10_000);
    world.statuses.set('b', undefined);
    world.statuses.delete('a');
    await clock.advance(ABSENT);
    expect(world.presence).toMatchObject({ kind: 'absent' });
  });
});

test('the watch ends at once when it is told to, and leaves no timer', async () => {
  const { clock, world, controller } = setUp();
  await clock.advance(10_000);
  controller.abort(new Error('ended by SIGTERM'));
  await clock.advance(0);
  expect(world.failure).toBe(controller.signal.reason);
  expect(clock.timers()).toBe(0);
});
