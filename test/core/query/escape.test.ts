import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  datetimeLiteral,
  longLiteral,
  realLiteral,
  stringList,
  stringLiteral,
} from '../../../src/core/query/escape.ts';
import { diagnose, stringValue } from '../../support/kustoParser.ts';
import { HOSTILE_TEXTS } from './questions.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom('"', '\\', 'u', '0', '\n', "'", '@', ')', '\ud800', '\udc00', '//', 'h'))
    .map((p) => p.join('')),
);

describe('stringLiteral', () => {
  it.each(HOSTILE_TEXTS)('keeps %j as it is, in one literal', (text) => {
    expect(stringValue(stringLiteral(text))).toBe(text);
  });

  it('keeps every code unit', () => {
    for (let first = 0; first < 0x10000; first += 0x800) {
      const text = String.fromCharCode(...Array.from({ length: 0x800 }, (_, unit) => first + unit));
      expect(stringValue(stringLiteral(text))).toBe(text);
    }
  });

  it("has the text as its value for Microsoft's parser, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(stringValue(stringLiteral(text))).toBe(text);
      }),
      { numRuns: 400 },
    );
  });

  it('ends where it should when it is followed by something', () => {
    fc.assert(
      fc.property(anyText, anyText, (first, second) => {
        expect(diagnose(`print A = "x" in ${stringList([first, second])}, B = 1`)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('contains neither line ends nor anything invisible', () => {
    const everyUnit = String.fromCharCode(...Array.from({ length: 0x10000 }, (_, unit) => unit));
    expect(stringLiteral(everyUnit)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufeff\u200b\u202a-\u202e\u2066-\u2069]/u);
  });
});

describe('other literals', () => {
  it('writes an instant with milliseconds in UTC', () => {
    expect(datetimeLiteral(Date.UTC(2026, 1, 3, 4, 5, 6, 7))).toBe('datetime(2026-02-03T04:05:06.007Z)');
  });

  it('writes reals with a point, so that KQL does not divide integers', () => {
    expect([0.1, 20, -3, 1e-9, 1e21].map(realLiteral)).toEqual(['0.1', '20.0', '-3.0', '1e-9', '1e+21']);
    for (const value of [0.1, 20, -3, 1e-9, 1e21]) expect(diagnose(`print X = 1 + ${realLiteral(value)}`)).toEqual([]);
  });

  it('writes longs, null and no negative zero', () => {
    expect([132, -349, -0, undefined].map(longLiteral)).toEqual(['132', '-349', '0', 'long(null)']);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 0.5, 2 ** 53])('refuses %d as a long', (value) => {
    expect(() => longLiteral(value)).toThrow(RangeError);
  });

  it('refuses numbers and instants that have no literal', () => {
    expect(() => realLiteral(Number.NaN)).toThrow(RangeError);
    expect(() => datetimeLiteral(Number.NaN)).toThrow(RangeError);
  });
});
