import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmBlocks, armDispersion } from '../../../src/core/stats/armDispersion.ts';
import { seededRandom } from '../../support/random.ts';

const arm: fc.Arbitrary<ArmBlocks> = fc.array(fc.tuple(fc.nat(300), fc.nat(100)), { maxLength: 70 }).map((blocks) => ({
  sizes: blocks.map(([size]) => size),
  counts: blocks.map(([size, share]) => Math.round((size * share) / 100)),
}));

/** Blocks of 300 with these shares. */
const blocks = (shares: readonly number[]): ArmBlocks => ({
  sizes: shares.map(() => 300),
  counts: shares.map((share) => share * 300),
});

describe('the dispersion within arms', () => {
  it('is 2, its prior, where there is nothing to learn from', () => {
    expect(armDispersion([])).toBe(2);
    expect(armDispersion([blocks([0.1]), blocks([0.9])])).toBe(2);
    expect(armDispersion([blocks([]), blocks([])])).toBe(2);
  });

  it('is finite and at least 1 for any blocks', () => {
    fc.assert(
      fc.property(arm, arm, (before, since) => {
        const phi = armDispersion([before, since]);
        expect(Number.isFinite(phi) && phi >= 1).toBe(true);
      }),
    );
  });

  it('does not count what differs between the arms', () => {
    const same = armDispersion([blocks(Array(20).fill(0.5)), blocks(Array(20).fill(0.5))]);
    const apart = armDispersion([blocks(Array(20).fill(0.5)), blocks(Array(20).fill(0.1))]);
    expect(apart).toBeCloseTo(same, 9);
    expect(apart).toBeLessThan(1.5);
  });

  it('comes to about 1 where there is only chance, and rises with shocks, drift and long phases', () => {
    const random = seededRandom(1);
    const chance = (share: (index: number) => number): ArmBlocks => {
      const shares = Array.from({ length: 40 }, (_, index) => share(index));
      const counts = shares.map(
        (each) => Array.from({ length: 300 }, () => random.chance(each)).filter(Boolean).length,
      );
      return { sizes: shares.map(() => 300), counts };
    };
    const calm = armDispersion([chance(() => 0.5), chance(() => 0.5)]);
    expect(calm).toBeGreaterThanOrEqual(1);
    expect(calm).toBeLessThan(3);
    expect(armDispersion([chance(() => 0.5), chance((k) => (k % 4 === 0 ? 0.1 : 0.5))])).toBeGreaterThan(10);
    expect(armDispersion([chance(() => 0.5), chance((k) => 0.4 + k / 200)])).toBeGreaterThan(5);
    expect(armDispersion([chance(() => 0.5), chance((k) => (k < 20 ? 0.5 : 0.2))])).toBeGreaterThan(40);
  });
});
