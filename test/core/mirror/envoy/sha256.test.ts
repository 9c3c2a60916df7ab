import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../../../src/core/mirror/envoy/sha256.ts';

test('sha256 agrees with OpenSSL', () => {
  const reference = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
  // The padding changes at 55, 56 and 64 bytes.
  for (const length of [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 1000]) {
    expect(sha256('a'.repeat(length))).toBe(reference('a'.repeat(length)));
  }
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => sha256(text) === reference(text)));
});
