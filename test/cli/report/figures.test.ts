import { describe, expect, it } from 'vitest';
import { between, factor, ms, span, utc } from '../../../src/cli/report/figures.ts';
import { percent } from '../../../src/core/status/format.ts';

describe('figures of the report', () => {
  it.each([
    [0, '×1.0'],
    [Math.log(20), '×20'],
    [Math.log(12_345), '×12,345'],
    [Math.log(99_999.9), '×100,000'],
    [Math.log(340_000), '×3.4·10⁵'],
    [16 * Math.LN10, '×1.0·10¹⁶'],
    [Math.log(9.99e9), '×1.0·10¹⁰'],
    [Math.log(0.5), '×0.5'],
    [Math.log(0.004), '×0.004'],
  ])('the e-value exp(%d) reads as %s', (log, text) => expect(factor(log)).toBe(text));

  it.each([
    [60, '60 s'],
    [119.6, '2 min'],
    [750, '12 min 30 s'],
    [3600, '1 h'],
    [3900, '1 h 5 min'],
  ])('%d s read as %s', (seconds, text) => expect(span(seconds)).toBe(text));

  it('durations have a unit on the same line, and are seconds from ten on', () => {
    expect([ms(15.4), ms(1211), ms(12_500), ms(null)]).toEqual(['15\u00a0ms', '1,211\u00a0ms', '12.5\u00a0s', '–']);
  });

  it('intervals say when an end has no bound', () => {
    const text = (lower: number | null, upper: number | null) =>
      between({ lower, upper }, percent, 'pp').replaceAll('\u00a0', ' ');
    expect(text(-0.5, 1)).toBe('−0.5 to +1 pp');
    expect(text(null, 1)).toBe('at most +1 pp');
    expect(text(-0.5, null)).toBe('at least −0.5 pp');
    expect(text(null, null)).toBe('no bound yet');
  });

  it('times are UTC, and what is no time stays as it is', () => {
    expect(utc('2026-01-01T01:00:00+02:00')).toBe('2025-12-31 23:00:00 UTC');
    expect(utc('soon')).toBe('soon');
  });
});
