import { describe, expect, test } from 'vitest';
import type { BenchResult } from '../../bench/bench.ts';
import { readResults, withResults } from '../../tools/generatePerformance.ts';
import { readDocument } from './documents.ts';

const page = readDocument('docs/performance.md').text;
const result: BenchResult = {
  measuredAt: '2026-02-03T04:05:06.000Z',
  ...{ machine: '2 x Some Processor', question: 'How fast is it?' },
  tables: [{ title: 'Speed', columns: ['what', 'ms'], rows: [['this', 1.234]], notes: ['Warm.'] }],
};

test('the page shows the tables that the benchmarks have kept', async () => {
  expect(page, 'docs/performance.md is stale: run npm run generate').toBe(withResults(page, await readResults()));
});

describe('the results on the page', () => {
  const bare =
    '# A\n\n<!-- engine: made from bench/results.json by npm run generate -->\n\n<!-- end of engine -->\n\nB\n';

  test('stand at their place, with their date and machine', () => {
    const made = withResults(bare, { engine: result });
    expect(made).toContain('How fast is it?\n\nMeasured on 2026-02-03: 2 x Some Processor.\n\n### Speed\n');
    expect(made).toContain('| this | 1.23 |\n\nWarm.\n\n<!-- end of engine -->\n\nB\n');
    expect(withResults(made, { engine: result })).toBe(made);
  });

  test('are missed where there are none, and not left from before', () => {
    const made = withResults(withResults(bare, { engine: result }), {});
    expect(made).toContain('Not measured yet.');
    expect(made).not.toContain('Speed');
  });

  test('have a place, or are refused', () => {
    expect(() => withResults(bare, { other: result })).toThrow(
      'docs/performance.md has no place for the results of other',
    );
  });
});
