import { describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../support/fakeClock.ts';
import { seededRandom } from '../support/random.ts';
import { MemoryLease, type SimulatedReplica, simulateReplica, TIMING } from '../support/replicas.ts';

const LEASE = TIMING.leaseSeconds * 1000;
const DEADLINE = TIMING.renewDeadlineSeconds * 1000;
const RETRY = TIMING.retrySeconds * 1000;

async function setUp(count = 2, seed = 1) {
  const [lease, clock, random] = [new MemoryLease(), createFakeClock(), seededRandom(seed)];
  const replicas: SimulatedReplica[] = [];
  for (let index = 0; index < count; index++) {
    replicas.push(simulateReplica(`replica-${index}`, lease, clock, random));
    await clock.advance(10);
  }
  const [first, second] = replicas;
  if (first === undefined || second === undefined) throw new Error('there are two replicas at least');
  await clock.advance(RETRY);
  return { lease, clock, random, replicas, first, second };
}

/** Milliseconds until it holds, to the tick. */
async function timeUntil(clock: FakeClock, isTrue: () => boolean, most = 120_000): Promise<number> {
  const begin = clock.monotonic();
  while (!isTrue()) {
    if (clock.monotonic() - begin > most) throw new Error(`not within ${most} ms`);
    await clock.advance(10);
  }
  return clock.monotonic() - begin;
}

describe('of two replicas', () => {
  test('the first leads and goes on leading; the other stands by and says so', async () => {
    const { first, second, clock, lease } = await setUp();
    await clock.advance(600_000);
    expect([first.mayWrite(), second.mayWrite()]).toEqual([true, false]);
    expect(() => second.election.guardWrite()).toThrow('nothing is written: this replica does not lead');
    expect(first.terms).toEqual({ begun: 1, ended: 0 });
    expect(second.log.lines).toEqual(['info: standing by: another replica leads']);
    expect(lease.stored?.record).toMatchObject({ holder: 'replica-0', transitions: 0 });
  });

  test('each knows whether it could take over: not while the API server is away', async () => {
    const { first, second, clock } = await setUp();
    const follows = () => [first.election.follows(), second.election.follows()];
    expect(follows()).toEqual([true, true]);
    second.faults.cutOff = true;
    await clock.advance(LEASE);
    expect(follows()).toEqual([true, false]);
    second.faults.cutOff = false;
    await clock.advance(LEASE);
    expect(follows()).toEqual([true, true]);
  });

  test('the other leads within lease and retry after the first is stopped for good', async () => {
    const { first, second, clock } = await setUp();
    first.faults.stopped = true;
    expect(await timeUntil(clock, second.mayWrite)).toBeLessThanOrEqual(LEASE + RETRY);
  });

  test('one that is cut off stops at its deadline, before the other begins, and stands by when it is back', async () => {
    const { first, second, clock } = await setUp();
    const write = first.election.guardWrite();
    first.faults.cutOff = true;
    expect(await timeUntil(clock, () => write.aborted)).toBeLessThanOrEqual(DEADLINE);
    // It hears of it at once, not when the request in hand is given up.
    await clock.advance(1);
    expect(first.terms.ended).toBe(1);
    expect([first.mayWrite(), second.mayWrite()]).toEqual([false, false]);
    await timeUntil(clock, second.mayWrite);
    first.faults.cutOff = false;
    await clock.advance(60_000);
    expect([first.mayWrite(), second.mayWrite()]).toEqual([false, true]);
    expect(first.terms).toEqual({ begun: 1, ended: 1 });
    expect(first.log.lines).toContain('warn: no longer leading: the lease was not renewed for 10 s');
  });

  test('both cut off for longer than the lease: one leads again, and nothing has ended', async () => {
    const { replicas, clock } = await setUp();
    for (const { faults } of replicas) faults.cutOff = true;
    await clock.advance(300_000);
    for (const { faults } of replicas) faults.cutOff = false;
    await timeUntil(clock, () => replicas.some((each) => each.mayWrite()), LEASE + RETRY);
    await clock.advance(60_000);
    expect(replicas.filter((each) => each.mayWrite())).toHaveLength(1);
  });

  test.for([DEADLINE + 10, LEASE * 4])(
    'one that stood still for %d ms does not write before it looks',
    async (pause) => {
      const { first, clock } = await setUp();
      first.faults.stopped = true;
      await clock.advance(pause);
      expect(first.resume()).toBe(false);
    },
  );

  test.for([-86_400_000, 86_400_000])('a time of day that is set by %d ms changes nothing', async (step) => {
    const { first, second, clock } = await setUp();
    for (const { faults } of [first, second]) {
      faults.offset = step;
      for (let time = 0; time < 60_000; time += 500) {
        await clock.advance(500);
        expect([first.mayWrite(), second.mayWrite()]).toEqual([true, false]);
      }
    }
    first.faults.stopped = true;
    expect(await timeUntil(clock, second.mayWrite)).toBeLessThanOrEqual(LEASE + RETRY);
  });

  test('the other leads within a retry when the first stops and releases', async () => {
    const { first, second, clock, lease } = await setUp();
    const stopped = first.election.stop({ release: true });
    expect(first.mayWrite()).toBe(false);
    expect(await timeUntil(clock, second.mayWrite)).toBeLessThanOrEqual(RETRY);
    await stopped;
    await first.election.ended;
    expect(lease.stored?.record).toMatchObject({ holder: 'replica-1', transitions: 1 });
    expect(first.terms).toEqual({ begun: 1, ended: 0 });
  });

  test('the lease runs out when the first stops without releasing', async () => {
    const { first, second, clock, lease } = await setUp();
    await first.election.stop({ release: false });
    expect(lease.stored?.record.holder).toBe('replica-0');
    expect(await timeUntil(clock, second.mayWrite)).toBeGreaterThan(LEASE - RETRY);
  });

  test('a renewal whose answer was lost, and an edit by somebody else, cost nothing', async () => {
    const { first, second, clock, lease } = await setUp();
    const { stored } = lease;
    if (stored !== undefined) lease.write(stored.record, stored.resourceVersion);
    for (let time = 0; time < 60_000; time += 100) {
      await clock.advance(100);
      expect([first.mayWrite(), second.mayWrite()]).toEqual([true, false]);
    }
  });

  test('the leader stops at once when the Lease names another', async () => {
    const { first, clock, lease } = await setUp();
    const { stored } = lease;
    if (stored !== undefined) lease.write({ ...stored.record, holder: 'intruder' }, stored.resourceVersion);
    expect(await timeUntil(clock, () => !first.mayWrite())).toBeLessThanOrEqual(RETRY + 10);
    expect(first.log.lines).toContain('warn: no longer leading: intruder holds the lease');
  });

  test('the leader keeps a Lease that is deleted', async () => {
    const { first, second, clock, lease } = await setUp();
    lease.stored = undefined;
    for (let time = 0; time < 60_000; time += 100) {
      await clock.advance(100);
      expect([first.mayWrite(), second.mayWrite()]).toEqual([true, false]);
    }
    expect(lease.stored).toMatchObject({ record: { holder: 'replica-0', transitions: 0 } });
  });
});

test('work that cannot be ended ends the election', async () => {
  const { first, clock } = await setUp();
  const ended = expect(first.election.ended).rejects.toThrow('replica-0 goes on working');
  Object.assign(first.faults, { isBusy: true, cutOff: true });
  await clock.advance(DEADLINE + 10);
  await ended;
  first.faults.cutOff = false;
  await clock.advance(600_000);
  expect(first.terms.begun).toBe(1);
});

describe('never two writers, and always one in the end', () => {
  test.for(Array.from({ length: 40 }, (_, index) => index))('random faults, seed %d', async (seed) => {
    const { replicas, random, clock } = await setUp(3, seed);
    let led = 0;
    for (let round = 0; round < 120; round++) {
      const replica = replicas[random.integer(replicas.length)];
      if (replica === undefined) continue;
      const { faults } = replica;
      if (random.chance(0.3)) faults.cutOff = !faults.cutOff;
      if (random.chance(0.2)) faults.delay = random.uniform() * 6000;
      if (random.chance(0.2)) faults.offset = (random.uniform() - 0.5) * 1e9;
      if (random.chance(0.3) && !faults.stopped) faults.stopped = true;
      else if (faults.stopped && replica.resume())
        expect(replicas.filter((each) => each.mayWrite()).map(({ identity }) => identity)).toEqual([replica.identity]);
      const steps = 1 + random.integer(20);
      for (let step = 0; step < steps; step++) {
        await clock.advance(200);
        const writers = replicas.filter((each) => each.mayWrite()).map(({ identity }) => identity);
        if (writers.length > 1) throw new Error(`two may write in round ${round}: ${writers}`);
        led += writers.length;
      }
    }
    expect(led).toBeGreaterThan(0);
    for (const replica of replicas) {
      Object.assign(replica.faults, { cutOff: false, delay: 50 });
      if (replica.faults.stopped) replica.resume();
    }
    await timeUntil(clock, () => replicas.some((each) => each.mayWrite()), 3 * LEASE);
    await clock.advance(LEASE * 2);
    expect(replicas.filter((each) => each.mayWrite())).toHaveLength(1);
  });
});
