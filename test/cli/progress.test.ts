import { describe, expect, test } from 'vitest';
import { readExperiment, type SeenExperiment } from '../../src/cli/experimentResult.ts';
import { createProgress, duration, progressBlock, progressLines } from '../../src/cli/output/progress.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { experimentObject } from '../support/lab.ts';

const START = Date.parse('2026-01-01T12:00:00Z');

function condition(type: string, status: string, reason: string, message: string, observedGeneration = 2) {
  return { type, status, reason, message, lastTransitionTime: '2026-01-01T12:00:00Z', observedGeneration };
}

function seen(status: object): SeenExperiment {
  const object = experimentObject('bookservice-v3', 'V3');
  return readExperiment({ ...object, metadata: { ...object.metadata, generation: 2, resourceVersion: '1' }, status });
}

const analysing = seen({
  startTime: '2026-01-01T12:00:00Z',
  summary: 'p95 of GET Reviews/Get needs about 900 requests',
  requests: { live: 1234, mirror: 1230, coveragePercent: 99.7, sampled: false },
  latency: [
    {
      ...{ percentile: 50, liveMilliseconds: 15, mirrorMilliseconds: 14.9 },
      ...{ deltaMilliseconds: -0.1, delta: '−0.1 ms', deltaInterval: { upper: 0.5 } },
    },
  ],
  errors: { livePercent: 0, mirrorPercent: 0, deltaPercentagePoints: 0, delta: '±0 pp' },
  progress: [
    { gate: 'p50', verdict: 'Running', towardsFailPercent: 0, towardsPassPercent: 64 },
    { gate: 'errors', verdict: 'Running', towardsFailPercent: 5, towardsPassPercent: 100 },
    { gate: 'coverage', verdict: 'Pass', towardsFailPercent: 0 },
  ],
  conditions: [
    condition('Accepted', 'True', 'Accepted', 'the targets exist'),
    condition('CandidateReady', 'Unknown', 'NotStarted', ''),
    condition('Passed', 'Unknown', 'Analysing', 'x'),
  ],
});

function memoryTerminal(interactive: boolean): Terminal & { text: string } {
  const terminal = {
    text: '',
    out: async () => {},
    err: (text: string) => {
      terminal.text += text;
    },
    interactive,
    columns: () => 200,
  };
  return terminal;
}

test('the block shows stage, time left, requests and each gate’s evidence towards both ends', () => {
  expect(progressBlock(analysing, START + 600_000, 120).join('\n')).toBe(
    `bookstore/bookservice-v3   Analysing   50m00s until the deadline
requests: live 1,234, candidate 1,230 (99.7 % of the copies seen)
           live    candidate   delta              tolerated   towards fail     towards pass
p50        15 ms   15 ms       −0.1 ms [?, 0.5]   +20 ms      ░░░░░░░░░░ 0 %   ██████░░░░ 64 %
errors     0 %     0 %         ±0 pp              +1 pp       ░░░░░░░░░░ 5 %   ██████████ 100 %
coverage   1,234   1,230       0.32 % lost        5 % lost    ░░░░░░░░░░ 0 %   -
p95 of GET Reviews/Get needs about 900 requests`,
  );
});

test('no line of the block is wider than the terminal, or it could not be drawn over', () => {
  for (const columns of [30, 60]) {
    for (const line of progressBlock(analysing, START, columns)) expect([...line].length).toBeLessThan(columns);
  }
});

test('a fact a line, none that is of an earlier spec', () => {
  expect(progressLines(analysing)).toEqual([
    'Accepted True (Accepted): the targets exist',
    'measured: live 1,234, candidate 1,230 requests; p50 −0.1 ms, errors ±0 pp',
    'Analysing: p95 of GET Reviews/Get needs about 900 requests',
  ]);
  const stale = seen({
    verdict: 'Pass',
    summary: 'Pass: x',
    conditions: [condition('Passed', 'True', 'Latency', 'x', 1)],
  });
  expect(progressLines(stale)).toEqual(['Waiting: no operator has taken it up yet']);
});

describe('what is written', () => {
  test('to a log: one line per change, each with its time', () => {
    const terminal = memoryTerminal(false);
    const progress = createProgress(terminal, () => START);
    progress.show(analysing);
    progress.show(analysing);
    progress.show({ ...analysing, status: { ...analysing.status, summary: 'next\n::set-output::x' } });
    expect(terminal.text.split('\n')).toEqual([
      '2026-01-01T12:00:00Z Accepted True (Accepted): the targets exist',
      '2026-01-01T12:00:00Z measured: live 1,234, candidate 1,230 requests; p50 −0.1 ms, errors ±0 pp',
      '2026-01-01T12:00:00Z Analysing: p95 of GET Reviews/Get needs about 900 requests',
      '2026-01-01T12:00:00Z Analysing: next ::set-output::x',
      '',
    ]);
  });

  test('to a terminal: the block is drawn over the one before, and not when nothing has changed', () => {
    const terminal = memoryTerminal(true);
    const progress = createProgress(terminal, () => START);
    progress.show(analysing);
    const first = terminal.text;
    progress.show(analysing);
    expect(terminal.text).toBe(first);
    progress.show({ ...analysing, status: { ...analysing.status, summary: 'next' } });
    const over = terminal.text.slice(first.length);
    expect(over.startsWith('\u001b[7A\u001b[Jbookstore/bookservice-v3')).toBe(true);
  });
});

test('durations', () => {
  expect([0, 59_400, 60_000, 3_723_000].map(duration)).toEqual(['0s', '59s', '1m00s', '1h02m03s']);
});
