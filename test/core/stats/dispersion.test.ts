import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dispersion } from '../../../src/core/stats/dispersion.ts';

type Block = readonly [liveCount: number, liveSize: number, mirrorCount: number, mirrorSize: number];

const block: fc.Arbitrary<Block> = fc
  .tuple(fc.nat(300), fc.nat(300), fc.nat(100), fc.nat(100))
  .map(([n1, n2, s1, s2]) => [Math.round((n1 * s1) / 100), n1, Math.round((n2 * s2) / 100), n2]);

function phiOf(blocks: readonly Block[]): number {
  const column = (index: 0 | 1 | 2 | 3) => Float64Array.from(blocks, (entry) => entry[index]);
  return dispersion({ liveCounts: column(0), liveSizes: column(1), mirrorCounts: column(2), mirrorSizes: column(3) });
}

describe('dispersion', () => {
  it('is 2, its prior, without blocks, with one, and with an arm that is silent', () => {
    expect(phiOf([])).toBe(2);
    expect(phiOf([[3, 300, 2, 300]])).toBe(2);
    expect(
      phiOf([
        [3, 300, 0, 0],
        [4, 300, 0, 0],
        [3, 280, 0, 0],
      ]),
    ).toBe(2);
  });

  it('is finite and at least 1 for any blocks', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 70 }), (blocks) => {
        const phi = phiOf(blocks);
        expect(Number.isFinite(phi) && phi >= 1).toBe(true);
      }),
    );
  });

  it('comes down to 1 where blocks differ less than chance, and rises where only one arm moves', () => {
    const steady = Array.from({ length: 120 }, (): Block => [15, 300, 15, 300]);
    expect(phiOf(steady)).toBeLessThan(1.1);
    const restless = steady.map((entry, k): Block => (k % 40 < 10 ? [15, 300, 90, 300] : entry));
    expect(phiOf(restless)).toBeGreaterThan(20);
  });

  it('does not count shocks that both arms share', () => {
    const shared = Array.from(
      { length: 120 },
      (_, k): Block => (k % 40 < 10 ? [150, 300, 150, 300] : [15, 300, 15, 300]),
    );
    expect(phiOf(shared)).toBeLessThan(1.1);
  });

  it('chunks consecutive entries first and drops chunks with an empty arm afterwards', () => {
    // 8 blocks; the empty one shares its chunk of four with three others, which therefore still count
    const blocks: Block[] = [
      [1, 10, 9, 10],
      [0, 10, 0, 0],
      [1, 10, 9, 10],
      [1, 10, 9, 10],
      [9, 10, 1, 10],
      [9, 10, 1, 10],
      [9, 10, 1, 10],
      [9, 10, 1, 10],
    ];
    const single = (7 - 1) as number;
    const chiOne = chiSquared(blocks.filter(([, , , mirrorSize]) => mirrorSize > 0));
    const chiFour = chiSquared([
      [3, 40, 27, 30],
      [36, 40, 4, 40],
    ]);
    const first = (chiOne + 4 * 2) / (single + 4);
    const second = (chiFour + 4 * first) / (1 + 4);
    expect(phiOf(blocks)).toBeCloseTo(Math.max(first, second), 9);
  });
});

/** Straight from the definition: Σ h (d − d̄)², h the inverse binomial variance with pooled shares. */
function chiSquared(blocks: readonly Block[]): number {
  const total = (index: 0 | 1 | 2 | 3) => blocks.reduce((sum, entry) => sum + entry[index], 0);
  const [p1, p2] = [total(0) / total(1), total(2) / total(3)];
  const entries = blocks.map(([x1, n1, x2, n2]) => ({
    d: x2 / n2 - x1 / n1,
    h: 1 / ((p1 * (1 - p1)) / n1 + (p2 * (1 - p2)) / n2),
  }));
  const weight = entries.reduce((sum, { h }) => sum + h, 0);
  const mean = entries.reduce((sum, { d, h }) => sum + h * d, 0) / weight;
  return entries.reduce((sum, { d, h }) => sum + h * (d - mean) ** 2, 0);
}
