import { expect, test } from 'vitest';
import { createMonotonicTime } from '../../src/adapters/monotonicTime.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';

/** A machine of which the test decides how long it is awake and how long it sleeps; its uptime is in whole seconds. */
function machine() {
  const state = { awake: 500, slept: 89_500, set: 0, uptimeReads: 0 };
  const time = createMonotonicTime(
    () => state.awake,
    () => {
      state.uptimeReads += 1;
      return Math.floor((state.awake + state.slept) / 1000) * 1000;
    },
    () => 1_700_000_000_000 + state.awake + state.slept + state.set,
  );
  return { state, time };
}

test('time goes on while the machine is suspended, to within the resolution of its uptime', () => {
  const { state, time } = machine();
  const begin = time();
  state.awake += 2500;
  expect(time() - begin).toBe(2500);
  state.slept += 60_000;
  expect(time() - begin).toBeGreaterThanOrEqual(61_000);
  expect(time() - begin).toBeLessThanOrEqual(63_500);
});

test.each([5, 500])(
  'a machine that has slept is noticed at once: %d ms after the last time that was asked for',
  (later) => {
    const { state, time } = machine();
    state.awake += 1000;
    const before = time();
    state.awake += later;
    state.slept += 60_000;
    expect(time() - before).toBeGreaterThanOrEqual(58_000);
  },
);

test('setting the time of day changes nothing', () => {
  const { state, time } = machine();
  state.awake += 1000;
  const before = time();
  for (const set of [3_600_000, -3_600_000, 60]) {
    state.set += set;
    expect(time()).toBe(before);
  }
});

test('a sleep that the time of day does not tell of is noticed within a second awake', () => {
  const { state, time } = machine();
  const before = time();
  state.slept += 60_000;
  state.set -= 60_000;
  state.awake += 1000;
  expect(time() - before).toBeGreaterThanOrEqual(59_000);
});

test('the uptime is asked for once a second, however often the time is', () => {
  const { state, time } = machine();
  const before = state.uptimeReads;
  for (let count = 0; count < 10_000; count++) {
    state.awake += 1;
    time();
  }
  expect(state.uptimeReads - before).toBe(10);
});

test('an uptime that goes back takes nothing back', () => {
  const { state, time } = machine();
  state.slept += 60_000;
  const before = time();
  state.slept -= 120_000;
  expect(time()).toBe(before);
});

test('the clock of this machine does not go back', () => {
  const times = Array.from({ length: 1000 }, systemClock.monotonic);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});
