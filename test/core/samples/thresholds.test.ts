import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { percentileBucket } from '../../../src/core/samples/thresholds.ts';

describe('percentileBucket', () => {
  it.each([
    [50, { '1': 1, '2': 1 }, 1],
    [51, { '1': 1, '2': 1 }, 2],
    [95, { '10': 19, '11': 1 }, 10],
    [95, { '10': 18, '11': 2 }, 11],
    [1, { '-349': 1, '-3': 98, '2': 1 }, -349],
    [99, { '10': 98, '9': 1, '100': 1 }, 10],
    [50, { '7': 0, '8': 1 }, 8],
    [55, { '1': 11, '2': 9 }, 1],
  ])('p%d of %j is in %d', (percentile, histogram, expected) => {
    expect(percentileBucket(histogram, percentile)).toBe(expected);
  });

  it('is undefined without weight', () => {
    expect([percentileBucket({}, 50), percentileBucket({ '1': 0 }, 50)]).toEqual([undefined, undefined]);
  });

  it('is the bucket of the row with that rank', () => {
    const rows = fc.array(fc.integer({ min: -349, max: 400 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 99 }), (buckets, percentile) => {
        const histogram: Record<string, number> = {};
        for (const bucket of buckets) histogram[bucket] = (histogram[bucket] ?? 0) + 1;
        const rank = Number((BigInt(percentile) * BigInt(buckets.length) + 99n) / 100n);
        expect(percentileBucket(histogram, percentile)).toBe([...buckets].sort((a, b) => a - b)[rank - 1]);
      }),
    );
  });
});
