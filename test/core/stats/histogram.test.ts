import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketOf,
  bucketUpperEdge,
  edgesOf,
  histogramFrom,
  quantileOf,
  shareAtOrBelow,
} from '../../../src/core/stats/histogram.ts';
import { histogramWeights } from '../../support/histograms.ts';

describe('bucketOf', () => {
  it('puts 0 ms and everything under a microsecond into the lowest bucket', () => {
    expect(bucketOf(0)).toBe(-349);
    expect(bucketOf(Number.MIN_VALUE)).toBe(-349);
  });

  it('never gives −0, which JSON and Map would tell apart from 0', () => {
    expect(Object.is(bucketOf(1), 0)).toBe(true);
  });

  it('keeps a duration that is an edge in the bucket below it', () => {
    for (let bucket = -340; bucket <= 763; bucket++) expect(bucketOf(1.02 ** bucket)).toBe(bucket);
  });

  it('puts every duration at or below the upper edge of its bucket and above that of the one before', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.002, max: 1e7, noNaN: true }), (ms) => {
        const bucket = bucketOf(ms);
        expect(ms).toBeLessThanOrEqual(bucketUpperEdge(bucket) * (1 + 1e-9));
        expect(ms).toBeGreaterThan(bucketUpperEdge(bucket - 1) * (1 - 1e-9));
      }),
    );
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (ms) => {
    expect(() => bucketOf(ms)).toThrow('a duration must be 0 ms or more');
  });
});

describe('bucketUpperEdge', () => {
  it.each([-400, -350, -349, 0, 1250, 1251, 2000])('is 1.02 to the power of %d', (bucket) => {
    expect(bucketUpperEdge(bucket)).toBeCloseTo(1.02 ** bucket, 12);
  });
});

describe('histogramFrom', () => {
  it('sorts buckets as numbers, not as the strings that JSON has', () => {
    const { buckets, weights, cumulative } = histogramFrom({ '100': 1, '9': 2, '-20': 3, '-3': 4 });
    expect([...buckets]).toEqual([-20, -3, 9, 100]);
    expect([...weights]).toEqual([3, 4, 2, 1]);
    expect([...cumulative]).toEqual([0, 3, 7, 9, 10]);
  });

  it('merges −0 with 0', () => {
    const histogram = histogramFrom({ '-0': 2, '0': 3 });
    expect([...histogram.buckets]).toEqual([0]);
    expect(histogram.total).toBe(5);
  });

  it('leaves out buckets without weight', () => {
    expect([...histogramFrom({ '1': 0, '2': 5 }).buckets]).toEqual([2]);
  });

  it('is empty, and has no quantile, without weights', () => {
    const histogram = histogramFrom({}, 0);
    expect(histogram).toMatchObject({ total: 0, effectiveSize: 0 });
    expect(quantileOf(histogram, 0.5)).toBeNull();
  });

  it.each(['x', '1.5', '', 'Infinity'])('refuses the bucket "%s"', (key) => {
    expect(() => histogramFrom({ [key]: 1 })).toThrow(`histogram bucket "${key}" is no integer`);
  });

  it('refuses a weight that is not a number', () => {
    expect(() => histogramFrom({ '1': Number.NaN })).toThrow('histogram bucket "1" has the weight NaN');
  });
});

describe('shares and quantiles', () => {
  it('a share is log-linear inside a bucket and flat between buckets', () => {
    const histogram = histogramFrom({ '100': 10, '120': 30 });
    expect(shareAtOrBelow(histogram, 1.02 ** 99.5)).toBeCloseTo(0.125, 9);
    expect(shareAtOrBelow(histogram, 1.02 ** 110)).toBeCloseTo(0.25, 9);
    expect(shareAtOrBelow(histogram, 0)).toBe(0);
    expect(shareAtOrBelow(histogram, Number.POSITIVE_INFINITY)).toBe(1);
  });

  it('a quantile is within its bucket, and the share at it is p', () => {
    fc.assert(
      fc.property(histogramWeights, fc.integer({ min: 1, max: 99 }), (weights, percentile) => {
        const histogram = histogramFrom(weights);
        const ms = quantileOf(histogram, percentile / 100) ?? Number.NaN;
        expect(shareAtOrBelow(histogram, ms)).toBeCloseTo(percentile / 100, 6);
      }),
    );
  });

  it('lists both edges of each bucket once, ascending', () => {
    const edges = [...edgesOf(histogramFrom({ '3': 1, '4': 1, '10': 1 }))];
    expect(edges.map((edge) => bucketOf(edge))).toEqual([2, 3, 4, 9, 10]);
  });
});
