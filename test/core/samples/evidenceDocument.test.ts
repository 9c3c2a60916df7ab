import { describe, expect, it } from 'vitest';
import { readCells } from '../../../src/core/samples/cells.ts';
import { evidenceDocument } from '../../../src/core/samples/evidenceDocument.ts';
import type { PairSamples, Samples } from '../../../src/core/samples/samples.ts';
import { cell, cells } from './tables.ts';

const ANALYSIS = {
  intervalSeconds: 30,
  warmupSeconds: 120,
  falseAlarmPercent: 5,
  minRequests: 50,
  latency: [
    { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20, failOnly: false },
    { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50, failOnly: true },
  ],
  errors: { maxIncreaseBasisPoints: 100 },
  coverage: { maxLossPercent: 5 },
  routes: { include: [] as string[], exclude: ['GET /healthz'] },
};
const CIRCUMSTANCES = { mirrorPercent: 100, elapsedSeconds: 60, deadline: false };
const PAIRS = { count: 1, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 };

function samples(names: readonly string[], pairs: PairSamples | null = null): Samples {
  const rows = names.flatMap((Route, First) => [cell({ Route, First }), cell({ Route, First, Live: false })]);
  return { routes: readCells(cells(...rows)).map((route) => ({ ...route, blocks: [], pairs })), queries: ['Q'] };
}

function declare(...include: string[]): typeof ANALYSIS {
  return { ...ANALYSIS, routes: { include, exclude: [] } };
}

describe('evidenceDocument', () => {
  it('holds what the verdict reads and nothing else', () => {
    const arm = {
      items: 1,
      errorItems: 0,
      requests: 1,
      errors: 0,
      sumSquaredWeights: 1,
      successSumSquaredWeights: 1,
      histogram: { '117': 1 },
    };
    expect(evidenceDocument(samples(['GET a']), ANALYSIS, CIRCUMSTANCES)).toEqual({
      apiVersion: 'mirroring.dev/evidence/v1',
      analysis: {
        falseAlarmPercent: 5,
        minRequests: 50,
        latency: [
          { percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 },
          { percentile: 99, maxIncreasePercent: 25, maxIncreaseMilliseconds: 50, failOnly: true },
        ],
        errors: { maxIncreaseBasisPoints: 100 },
        coverage: { maxLossPercent: 5 },
      },
      mirrorPercent: 100,
      elapsedSeconds: 60,
      deadline: false,
      routes: [{ name: 'GET a', live: arm, mirror: arm, blocks: [], pairs: null }],
    });
  });

  it('keeps the order of the routes', () => {
    const { routes } = evidenceDocument(samples(['z', 'a', '(other)']), ANALYSIS, CIRCUMSTANCES);
    expect(routes.map(({ name }) => name)).toEqual(['z', 'a', '(other)']);
  });

  it('adds declared routes that live has not served, before (other), without telemetry', () => {
    const { analysis, routes } = evidenceDocument(
      samples(['seen', '(other)'], PAIRS),
      declare('unseen', 'seen'),
      CIRCUMSTANCES,
    );
    expect(analysis.routes).toEqual({ include: ['unseen', 'seen'] });
    expect(routes.map(({ name, live, pairs }) => [name, live.items, pairs?.count])).toEqual([
      ['seen', 1, 1],
      ['unseen', 0, 0],
      ['(other)', 1, 1],
    ]);
  });

  it('has null pairs for a declared route where none are known', () => {
    const { routes } = evidenceDocument(samples(['seen']), declare('unseen'), CIRCUMSTANCES);
    expect(routes.map(({ pairs }) => pairs)).toEqual([null, null]);
  });

  it('survives JSON unchanged', () => {
    const document = evidenceDocument(samples(['__proto__', 'constructor', '"']), ANALYSIS, CIRCUMSTANCES);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
