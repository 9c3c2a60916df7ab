import { describe, expect, it } from 'vitest';
import type { MirrorExperimentStatus } from '../../../src/api/types.generated.ts';
import { printable, printableStatus } from '../../../src/core/status/printable.ts';

describe('printable', () => {
  it.each([
    ['GET Reviews/Get', 'GET Reviews/Get'],
    ['GET /livres/é/書籍/😀 → “x”', 'GET /livres/é/書籍/😀 → “x”'],
    ['\u001b[2J\u001b]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
    ['\u009b31m', '\\u009b31m'],
    ['a\r\nb\tc\u0000\u007f', 'a\\r\\nb\\tc\\u0000\\u007f'],
    ['\u202eevil\u2066\u200f\u061c', '\\u202eevil\\u2066\\u200f\\u061c'],
    ['\u2028\u2029\ufeff', '\\u2028\\u2029\\ufeff'],
    ['\ud800x\udc00', '\ufffdx\ufffd'],
  ])('shows %j as %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  it('is the same when it is applied again, so that a stored status is not written anew', () => {
    const every = String.fromCharCode(...Array.from({ length: 0x10000 }, (_, unit) => unit));
    expect(printable(printable(every))).toBe(printable(every));
    expect(printable(every)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
  });
});

describe('a printable status', () => {
  const status: MirrorExperimentStatus = {
    verdict: 'Fail',
    candidateImage: 'a b',
    summary: 'Fail: \u001b[31mred',
    conditions: [
      {
        type: 'Passed',
        status: 'False',
        reason: 'Latency',
        message: 'p50 of \u001b[31mred',
        lastTransitionTime: '2026-01-01T00:00:00Z',
        observedGeneration: 1,
      },
    ],
    routes: ['\u001b', '\\u001b', '\ud800', '\udfff', '__proto__'].map((name) => ({ name, verdict: 'Pass' })),
  };

  it('has no control character in any text, and routes of different names', () => {
    const shown = printableStatus(status);
    expect(shown).toMatchObject({
      summary: 'Fail: \\u001b[31mred',
      conditions: [{ message: 'p50 of \\u001b[31mred' }],
    });
    expect(shown.routes?.map(({ name }) => name)).toEqual([
      '\\u001b',
      '\\u001b (2)',
      '\ufffd',
      '\ufffd (2)',
      '__proto__',
    ]);
    expect(printableStatus(shown)).toEqual(shown);
  });

  it('has a summary that is no longer than a message may be', () => {
    const { summary = '' } = printableStatus({ summary: `x${'😀'.repeat(5000)}` });
    expect([...summary]).toHaveLength(4096);
    expect(summary.isWellFormed()).toBe(true);
  });

  it('gets no field that the other does not have', () => {
    expect(printableStatus({})).toEqual({});
  });
});
