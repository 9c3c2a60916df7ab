import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curvePath } from '../../../src/cli/report/plots/curve.ts';
import { density } from '../../../src/cli/report/plots/density.ts';
import { anchorOf, logScale } from '../../../src/cli/report/plots/scale.ts';
import { GAMMA, histogramFrom, quantileOf } from '../../../src/core/stats/histogram.ts';

const durations = fc.tuple(fc.double({ min: -3, max: 7, noNaN: true }), fc.double({ min: 0, max: 6, noNaN: true }));

describe('the axis', () => {
  it('holds both ends with room, keeps the order and has labels that stay apart on a phone', () => {
    fc.assert(
      fc.property(durations, ([low, decades]) => {
        const [least, most] = [10 ** low, 10 ** (low + decades)];
        const scale = logScale(least, most);
        expect(scale.at(least)).toBeGreaterThan(1);
        expect(scale.at(most)).toBeLessThan(99);
        if (decades > 0.01) expect(scale.at(most)).toBeGreaterThan(scale.at(least));
        expect(scale.ticks.length).toBeGreaterThan(0);
        const right = scale.ticks.map((tick) => {
          const width = tick.label.length * 7;
          const x = 2.8 * tick.at;
          const left = { start: x, middle: x - width / 2, end: x - width }[anchorOf(tick)];
          return { left, right: left + width };
        });
        right.slice(1).forEach(({ left }, index) => {
          expect(left).toBeGreaterThan(right[index]?.right ?? 0);
        });
      }),
    );
  });

  it('has round labels', () => {
    expect(logScale(8, 1300).ticks.map(({ label }) => label)).toEqual(['10\u00a0ms', '100\u00a0ms', '1\u00a0s']);
    expect(logScale(8, 1300).at(100)).toBeCloseTo(50, 0);
  });
});

const histograms = fc
  .dictionary(fc.integer({ min: -200, max: 800 }).map(String), fc.integer({ min: 1, max: 500 }), {
    minKeys: 1,
    maxKeys: 60,
  })
  .map((weights) => histogramFrom(weights));

describe('the density', () => {
  it('has an area of one, whatever the histogram', () => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        const low = (quantileOf(histogram, 0) ?? 1) * GAMMA ** -30;
        const high = (quantileOf(histogram, 1) ?? 1) * GAMMA ** 30;
        const points = 801;
        const step = Math.log(high / low) / Math.log(GAMMA) / (points - 1);
        const area = density(histogram, low, high, points).reduce((sum, value) => sum + value * step, 0);
        expect(area).toBeCloseTo(1, 1);
      }),
    );
  });

  it('has its top at the mode, and is nothing without weight', () => {
    const values = density(histogramFrom({ 100: 1, 140: 98, 180: 1 }), GAMMA ** 90, GAMMA ** 190, 101);
    expect(values.indexOf(Math.max(...values))).toBeCloseTo(49.5, -0.5);
    expect(Math.max(...density(histogramFrom({}), 1, 100, 11))).toBe(0);
  });
});

describe('the path of a curve', () => {
  it('begins and ends on the ground, and leaves out what is not seen', () => {
    expect(curvePath(Float64Array.from([0, 0, 1, 2, 1, 0, 0]), 2)).toBe('M167 100l333-100l333 100');
  });

  it('stays within half a pixel of every value', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 3, maxLength: 80 }),
        (values) => {
          const points = pointsOf(curvePath(Float64Array.from(values), 1));
          values.forEach((value, index) => {
            const x = Math.round((1000 * index) / (values.length - 1));
            const near = at(points, x);
            // At its ends the line rises from the ground.
            if (index > 0 && index < values.length - 1) expect(Math.abs(near - (100 - 100 * value))).toBeLessThan(0.6);
          });
        },
      ),
    );
  });
});

function pointsOf(path: string): { x: number; y: number }[] {
  let [x, y] = [0, 0];
  return [...path.matchAll(/([Ml])(-?[\d.]+) ?(-?[\d.]+)/g)].map(([, command, dx, dy]) => {
    [x, y] = command === 'M' ? [Number(dx), Number(dy)] : [x + Number(dx), y + Number(dy)];
    return { x, y };
  });
}

function at(points: readonly { x: number; y: number }[], x: number): number {
  const after = points.findIndex((point, index) => index > 0 && point.x >= x && (points[index - 1]?.x ?? 0) < point.x);
  const [a, b] = [points[after - 1], points[after]];
  if (a === undefined || b === undefined) return Number.NaN;
  return a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x);
}
