import fc from 'fast-check';
import { expect, test } from 'vitest';
import { busyTime } from '../../../bench/payload/busyTime.ts';

test('what is done side by side counts once, and pauses not at all', () => {
  const stretches = [
    { start: 100, end: 130 },
    { start: 0, end: 10 },
    { start: 5, end: 20 },
    { start: 6, end: 8 },
  ];
  expect(busyTime(stretches)).toBe(50);
  expect(busyTime([])).toBe(0);
});

test('it is the number of milliseconds that something covers', () => {
  const stretch = fc.tuple(fc.nat(60), fc.nat(20)).map(([start, length]) => ({ start, end: start + length }));
  fc.assert(
    fc.property(fc.array(stretch), (stretches) => {
      const covered = Array.from({ length: 80 }, (_, at) =>
        stretches.some(({ start, end }) => start <= at && at < end),
      );
      expect(busyTime(stretches)).toBe(covered.filter(Boolean).length);
    }),
  );
});
