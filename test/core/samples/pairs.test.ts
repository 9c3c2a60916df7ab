import { describe, expect, it } from 'vitest';
import { readPairs } from '../../../src/core/samples/pairs.ts';
import { SamplesError } from '../../../src/core/samples/table.ts';
import { PAIR_TYPES, table } from './tables.ts';

const PAIRS = { Route: 1, Pairs: 10, OnlyMirrorFailed: 3, OnlyLiveFailed: 2, Slower: 5 };

describe('readPairs', () => {
  it('gives each route its pairs, and zeros to one without', () => {
    expect(readPairs(table(PAIR_TYPES, [PAIRS]), 2)).toEqual([
      { count: 0, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 },
      { count: 10, onlyMirrorFailed: 3, onlyLiveFailed: 2, slower: 5 },
    ]);
  });

  it('has no pairs at all when nothing could be joined', () => {
    expect(readPairs(table(PAIR_TYPES, []), 2)).toEqual([null, null]);
  });

  it.each([
    ['a route beyond those asked for', [{ ...PAIRS, Route: 2 }]],
    ['a route twice', [PAIRS, PAIRS]],
    ['more parts than pairs', [{ ...PAIRS, Slower: 6 }]],
    ['a negative count', [{ ...PAIRS, OnlyLiveFailed: -1 }]],
    ['a fraction', [{ ...PAIRS, Pairs: 10.5 }]],
    ['null', [{ ...PAIRS, Route: null }]],
  ])('refuses %s', (_, rows) => {
    expect(() => readPairs(table(PAIR_TYPES, rows), 2)).toThrow(SamplesError);
  });

  it('refuses an answer with text in place of numbers', () => {
    expect(() => readPairs(table({ ...PAIR_TYPES, Slower: 'string' }, []), 2)).toThrow('Slower as string');
  });
});
