import { expect, test } from 'vitest';
import { createMonotonicTime } from '../../src/adapters/monotonicTime.ts';
import { systemClock } from '../../src/adapters/systemClock.ts';

test('time goes on while the machine is suspended, to within the resolution of its uptime', () => {
  let [awake, uptime] = [500, 90_000];
  const time = createMonotonicTime(
    () => awake,
    () => Math.floor(uptime / 1000) * 1000,
  );
  const begin = time();
  awake += 2500;
  uptime += 2500;
  expect(time() - begin).toBe(2500);
  uptime += 60_000;
  expect(time() - begin).toBeGreaterThanOrEqual(61_000);
  expect(time() - begin).toBeLessThanOrEqual(63_500);
});

test('an uptime that goes back takes nothing back', () => {
  let uptime = 90_000;
  const time = createMonotonicTime(
    () => 500,
    () => uptime,
  );
  uptime = 150_000;
  const before = time();
  uptime = 0;
  expect(time()).toBe(before);
});

test('the clock of this machine does not go back', () => {
  const times = Array.from({ length: 1000 }, systemClock.monotonic);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});
