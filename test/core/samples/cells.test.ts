import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyArm, readCells } from '../../../src/core/samples/cells.ts';
import { SamplesError } from '../../../src/core/samples/table.ts';
import { HOSTILE_TEXTS } from '../query/questions.ts';
import { CELL_TYPES, cell, cells, table } from './tables.ts';

describe('readCells', () => {
  it('adds cells up to arms, telling rows and weights, successes and failures apart', () => {
    const routes = readCells(
      cells(
        cell({ Bucket: 117, Items: 2, Requests: 5, SquaredWeights: 13, SumMs: 50.5, SumMs2: 510.25 }),
        cell({ Bucket: -349, Code: '204', SumMs: 0, SumMs2: 0 }),
        cell({ Ok: false, Code: '500', Items: 3, Requests: 6, SquaredWeights: 14, SumMs: 0, SumMs2: 0 }),
        cell({ Live: false, Bucket: 359, Items: 4, SumMs: 4800, SumMs2: 5_760_000 }),
      ),
    );
    expect(routes).toEqual([
      {
        name: 'GET a',
        live: {
          items: 6,
          errorItems: 3,
          requests: 12,
          errors: 6,
          sumSquaredWeights: 28,
          successSumSquaredWeights: 14,
          sumMilliseconds: 50.5,
          sumSquaredMilliseconds: 510.25,
          histogram: { '-349': 1, '117': 5 },
          resultCodes: { '200': 5, '204': 1, '500': 6 },
        },
        mirror: {
          items: 4,
          errorItems: 0,
          requests: 4,
          errors: 0,
          sumSquaredWeights: 4,
          successSumSquaredWeights: 4,
          sumMilliseconds: 4800,
          sumSquaredMilliseconds: 5_760_000,
          histogram: { '359': 4 },
          resultCodes: { '200': 4 },
        },
      },
    ]);
  });

  it('orders routes by their first live request, ties by name, (other) last, whatever the order of the rows', () => {
    const rows = [
      cell({ Route: '(other)', First: 0 }),
      cell({ Route: 'late', First: 900.5 }),
      cell({ Route: 'late', First: 30.25, Bucket: 5 }),
      cell({ Route: 'tie b', First: 12 }),
      cell({ Route: 'tie a', First: 12 }),
      cell({ Route: 'tie a', First: 1, Live: false }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(readCells(cells(...shuffled)).map(({ name }) => name)).toEqual(['tie a', 'tie b', 'late', '(other)']);
      }),
    );
  });

  it('gives the same bytes whatever the order of the rows', () => {
    const rows = [
      ...[1, 20, -3, 117].flatMap((Bucket) => [cell({ Bucket }), cell({ Bucket, Live: false, Code: '304' })]),
      cell({ Ok: false, Code: '500' }),
    ];
    const expected = JSON.stringify(readCells(cells(...rows)));
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(JSON.stringify(readCells(cells(...shuffled)))).toBe(expected);
      }),
    );
  });

  it.each(HOSTILE_TEXTS.filter((text) => !['', '(all)', '(other)'].includes(text)))(
    'keeps the route and the code %j',
    (text) => {
      const routes = readCells(
        cells(cell({ Route: text, Code: text }), cell({ Route: `${text}2`, Code: text, First: 1 })),
      );
      expect(routes.map(({ name }) => name)).toEqual([text, `${text}2`]);
      expect(Object.entries(routes[0]?.live.resultCodes ?? {})).toEqual([[text, 1]]);
      expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    },
  );

  it.each(['', '(all)', 'x'.repeat(1025), '😀'.repeat(1025)])(
    'refuses a route of a name that was not asked for: %j',
    (name) => {
      expect(() => readCells(cells(cell(), cell({ Route: name })))).toThrow(/was not asked for/);
    },
  );

  it('refuses a bucket beyond the longest duration, and sums that cannot be counted', () => {
    expect(() => readCells(cells(cell({ Bucket: 1272 })))).not.toThrow();
    expect(() => readCells(cells(cell({ Bucket: 1273 })))).toThrow(/bucket 1273/);
    expect(() => readCells(cells(cell({ SumMs: 86_400_000_000 })))).not.toThrow();
    expect(() => readCells(cells(cell({ SumMs: 1e308 })))).toThrow(/1 requests that took 1e\+308 ms/);
    expect(() => readCells(cells(cell({ SumMs2: 1e308 })))).toThrow(/longer than any can/);
    const half = { Items: 2 ** 52, Requests: 2 ** 52, SquaredWeights: 2 ** 52 };
    expect(() => readCells(cells(cell(half), cell({ ...half, Bucket: 5 })))).toThrow(
      /more than 2\^53 requests of "GET a"/,
    );
  });

  it('has (other) when only the mirror reports it', () => {
    const [, other] = readCells(cells(cell(), cell({ Route: '(other)', Live: false, Items: 7 })));
    expect(other?.live).toEqual(emptyArm());
    expect(other?.mirror.items).toBe(7);
  });

  it('reads longs that arrive as text and bools that arrive as numbers', () => {
    const text = cell({
      Live: 1,
      Ok: 1,
      Bucket: '-349',
      Items: '3',
      Requests: '9007199254740991',
      SquaredWeights: '9007199254740991',
    });
    expect(readCells(cells(text))[0]?.live).toMatchObject({ items: 3, requests: 9_007_199_254_740_991 });
  });

  it('adds up the buckets of several result codes, in whatever order they are listed', () => {
    const [route] = readCells(
      cells(
        cell({
          Items: 6,
          Buckets: [
            [120, 3],
            [-349, 1],
            [117, 2],
          ],
        }),
        cell({
          Code: '204',
          Items: 5,
          Buckets: [
            [117, 4],
            [121, 1],
          ],
        }),
      ),
    );
    expect(Object.entries(route?.live.histogram ?? {})).toEqual([
      ['117', 6],
      ['120', 3],
      ['121', 1],
      ['-349', 1],
    ]);
  });

  it('has no routes without rows', () => {
    expect(readCells(cells())).toEqual([]);
  });

  it.each(Object.keys(CELL_TYPES))('refuses an answer without the column %s', (name) => {
    const { [name as keyof typeof CELL_TYPES]: _, ...types } = CELL_TYPES;
    expect(() => readCells(table(types, [cell()]))).toThrow(new RegExp(`has no column ${name}, only: .`));
  });

  it.each(Object.keys(CELL_TYPES))('refuses an answer with the column %s of another type', (name) => {
    const types = { ...CELL_TYPES, [name]: 'datetime' };
    expect(() => readCells(table(types, []))).toThrow(`has the column ${name} as datetime; expected `);
  });

  it.each([
    ['Route', null],
    ['Route', 7],
    ['Live', 'true'],
    ['Live', 2],
    ['Code', undefined],
    ['Buckets', null],
    ['Buckets', '[[117,1]'],
    ['Buckets', [117, 1]],
    ['Buckets', [[117]]],
    ['Buckets', [[117, 1, 1]]],
    ['Buckets', [[1.5, 1]]],
    ['Buckets', [['', 1]]],
    ['Buckets', [[null, 1]]],
    ['Buckets', [[117, 0]]],
    ['Buckets', [[117, -1]]],
    ['Buckets', [[117, 2 ** 53]]],
    ['First', -1],
    ['First', 'NaN'],
    ['Items', -1],
    ['Items', 1.5],
    ['Items', '1e3'],
    ['Items', null],
    ['Items', 2 ** 53],
    ['Items', '99999999999999999999'],
    ['Requests', Number.NaN],
    ['SumMs', Number.POSITIVE_INFINITY],
    ['SumMs', 'NaN'],
    ['SumMs2', -0.1],
    ['SumMs2', [1]],
  ])('refuses %s = %j', (name, value) => {
    const read = (): unknown => readCells(cells({ ...cell(), [name]: value }));
    expect(read).toThrow(SamplesError);
    expect(read).toThrow(`in the column ${name}; expected `);
  });

  it.each([
    ['successful rows without a bucket', { Buckets: [] }],
    ['failed rows in a bucket', { Ok: false, Buckets: [[117, 1]] }],
    [
      'fewer requests in buckets than there are',
      {
        Items: 3,
        Buckets: [
          [117, 1],
          [118, 1],
        ],
      },
    ],
    [
      'more requests in buckets than there are',
      {
        Buckets: [
          [117, 1],
          [118, 1],
        ],
      },
    ],
    ['a bucket below the lowest', { Bucket: -350 }],
    ['a cell without rows', { Items: 0, Requests: 0, SquaredWeights: 0 }],
    ['fewer requests than rows', { Items: 3, Requests: 2, SquaredWeights: 3 }],
    ['a sum of squares below the sum', { Items: 1, Requests: 3, SquaredWeights: 2 }],
    ['a route that live never served', { Live: false }],
  ])('refuses %s', (_, changes) => {
    expect(() => readCells(cells(cell(changes)))).toThrow(SamplesError);
  });

  it('refuses more routes than it asked for', () => {
    const rows = Array.from({ length: 50 }, (_, route) => cell({ Route: `GET ${route}` }));
    expect(readCells(cells(...rows.slice(1), cell({ Route: '(other)' })))).toHaveLength(50);
    expect(() => readCells(cells(...rows))).toThrow('50 routes');
  });

  it('does not carry a long value into the message', () => {
    expect(() => readCells(cells(cell({ Items: 'x'.repeat(10_000) })))).toThrow(/^.{1,250}$/);
  });
});
