import { expect, it } from 'vitest';
import { bytesOf } from '../../../demo/node/memoryLimit.ts';

it.each([
  ['1000', 1000],
  ['2k', 2000],
  ['2Ki', 2048],
  ['3M', 3_000_000],
  ['256Mi', 268_435_456],
  ['1Gi', 1_073_741_824],
])('a limit of %s is %d bytes', (quantity, bytes) => {
  expect(bytesOf(quantity)).toBe(bytes);
});

it.each(['', 'much', '1.5Gi', '-1', '10Mb'])('a limit of "%s" is refused', (quantity) => {
  expect(() => bytesOf(quantity)).toThrow(/memory limit/);
});
