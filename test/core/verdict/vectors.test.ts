import { describe, expect, it } from 'vitest';
import { difference, differenceFrom, VECTORS } from '../../support/verdictVectors.ts';

describe('reference vectors', () => {
  it('are all there', () => {
    expect(VECTORS).toHaveLength(113);
  });

  for (const [index, vector] of VECTORS.entries()) {
    it(`${index + 1}: ${vector.name}`, () => {
      expect(differenceFrom(vector)).toBeUndefined();
    });
  }
});

describe('what differs is found', () => {
  it.each([
    [{ a: 1 }, { a: 1.1 }],
    [{ a: Number.NaN }, { a: 1 }],
    [{ a: 'Pass' }, { a: 'Fail' }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [
      { b: 2, a: 1 },
      { a: 1, b: 2 },
    ],
    [{ a: [1, 2] }, { a: [1] }],
    [{ a: null }, { a: 0 }],
    [undefined, { a: 0 }],
  ])('%j is not %j', (actual, expected) => {
    expect(difference(actual, expected, 1e-9)).toContain('expected');
  });

  it('but not what is as close as asked', () => {
    expect(difference({ a: [1e6 + 0.9] }, { a: [1e6] }, 1e-6)).toBeUndefined();
  });
});
