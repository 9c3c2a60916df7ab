import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { getCondition } from '../../api/conditions.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { Outline } from '../../core/lifecycle/outline.ts';
import { reasonLabel, UNRESTORED_REASONS } from '../../core/status/stage.ts';
import { ClusterError, type ClusterErrorKind } from '../../engine/ports/cluster.ts';
import { TelemetryError, type TelemetryErrorKind } from '../../engine/ports/telemetry.ts';
import type { ApiOutcome } from '../kubernetes/apiClient.ts';
import type { RequestLabels } from '../kubernetes/requestLabels.ts';
import type { QueryOutcome } from '../telemetry/logAnalytics/queryClient.ts';
import { MAX_EXPERIMENT_SERIES, METRICS, type MetricDefinition, type MetricName } from './metricDefinitions.ts';
import type { QueueWatch } from './queueWatch.ts';

/** Where the values come from that are read when somebody asks for them. */
export interface MetricSources {
  /** Of the operator. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly concurrency: number;
  readonly leads: () => boolean;
  readonly experiments: () => readonly Pick<Outline, 'namespace' | 'name' | 'standing'>[];
  /** When the API server was last heard of (ms since the epoch); undefined: never. */
  readonly lastContact: () => number | undefined;
  readonly queue: Pick<QueueWatch, 'depth' | 'busy' | 'longestSeconds'>;
}

export type TelemetryOperation = 'probe' | 'first_copy' | 'read' | 'trace';

/** The metrics of one operator. Times are in seconds. */
export interface Metrics {
  /** @param isCanceled it was given up, because the operator stops or does not lead any more */
  reconciled(seconds: number, error?: unknown, isCanceled?: boolean): void;
  waited(seconds: number): void;
  /** Telemetry was read for a look that was due so long ago. */
  looked(secondsLate: number): void;
  completed(status: MirrorExperimentStatus): void;
  requested(labels: RequestLabels, outcome: ApiOutcome, seconds: number): void;
  askedTelemetry(operation: TelemetryOperation, seconds: number, error?: unknown): void;
  queried(outcome: QueryOutcome, seconds: number): void;
  heldBack(): void;
  /** Everything, in the text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  // Names as every Node.js program has them. The intervals are longer than the defaults, which wake an idle process 110
  // times a second.
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: 20,
    eventLoopUtilizationTimeout: 1000,
  });
  registerGauges(registry, sources);

  const reconcileDuration = histogram(registry, 'mirror_experiment_reconcile_duration_seconds');
  const reconcileErrors = counter(registry, 'mirror_experiment_reconcile_errors_total');
  const queueWait = histogram(registry, 'mirror_experiment_queue_wait_seconds');
  const lateness = histogram(registry, 'mirror_experiment_look_lateness_seconds');
  const verdicts = counter(registry, 'mirror_experiment_verdicts_total');
  const requests = counter(registry, 'mirror_experiment_kubernetes_requests_total');
  const requestDuration = histogram(registry, 'mirror_experiment_kubernetes_request_duration_seconds');
  const telemetryDuration = histogram(registry, 'mirror_experiment_telemetry_duration_seconds');
  const telemetryErrors = counter(registry, 'mirror_experiment_telemetry_errors_total');
  const queries = counter(registry, 'mirror_experiment_log_analytics_requests_total');
  const queryDuration = histogram(registry, 'mirror_experiment_log_analytics_request_duration_seconds');
  const bytes = counter(registry, 'mirror_experiment_log_analytics_response_bytes_total');
  const throttled = counter(registry, 'mirror_experiment_log_analytics_throttled_total');
  const heldBack = counter(registry, 'mirror_experiment_log_analytics_held_back_total');
  // What is not there before its first error cannot be seen to rise.
  for (const kind of RECONCILE_ERRORS) reconcileErrors.inc({ kind }, 0);
  for (const kind of TELEMETRY_ERRORS) telemetryErrors.inc({ kind }, 0);

  return {
    reconciled: (seconds, error, isCanceled = false) => {
      reconcileDuration.observe({ result: error === undefined ? 'success' : 'error' }, seconds);
      if (error === undefined) return;
      const kind = error instanceof ClusterError ? error.kind : 'Internal';
      reconcileErrors.inc({ kind: isCanceled ? 'Canceled' : kind });
    },
    waited: (seconds) => queueWait.observe(seconds),
    looked: (secondsLate) => lateness.observe(secondsLate),
    completed: (status) => {
      const reason = reasonLabel(getCondition(status.conditions, 'Passed')?.reason);
      if (status.verdict !== undefined) verdicts.inc({ verdict: status.verdict, reason });
    },
    requested: ({ verb, resource }, { code }, seconds) => {
      requests.inc({ verb, resource, code: code ?? 'none' });
      if (verb !== 'watch') requestDuration.observe({ verb }, seconds);
    },
    askedTelemetry: (operation, seconds, error) => {
      telemetryDuration.observe({ operation }, seconds);
      if (error !== undefined) telemetryErrors.inc({ kind: error instanceof TelemetryError ? error.kind : 'Canceled' });
    },
    queried: (outcome, seconds) => {
      queries.inc({ code: outcome.status ?? 'none' });
      queryDuration.observe(seconds);
      bytes.inc(outcome.bytes);
      if (outcome.status === 429) throttled.inc();
    },
    heldBack: () => heldBack.inc(),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function registerGauges(registry: Registry, sources: MetricSources): void {
  const { queue } = sources;
  const standings = () => (sources.leads() ? sources.experiments().map(({ standing }) => standing) : []);
  const mirrored = () => (sources.leads() ? mirroredOf(sources.experiments()) : []);

  gauge(registry, 'mirror_experiment_build_info', (metric) =>
    metric.set({ version: sources.version, node_version: process.versions.node }, 1),
  );
  gauge(registry, 'mirror_experiment_leader', (metric) => metric.set(sources.leads() ? 1 : 0));
  gauge(registry, 'mirror_experiment_experiments', (metric) => {
    for (const { stage, verdict = '' } of standings()) metric.inc({ stage, verdict });
  });
  gauge(registry, 'mirror_experiment_unrestored_experiments', (metric) => {
    const found = standings().map(({ unrestored }) => unrestored);
    if (!sources.leads()) return;
    for (const reason of UNRESTORED_REASONS) metric.set({ reason }, found.filter((each) => each === reason).length);
  });
  gauge(registry, 'mirror_experiment_longest_restore_seconds', (metric) => {
    if (!sources.leads()) return;
    const since = standings().flatMap(({ restoringSince = [] }) => restoringSince);
    metric.set(since.length === 0 ? 0 : Math.max(0, sources.now() - Math.min(...since)) / 1000);
  });
  gauge(registry, 'mirror_experiment_mirrored_percent', (metric) => {
    for (const { namespace, name, standing } of mirrored().slice(0, MAX_EXPERIMENT_SERIES)) {
      metric.set({ namespace, experiment: name }, standing.mirroredPercent);
    }
  });
  gauge(registry, 'mirror_experiment_mirrored_percent_omitted', (metric) =>
    metric.set(Math.max(0, mirrored().length - MAX_EXPERIMENT_SERIES)),
  );
  gauge(registry, 'mirror_experiment_queue_depth', (metric) => metric.set(queue.depth()));
  gauge(registry, 'mirror_experiment_workers', (metric) => metric.set(sources.concurrency));
  gauge(registry, 'mirror_experiment_workers_busy', (metric) => metric.set(queue.busy()));
  gauge(registry, 'mirror_experiment_longest_running_reconcile_seconds', (metric) =>
    metric.set(queue.longestSeconds()),
  );
  gauge(registry, 'mirror_experiment_kubernetes_last_contact_timestamp_seconds', (metric) =>
    metric.set((sources.lastContact() ?? 0) / 1000),
  );
}

/** Those that copy requests, in an order that does not change from one scrape to the next. */
function mirroredOf(experiments: ReturnType<MetricSources['experiments']>): ReturnType<MetricSources['experiments']> {
  const key = ({ namespace, name }: { namespace: string; name: string }): string => `${namespace}/${name}`;
  return experiments.filter(({ standing }) => standing.mirroredPercent > 0).sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** A gauge whose series are made anew whenever somebody asks: those of what is gone go with it. */
function gauge(registry: Registry, name: MetricName, collect: (metric: Gauge<string>) => void): void {
  const metric = new Gauge<string>({
    ...configurationOf(registry, name),
    collect: () => {
      metric.reset();
      collect(metric);
    },
  });
}

function counter(registry: Registry, name: MetricName): Counter<string> {
  return new Counter<string>(configurationOf(registry, name));
}

function histogram(registry: Registry, name: MetricName): Histogram<string> {
  const { buckets = [] }: MetricDefinition = METRICS[name];
  return new Histogram<string>({ ...configurationOf(registry, name), buckets: [...buckets] });
}

function configurationOf(registry: Registry, name: MetricName) {
  const { help, labels }: MetricDefinition = METRICS[name];
  return { name, help, labelNames: Object.keys(labels), registers: [registry] };
}

const CLUSTER_ERRORS: readonly ClusterErrorKind[] = ['Conflict', 'NotFound', 'Forbidden', 'Invalid', 'Unavailable'];
const RECONCILE_ERRORS = [...CLUSTER_ERRORS, 'Canceled', 'Internal'];
const TELEMETRY_ERRORS: readonly (TelemetryErrorKind | 'Canceled')[] = [
  ...(['Configuration', 'Unauthorized', 'Throttled', 'Partial', 'Malformed', 'Unavailable', 'Canceled'] as const),
];
