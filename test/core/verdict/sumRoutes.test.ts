import { describe, expect, it } from 'vitest';
import type { EvidenceArm, EvidenceRoute } from '../../../src/core/verdict/evidence.ts';
import { sumRoutes } from '../../../src/core/verdict/sumRoutes.ts';

const arm = (items: number, histogram: Record<string, number>): EvidenceArm => ({
  items,
  errorItems: 1,
  requests: 2 * items,
  errors: 2,
  sumSquaredWeights: 4 * items,
  successSumSquaredWeights: 4 * (items - 1),
  histogram,
});

const route = (name: string, starts: number[], histogram: Record<string, number>): EvidenceRoute => ({
  name,
  live: arm(10, histogram),
  mirror: arm(5, histogram),
  blocks: starts.map((start) => ({
    start,
    live: { items: 3, errorItems: 1, atOrBelow: { '50': 2 } },
    mirror: { items: 2, errorItems: 0, atOrBelow: { '50': 1 } },
  })),
  pairs: { count: 4, onlyMirrorFailed: 1, onlyLiveFailed: 2, slower: 3 },
});

describe('sumRoutes', () => {
  const a = route('a', [0, 60], { '-3': 10, '100': 8 });
  const b = route('b', [30, 60], { '100': 2, '9': 16 });

  it('adds counts and histograms, and matches blocks by start in order of time', () => {
    const sum = sumRoutes([a, b]);
    expect(sum.name).toBe('(all)');
    expect(sum.live).toEqual({
      items: 20,
      errorItems: 2,
      requests: 40,
      errors: 4,
      sumSquaredWeights: 80,
      successSumSquaredWeights: 72,
      histogram: { '-3': 10, '9': 16, '100': 10 },
    });
    expect(sum.blocks.map(({ start, live, mirror }) => [start, live.items, mirror.atOrBelow['50']])).toEqual([
      [0, 3, 1],
      [30, 3, 1],
      [60, 6, 2],
    ]);
    expect(sum.pairs).toEqual({ count: 8, onlyMirrorFailed: 2, onlyLiveFailed: 4, slower: 6 });
  });

  it('has pairs only when every route has', () => {
    expect(sumRoutes([a, { ...b, pairs: null }]).pairs).toBeNull();
    const { pairs: _, ...without } = b;
    expect(sumRoutes([a, without]).pairs).toBeNull();
  });
});
