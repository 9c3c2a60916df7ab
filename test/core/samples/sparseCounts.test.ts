import { expect, it } from 'vitest';
import { sparseCounts } from '../../../src/core/samples/sparseCounts.ts';

it('is a record like any other', () => {
  const counts = sparseCounts();
  expect(Object.keys(counts)).toEqual([]);
  counts['99'] = 3;
  counts['50'] = 1;
  expect(counts).toStrictEqual({ 50: 1, 99: 3 });
  expect(JSON.stringify(counts)).toBe('{"50":1,"99":3}');
  expect(structuredClone(counts)).toStrictEqual({ 50: 1, 99: 3 });
});
