import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count, milliseconds, percent, round, signed } from '../../../src/core/status/format.ts';

describe('figures', () => {
  it.each([
    [1193.2, '1,193'],
    [15.4, '15'],
    [9.94, '9.9'],
    [0, '0.0'],
    [1_234_567, '1,234,567'],
  ])('%d ms read as %s', (value, text) => expect(milliseconds(value)).toBe(text));

  it.each([
    [48.2, '48.2'],
    [100, '100'],
    [0, '0'],
    [0.004, '0'],
    [1.1, '1.1'],
    [1200.5, '1,200.5'],
  ])('%d %% read as %s', (value, text) => expect(percent(value)).toBe(text));

  it('have a sign that is seen', () => {
    expect(signed(1193, milliseconds, 'ms')).toBe('+1,193 ms');
    expect(signed(-0.4, milliseconds, 'ms')).toBe('−0.4 ms');
    expect(signed(0.001, percent, 'pp')).toBe('±0 pp');
  });

  it('are whole where they count, and have three decimals in the status', () => {
    expect(count(2959.6)).toBe('2,960');
    expect(round(0.12349)).toBe(0.123);
  });

  it('read back as what they were, for any number', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
        expect(Math.abs(Number(percent(value).replaceAll(',', '')) - value)).toBeLessThanOrEqual(
          0.00501 + value * 1e-9,
        );
      }),
    );
  });
});
