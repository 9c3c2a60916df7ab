import { describe, expect, it } from 'vitest';
import type { MirrorExperimentStatus } from '../../../src/api/types.generated.ts';
import { figuresTime, tellsNews, tellsNewsOfRun } from '../../../src/core/status/tellsNews.ts';

const condition = {
  type: 'Passed',
  status: 'Unknown',
  reason: 'Analysing',
  message: 'a Pass waits for 90 more seconds',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  observedGeneration: 1,
} as const;

const status: MirrorExperimentStatus = {
  observedGeneration: 1,
  summary: 'within tolerance so far',
  lastAnalysisTime: '2026-01-01T00:10:00Z',
  targets: [{ kind: 'ConfigMap', name: 'sidecar', patched: true }],
  requests: { live: 100, mirror: 99 },
  latency: [{ percentile: 50, liveMilliseconds: 10 }],
  progress: [{ gate: 'p50', verdict: 'Running', towardsFailPercent: 10 }],
  routes: [
    { name: 'GET A', verdict: 'Running' },
    { name: 'GET B', verdict: 'Pass' },
  ],
  live: { lookTime: '2026-01-01T00:09:30Z' },
  conditions: [condition],
};

describe('tellsNews', () => {
  it.each<[string, Partial<MirrorExperimentStatus>]>([
    ['nothing', {}],
    ['the time of the look', { lastAnalysisTime: '2026-01-01T00:10:30Z', live: { lookTime: '2026-01-01T00:10:30Z' } }],
    ['the summary', { summary: 'p50 is 3 ms slower' }],
    ['requests', { requests: { live: 200, mirror: 199, coveragePercent: 99 } }],
    ['latency', { latency: [{ percentile: 50, liveMilliseconds: 11, delta: '+1 ms' }] }],
    ['evidence of a gate', { progress: [{ gate: 'p50', verdict: 'Running', towardsFailPercent: 12 }] }],
    ['a message', { conditions: [{ ...condition, message: 'a Pass waits for 60 more seconds' }] }],
    ['which undecided route is worst', { routes: [...(status.routes ?? [])].reverse() }],
    [
      'that another undecided route is shown',
      { routes: [...(status.routes ?? []), { name: 'GET C', verdict: 'Running' }] },
    ],
  ])('not of %s', (_, change) => {
    expect(tellsNews(status, { ...status, ...change })).toBe(false);
  });

  it.each<[string, Partial<MirrorExperimentStatus>]>([
    ['a verdict', { verdict: 'Pass' }],
    ['a reason', { conditions: [{ ...condition, reason: 'WarmingUp' }] }],
    ['a condition', { conditions: [{ ...condition, status: 'False' }] }],
    ['a generation', { conditions: [{ ...condition, observedGeneration: 2 }] }],
    ['a gate', { progress: [{ gate: 'p50', verdict: 'Pass', towardsFailPercent: 0 }] }],
    [
      'a route',
      {
        routes: [
          { name: 'GET A', verdict: 'Fail' },
          { name: 'GET B', verdict: 'Pass' },
        ],
      },
    ],
    ['a target', { targets: [{ kind: 'ConfigMap', name: 'sidecar', patched: false }] }],
    ['the switch', { switchOnTime: '2026-01-01T00:00:00Z' }],
    ['the first copy', { mirroringSince: '2026-01-01T00:00:00Z' }],
    ['the share', { percent: 50 }],
    ['the candidate’s image', { candidateImage: 'candidate:v2' }],
    ['restarts', { candidateRestarts: [{ pod: 'p', container: 'c', restarts: 1 }] }],
  ])('of %s', (_, change) => {
    expect(tellsNews(status, { ...status, ...change })).toBe(true);
  });

  it('of the first analysis and the first look at live, but not of the order of fields', () => {
    const { lastAnalysisTime: _a, ...unanalysed } = status;
    const { live: _l, ...unguarded } = status;
    expect(tellsNews(unanalysed, status)).toBe(true);
    expect(tellsNews(unguarded, status)).toBe(true);
    expect(tellsNews(status, Object.fromEntries(Object.entries(status).reverse()))).toBe(false);
  });
});

describe('figuresTime', () => {
  it('is the last of the looks', () => {
    expect(figuresTime(status)).toBe(Date.parse('2026-01-01T00:10:00Z'));
    expect(figuresTime({ live: { lookTime: '2026-01-01T00:09:30Z' } })).toBe(Date.parse('2026-01-01T00:09:30Z'));
    expect(figuresTime({})).toBeUndefined();
  });
});

describe('tellsNewsOfRun', () => {
  it.each<[string, Partial<MirrorExperimentStatus>, boolean]>([
    ['a gate', { progress: [{ gate: 'p50', verdict: 'Pass', towardsFailPercent: 0 }] }, false],
    ['a route', { routes: [{ name: 'GET A', verdict: 'Fail' }] }, false],
    ['the first gates', { progress: [] }, false],
    ['a verdict', { verdict: 'Pass' }, true],
    ['a condition', { conditions: [{ ...condition, status: 'False' }] }, true],
    ['a target', { targets: [] }, true],
  ])('of %s', (_, change, expected) => {
    expect(tellsNews(status, { ...status, ...change })).toBe(true);
    expect(tellsNewsOfRun(status, { ...status, ...change })).toBe(expected);
  });
});
