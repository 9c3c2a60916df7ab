import { describe, expect, it } from 'vitest';
import { readBlocks } from '../../../src/core/samples/blocks.ts';
import { SamplesError } from '../../../src/core/samples/table.ts';
import { blockTypes, table } from './tables.ts';

const ASKED = { routes: 2, percentiles: [50, 99], blockSeconds: 30 };

function block(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const counts = { LiveItems: 4, LiveFailed: 1, MirrorItems: 3, MirrorFailed: 0, L0: 2, M0: 1, L1: 3, M1: 3 };
  return { Route: 0, Block: 0, ...counts, ...changes };
}

describe('readBlocks', () => {
  it('gives each route its blocks, ascending, in seconds', () => {
    const answer = table(blockTypes(2), [block({ Block: 7 }), block({ Route: 1, Block: '2' }), block({ Block: 0 })]);
    const expected = {
      live: { items: 4, errorItems: 1, atOrBelow: { '50': 2, '99': 3 } },
      mirror: { items: 3, errorItems: 0, atOrBelow: { '50': 1, '99': 3 } },
    };
    expect(readBlocks(answer, ASKED)).toEqual([
      [
        { start: 0, ...expected },
        { start: 210, ...expected },
      ],
      [{ start: 60, ...expected }],
    ]);
  });

  it('has routes without blocks', () => {
    expect(readBlocks(table(blockTypes(2), []), ASKED)).toEqual([[], []]);
  });

  it.each(Object.keys(blockTypes(2)))('refuses an answer without the column %s, or with text in it', (name) => {
    const { [name]: _, ...types } = blockTypes(2);
    expect(() => readBlocks(table(types, [block()]), ASKED)).toThrow(`no column ${name}`);
    expect(() => readBlocks(table({ ...blockTypes(2), [name]: 'string' }, []), ASKED)).toThrow(SamplesError);
    expect(() => readBlocks(table(blockTypes(2), [block({ [name]: -1 })]), ASKED)).toThrow(SamplesError);
  });

  it.each([
    ['an unknown route', [block({ Route: 2 })]],
    ['a block twice', [block(), block()]],
    ['more failures than rows', [block({ MirrorFailed: 4 })]],
    ['more fast rows than successes', [block({ L0: 4 })]],
  ])('refuses %s', (_, rows) => {
    expect(() => readBlocks(table(blockTypes(2), rows), ASKED)).toThrow(SamplesError);
  });
});
