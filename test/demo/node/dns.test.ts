import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerQuery } from '../../../demo/node/dns.ts';

describe('answerQuery', () => {
  it('answers or ignores whatever arrives, with the id of the query and the response bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, known) => {
        const query = Buffer.from(bytes);
        const answer = answerQuery(query, () => known);
        if (answer === undefined) return;
        expect(answer.subarray(0, 2)).toEqual(query.subarray(0, 2));
        expect(answer.readUInt16BE(2) & 0x8000).toBe(0x8000);
      }),
    );
  });

  it('ignores answers, so that two servers cannot keep each other busy', () => {
    const answer = Buffer.alloc(12);
    answer.writeUInt16BE(0x8000, 2);
    expect(answerQuery(answer, () => true)).toBeUndefined();
  });
});
