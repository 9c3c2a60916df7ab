import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMilliseconds } from '../../src/engine/backoff.ts';

it('lies between half the ceiling and the ceiling, which doubles up to the cap', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 10_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (failures, baseMilliseconds, capMilliseconds, random) => {
        const wait = backoffMilliseconds(failures, { baseMilliseconds, capMilliseconds }, () => random);
        const ceiling = Math.min(capMilliseconds, baseMilliseconds * 2 ** (failures - 1));
        expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
        expect(wait).toBeLessThanOrEqual(ceiling);
      },
    ),
  );
});
