import { describe, expect, it } from 'vitest';
import { blockSeconds, blocksQuery } from '../../../src/core/query/blocksQuery.ts';
import { cellsQuery } from '../../../src/core/query/cellsQuery.ts';
import { firstCopyQuery } from '../../../src/core/query/firstCopyQuery.ts';
import { pairsQuery } from '../../../src/core/query/pairsQuery.ts';
import { probeQuery } from '../../../src/core/query/probeQuery.ts';
import type { TelemetryQuestion } from '../../../src/core/query/question.ts';
import { askedWindow } from '../../../src/core/query/requests.ts';
import type { QueriedRoute } from '../../../src/core/query/routes.ts';
import { diagnose, resultColumns } from '../../support/kustoParser.ts';
import { HOSTILE_TEXTS, question } from './questions.ts';

const WINDOW = { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1, 1) };
const ROUTES: QueriedRoute[] = [
  { name: 'GET "quoted"', thresholds: [132, 140, undefined] },
  { name: '(other)', thresholds: [-349, 0, 12] },
];

const FILTERS: Partial<TelemetryQuestion>[] = [['*'], ['GET'], ['GET', 'POST', 'BREW']].flatMap((methods) =>
  [[], ['GET a', '"']].flatMap((include) => [[], ['GET b', '\\']].map((exclude) => ({ methods, include, exclude }))),
);

function allQueries(asked: TelemetryQuestion, routes = ROUTES): Record<string, string> {
  return {
    probe: probeQuery(asked),
    firstCopy: firstCopyQuery(asked, WINDOW.start),
    cells: cellsQuery(asked, WINDOW),
    blocks: blocksQuery(asked, WINDOW, routes),
    pairs: pairsQuery(asked, WINDOW, routes),
  };
}

describe.each(['AppRequests', 'requests'] as const)('queries on %s', (table) => {
  it.each(FILTERS)("are without a diagnostic from Microsoft's parser, with %j", (filters) => {
    for (const [name, kql] of Object.entries(allQueries(question({ table, ...filters })))) {
      expect(diagnose(kql), name).toEqual([]);
    }
  });

  it('are without a diagnostic where live is compared with itself, and read no row of the mirror', () => {
    for (const from of [WINDOW.start + 600_000, WINDOW.start + 1_234_567]) {
      const asked = question({ table, compare: { switchOn: WINDOW.start + 600_000, from } });
      for (const kql of [cellsQuery(asked, WINDOW), blocksQuery(asked, WINDOW, ROUTES)]) {
        expect(diagnose(kql)).toEqual([]);
        expect(kql).not.toContain(asked.mirrorVersion);
        expect(kql).toContain('Live = ');
      }
      const columns = resultColumns(blocksQuery(asked, WINDOW, ROUTES));
      expect(columns).toEqual(resultColumns(blocksQuery(question({ table }), WINDOW, ROUTES)));
    }
  });

  it('are without a diagnostic where there is no (other), no gate or no route', () => {
    for (const routes of [ROUTES.slice(0, 1), []]) {
      for (const kql of Object.values(allQueries(question({ table }), routes))) expect(diagnose(kql)).toEqual([]);
      for (const kql of Object.values(allQueries(question({ table, latency: [] }), routes))) {
        expect(diagnose(kql)).toEqual([]);
      }
    }
  });

  it.each(HOSTILE_TEXTS)('take %j as every name and stay one query each', (text) => {
    const asked = question({
      table,
      versionProperty: text,
      liveVersion: text,
      mirrorVersion: `${text}2`,
      include: [text],
      exclude: [text],
      methods: [text],
    });
    const routes = [{ name: `${text}.`, thresholds: [1, 2, 3] }];
    const plain = allQueries(question({ table, include: ['x'], exclude: ['x'], methods: ['x'] }), [
      { name: 'x', thresholds: [1, 2, 3] },
    ]);
    for (const [name, kql] of Object.entries(allQueries(asked, routes))) {
      expect(diagnose(kql), name).toEqual([]);
      expect(kql.split('\n').length, name).toBe(plain[name]?.split('\n').length);
    }
  });

  it('return the columns that are read, with these types', () => {
    const queries = allQueries(question({ table }));
    expect(resultColumns(queries.firstCopy ?? '')).toEqual({ First: 'datetime' });
    expect(resultColumns(queries.cells ?? '')).toEqual({
      Route: 'string',
      Live: 'bool',
      Code: 'string',
      Ok: 'bool',
      First: 'real',
      Items: 'long',
      Requests: 'long',
      SquaredWeights: 'long',
      SumMs: 'real',
      SumMs2: 'real',
      Buckets: 'dynamic',
    });
    const blocks = resultColumns(queries.blocks ?? '');
    expect(Object.keys(blocks)).toEqual(
      'Route Block LiveItems LiveFailed MirrorItems MirrorFailed L0 M0 L1 M1 L2 M2'.split(' '),
    );
    expect(new Set(Object.values(blocks))).toEqual(new Set(['long']));
    const pairs = resultColumns(queries.pairs ?? '');
    expect(Object.keys(pairs)).toEqual('Route Pairs OnlyMirrorFailed OnlyLiveFailed Slower'.split(' '));
    expect(new Set(Object.values(pairs))).toEqual(new Set(['long']));
  });
});

describe('the tolerance of slower pairs', () => {
  it('is that of p50', () => {
    const latency = [
      { percentile: 95, maxIncreasePercent: 99, maxIncreaseMilliseconds: 98 },
      { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
    ];
    expect(pairsQuery(question({ latency }), WINDOW, ROUTES)).toContain('max_of(0.1 * LiveMs, 20.0)');
  });

  it('is that of the first gate where there is no p50', () => {
    const latency = [{ percentile: 95, maxIncreasePercent: 100, maxIncreaseMilliseconds: 7 }];
    expect(pairsQuery(question({ latency }), WINDOW, ROUTES)).toContain('max_of(1.0 * LiveMs, 7.0)');
  });
});

describe('windows', () => {
  it.each([0, -1, Number.NaN])('must end after they start: refuses a length of %d ms', (length) => {
    expect(() => cellsQuery(question(), { start: WINDOW.start, end: WINDOW.start + length })).toThrow(RangeError);
  });

  it.each([
    [30, 3600, 30],
    [5, 3600, 5],
    [5, 3601, 10],
    [30, 1_209_600, 1920],
    [3600, 60, 3600],
  ])('with an interval of %d s and a length of %d s have blocks of %d s', (interval, length, expected) => {
    const seconds = blockSeconds(interval, { start: 0, end: length * 1000 });
    expect(seconds).toBe(expected);
    expect(length / seconds).toBeLessThanOrEqual(720);
  });

  it('have blocks of the length that suits what is asked about, not what is left out of it', () => {
    const compare = { switchOn: 600_000, from: 1_209_000_000 };
    const window = { start: 0, end: 1_209_600_000 };
    expect(askedWindow({ compare }, window)).toEqual({ start: 0, end: 1_200_000 });
    expect(blocksQuery(question({ compare }), window, ROUTES)).toContain(' / 30s');
    expect(blocksQuery(question(), window, ROUTES)).toContain(' / 1920s');
  });
});
