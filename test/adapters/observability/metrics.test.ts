import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/adapters/observability/metricDefinitions.ts';
import { createMetrics, type MetricSources } from '../../../src/adapters/observability/metrics.ts';
import { type Outline, outlineOf } from '../../../src/core/lifecycle/outline.ts';
import { ClusterError } from '../../../src/engine/ports/cluster.ts';
import { TelemetryError } from '../../../src/engine/ports/telemetry.ts';
import { type Sample, samplesOf, sampleValue, typesOf } from '../../support/exposition.ts';

const experiment = (name: string, status: object = {}, metadata: object = {}) =>
  outlineOf({
    ...{ apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', status },
    metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1', ...metadata },
  });

function setUp(given: Partial<MetricSources> = {}) {
  const metrics = createMetrics({
    ...{ now: () => Date.parse('2026-01-01T00:10:00Z') },
    ...{ version: '1.2.3', concurrency: 8, leads: () => true, experiments: () => [], lastContact: () => undefined },
    queue: { depth: () => 3, busy: () => 2, longestSeconds: () => 1.5 },
    ...given,
  });
  return { metrics, samples: async (): Promise<Sample[]> => samplesOf(await metrics.text()) };
}

it('everything that is defined is there, with the type and the labels of its definition', async () => {
  const { metrics } = setUp({ experiments: () => [experiment('a', { percent: 10 })] });
  metrics.reconciled(0.1);
  metrics.waited(0.1);
  metrics.completed({ verdict: 'Pass' });
  metrics.requested({ verb: 'get', resource: 'pods', namespace: 'shop', name: 'x' }, { code: 200 }, 0.1);
  metrics.askedTelemetry('read', 0.1);
  metrics.queried({ status: 200, bytes: 10 }, 0.1);
  const text = await metrics.text();
  const types = typesOf(text);
  const own = [...types].filter(([name]) => name.startsWith('mirror_experiment_'));
  expect(Object.fromEntries(own)).toEqual(
    Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [name, type])),
  );
  for (const { name, labels } of samplesOf(text)) {
    const base = name.replace(/_(bucket|sum|count)$/, '');
    const definition = Object.entries(METRICS).find(([defined]) => defined === name || defined === base)?.[1];
    if (definition === undefined) continue;
    expect(
      Object.keys(labels)
        .filter((label) => label !== 'le')
        .sort(),
      name,
    ).toEqual(Object.keys(definition.labels).sort());
  }
});

it('names follow the conventions: a prefix, counters end in _total, durations in _seconds', () => {
  for (const [name, { type, help }] of Object.entries(METRICS)) {
    expect(name).toMatch(/^mirror_experiment_[a-z]+(_[a-z]+)*$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help, name).not.toMatch(/\.$/);
  }
});

it('the process, the runtime and the event loop are measured by their usual names', async () => {
  const names = new Set((await setUp().samples()).map(({ name }) => name));
  for (const name of [
    ...['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds'],
    ...['nodejs_eventloop_lag_p99_seconds', 'nodejs_heap_size_used_bytes', 'nodejs_active_resources_total'],
  ]) {
    expect(names).toContain(name);
  }
});

describe('experiments', () => {
  const passed = (reason: string) => ({ conditions: [{ type: 'Passed', status: 'Unknown', reason }] });
  const all = [
    experiment('a', passed('Analysing')),
    experiment('b', { ...passed('Analysing'), percent: 50 }),
    experiment('c', { verdict: 'Fail', percent: 0, completionTime: 't' }),
    experiment('d', {
      verdict: 'Fail',
      conditions: [{ type: 'Mirroring', status: 'Unknown', reason: 'RestoreRefused' }],
    }),
  ];

  it('are counted by stage and verdict; the share is told of those that copy', async () => {
    const samples = await setUp({ experiments: () => all }).samples();
    const name = 'mirror_experiment_experiments';
    expect(sampleValue(samples, name, { stage: 'Analysing', verdict: '' })).toBe(2);
    expect(sampleValue(samples, name, { stage: 'Finished', verdict: 'Fail' })).toBe(1);
    expect(samples.filter((each) => each.name === name)).toHaveLength(3);
    expect(samples.filter((each) => each.name === 'mirror_experiment_mirrored_percent')).toEqual([
      { name: 'mirror_experiment_mirrored_percent', labels: { namespace: 'shop', experiment: 'b' }, value: 50 },
    ]);
    expect(sampleValue(samples, 'mirror_experiment_unrestored_experiments', { reason: 'RestoreRefused' })).toBe(1);
    expect(sampleValue(samples, 'mirror_experiment_unrestored_experiments', { reason: 'RestoreConflict' })).toBe(0);
  });

  it('that are being restored are told of by the longest of them', async () => {
    const restoring = (time: string) =>
      experiment(time, {
        verdict: 'Fail',
        conditions: [{ type: 'Passed', lastTransitionTime: `2026-01-01T00:${time}Z` }],
      });
    const longest = async (experiments: Outline[]) =>
      sampleValue(
        await setUp({ experiments: () => experiments }).samples(),
        'mirror_experiment_longest_restore_seconds',
      );
    expect(await longest(all.slice(0, 3))).toBe(0);
    expect(await longest([restoring('09:00'), restoring('08:30'), ...all.slice(0, 3)])).toBe(90);
    const deleted = experiment('x', { completionTime: 't' }, { deletionTimestamp: '2026-01-01T00:05:00Z' });
    expect(await longest([restoring('09:00'), deleted])).toBe(300);
  });

  it('that are gone leave no series behind', async () => {
    let now = all;
    const { samples } = setUp({ experiments: () => now });
    await samples();
    now = [];
    const names = (await samples()).map(({ name }) => name);
    expect(names).not.toContain('mirror_experiment_experiments');
    expect(names).not.toContain('mirror_experiment_mirrored_percent');
  });

  it('are told of by the replica that acts, so that a sum over replicas is right', async () => {
    const samples = await setUp({ experiments: () => all, leads: () => false }).samples();
    const names = samples.map(({ name }) => name);
    expect(names).not.toContain('mirror_experiment_experiments');
    expect(names).not.toContain('mirror_experiment_mirrored_percent');
    expect(names).not.toContain('mirror_experiment_unrestored_experiments');
    expect(sampleValue(samples, 'mirror_experiment_leader')).toBe(0);
  });

  it('have at most 100 series of their own, always the same, and a count of the others', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => experiment(`x${index}`, { percent: 5 }));
    const series = async (experiments: Outline[]) => {
      const samples = await setUp({ experiments: () => experiments }).samples();
      expect(sampleValue(samples, 'mirror_experiment_mirrored_percent_omitted')).toBe(900);
      return samples.filter(({ name }) => name === 'mirror_experiment_mirrored_percent').map(({ labels }) => labels);
    };
    const found = await series(many);
    expect(found).toHaveLength(100);
    expect(await series([...many].reverse())).toEqual(found);
  });
});

it('verdicts are counted by reason; one that is not known is Other', async () => {
  const { metrics, samples } = setUp();
  const status = (reason: string) => ({
    verdict: 'Fail' as const,
    conditions: [
      {
        type: 'Passed' as const,
        status: 'False' as const,
        reason,
        message: '',
        lastTransitionTime: '',
        observedGeneration: 1,
      },
    ],
  });
  for (const reason of ['Latency', 'Latency', 'Errors', 'Route GET /x']) metrics.completed(status(reason));
  metrics.completed({});
  const name = 'mirror_experiment_verdicts_total';
  expect((await samples()).filter((each) => each.name === name)).toEqual([
    { name, labels: { verdict: 'Fail', reason: 'Latency' }, value: 2 },
    { name, labels: { verdict: 'Fail', reason: 'Errors' }, value: 1 },
    { name, labels: { verdict: 'Fail', reason: 'Other' }, value: 1 },
  ]);
});

it('errors are counted by kind, from 0 on', async () => {
  const { metrics, samples } = setUp();
  const kinds = async (name: string) =>
    Object.fromEntries(
      (await samples()).filter((each) => each.name === name).map(({ labels, value }) => [labels.kind, value]),
    );
  const none = await kinds('mirror_experiment_reconcile_errors_total');
  expect(Object.values(none)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  metrics.reconciled(1, new ClusterError('Conflict', 'changed'));
  metrics.reconciled(1, new TypeError('a defect'));
  metrics.reconciled(1, new ClusterError('Unavailable', 'not leading'), true);
  metrics.reconciled(1);
  expect(await kinds('mirror_experiment_reconcile_errors_total')).toEqual({
    ...none,
    Conflict: 1,
    Internal: 1,
    Canceled: 1,
  });
  metrics.askedTelemetry('read', 1, new TelemetryError('Throttled', 'wait'));
  metrics.askedTelemetry('read', 1, new Error('the operator is stopping'));
  expect(await kinds('mirror_experiment_telemetry_errors_total')).toMatchObject({
    Throttled: 1,
    Canceled: 1,
    Partial: 0,
  });
  const count = { name: 'mirror_experiment_reconcile_duration_seconds_count' };
  expect(sampleValue(await samples(), count.name, { result: 'success' })).toBe(1);
  expect(sampleValue(await samples(), count.name, { result: 'error' })).toBe(3);
});

it('requests are counted by verb, resource and code; a watch has no duration', async () => {
  const { metrics, samples } = setUp();
  const pods = { resource: 'pods', namespace: undefined, name: undefined };
  metrics.requested({ verb: 'list', ...pods }, { code: 200 }, 0.02);
  metrics.requested({ verb: 'list', ...pods }, { code: undefined, error: new Error('reset') }, 15);
  metrics.requested({ verb: 'watch', ...pods }, { code: 200 }, 0.02);
  const found = await samples();
  const name = 'mirror_experiment_kubernetes_requests_total';
  expect(sampleValue(found, name, { verb: 'list', resource: 'pods', code: '200' })).toBe(1);
  expect(sampleValue(found, name, { verb: 'list', resource: 'pods', code: 'none' })).toBe(1);
  expect(sampleValue(found, name, { verb: 'watch', resource: 'pods', code: '200' })).toBe(1);
  const seconds = 'mirror_experiment_kubernetes_request_duration_seconds';
  expect(sampleValue(found, `${seconds}_count`, { verb: 'list' })).toBe(2);
  expect(sampleValue(found, `${seconds}_bucket`, { verb: 'list', le: '0.025' })).toBe(1);
  expect(sampleValue(found, `${seconds}_count`, { verb: 'watch' })).toBeUndefined();
});

it('queries are counted with their bytes, refusals for their rate and those that were held back', async () => {
  const { metrics, samples } = setUp();
  metrics.queried({ status: 200, bytes: 1000 }, 0.3);
  metrics.queried({ status: 429, bytes: 24 }, 0.1);
  metrics.queried({ status: undefined, bytes: 0 }, 0.1);
  metrics.heldBack();
  const found = await samples();
  const count = (code: string) => sampleValue(found, 'mirror_experiment_log_analytics_requests_total', { code });
  expect([count('200'), count('429'), count('none')]).toEqual([1, 1, 1]);
  expect(sampleValue(found, 'mirror_experiment_log_analytics_response_bytes_total')).toBe(1024);
  expect(sampleValue(found, 'mirror_experiment_log_analytics_throttled_total')).toBe(1);
  expect(sampleValue(found, 'mirror_experiment_log_analytics_held_back_total')).toBe(1);
});

it('the queue, the version and the last contact are as their sources say', async () => {
  const found = await setUp({ lastContact: () => 1_700_000_000_500 }).samples();
  expect(sampleValue(found, 'mirror_experiment_queue_depth')).toBe(3);
  expect(sampleValue(found, 'mirror_experiment_workers')).toBe(8);
  expect(sampleValue(found, 'mirror_experiment_workers_busy')).toBe(2);
  expect(sampleValue(found, 'mirror_experiment_longest_running_reconcile_seconds')).toBe(1.5);
  expect(sampleValue(found, 'mirror_experiment_kubernetes_last_contact_timestamp_seconds')).toBe(1_700_000_000.5);
  expect(
    sampleValue(found, 'mirror_experiment_build_info', { version: '1.2.3', node_version: process.versions.node }),
  ).toBe(1);
});
