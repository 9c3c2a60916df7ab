import { STAGES, UNRESTORED_REASONS } from '../../core/status/stage.ts';

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Whole sentences for # HELP and for the table in docs/operations.md, without a full stop at the end. */
  readonly help: string;
  /** Label -> the values that it has. All are bounded, and none is a name that users choose, except where it says so. */
  readonly labels: Readonly<Record<string, string>>;
  /** Upper bounds of a histogram's buckets, in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** At most so many experiments have a series of their own. */
export const MAX_EXPERIMENT_SERIES = 100;

const ERROR_KINDS =
  'of the API server: Conflict, NotFound, Forbidden, Invalid, Unavailable; Canceled: the operator stopped or lost the Lease; Internal: anything else, which is a defect';
/** A reconcile takes milliseconds without telemetry, and up to minutes with it. */
const RECONCILE_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** A query may take 60 s, a look at telemetry 120 s by default. */
const QUERY_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/**
 * Every metric of the operator beside those of the process (process_*) and of the runtime (nodejs_*). Names, labels and
 * units are API: dashboards and alerts rest on them, and they do not change silently.
 */
export const METRICS = {
  mirror_experiment_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs',
    labels: { version: 'of the operator', node_version: 'of Node.js' },
  },
  mirror_experiment_leader: {
    type: 'gauge',
    help: '1 when this replica acts, 0 when it stands by',
    labels: {},
  },
  mirror_experiment_experiments: {
    type: 'gauge',
    help: 'Experiments by where they are in their life. Only the replica that acts reports them, so that a sum is right',
    labels: {
      stage: Object.entries(STAGES)
        .map(([stage, meaning]) => `${stage}: ${meaning}`)
        .join('; '),
      verdict: 'Pass, Fail, Inconclusive; empty while the experiment runs',
    },
  },
  mirror_experiment_unrestored_experiments: {
    type: 'gauge',
    help: 'Experiments of which it is not certain that no request is copied any more',
    labels: { reason: `of the condition Mirroring: ${UNRESTORED_REASONS.join(', ')}` },
  },
  mirror_experiment_longest_restore_seconds: {
    type: 'gauge',
    help: 'Time since the verdict, or the deletion, of the experiment that is being restored for longest; 0 when none is',
    labels: {},
  },
  mirror_experiment_mirrored_percent: {
    type: 'gauge',
    help: `Share of the live requests that is copied now, of the experiments that copy any; the first ${MAX_EXPERIMENT_SERIES} by namespace and name`,
    labels: { namespace: 'of the experiment', experiment: 'its name' },
  },
  mirror_experiment_mirrored_percent_omitted: {
    type: 'gauge',
    help: `Experiments that copy requests and have no series of mirror_experiment_mirrored_percent, because there are more than ${MAX_EXPERIMENT_SERIES}`,
    labels: {},
  },
  mirror_experiment_verdicts_total: {
    type: 'counter',
    help: 'Experiments that have come to their end, everything restored, since this replica started',
    labels: {
      verdict: 'Pass, Fail, Inconclusive',
      reason: 'of the condition Passed, such as WithinTolerance, Latency, Errors, NotEnoughEvidence; else Other',
    },
  },
  mirror_experiment_reconcile_duration_seconds: {
    type: 'histogram',
    help: 'How long a worker was busy with an experiment, questions to telemetry included',
    labels: { result: 'success; error: it is tried again' },
    buckets: RECONCILE_BUCKETS,
  },
  mirror_experiment_reconcile_errors_total: {
    type: 'counter',
    help: 'Reconciles that failed and are tried again',
    labels: { kind: ERROR_KINDS },
  },
  mirror_experiment_queue_depth: {
    type: 'gauge',
    help: 'Experiments that wait for a worker now; those that wait for their next look are not counted',
    labels: {},
  },
  mirror_experiment_queue_wait_seconds: {
    type: 'histogram',
    help: 'How long an experiment waited for a worker',
    labels: {},
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  },
  mirror_experiment_look_lateness_seconds: {
    type: 'histogram',
    help: 'How long after it was due an experiment’s telemetry had been read; the first look of a run is left out',
    labels: {},
    buckets: [0.25, 0.5, 1, 1.5, 2.5, 5, 10, 30, 60, 300],
  },
  mirror_experiment_workers: {
    type: 'gauge',
    help: 'Experiments that can be worked on at the same time (CONCURRENCY)',
    labels: {},
  },
  mirror_experiment_workers_busy: {
    type: 'gauge',
    help: 'Experiments that are worked on now',
    labels: {},
  },
  mirror_experiment_longest_running_reconcile_seconds: {
    type: 'gauge',
    help: 'For how long the reconcile that runs longest has run; 0 when none runs',
    labels: {},
  },
  mirror_experiment_kubernetes_requests_total: {
    type: 'counter',
    help: 'Requests to the API server',
    labels: {
      verb: 'get, list, watch, create, update, patch, delete',
      resource: 'such as configmaps or mirrorexperiments/status; else other',
      code: 'of HTTP; none: no answer came',
    },
  },
  mirror_experiment_kubernetes_request_duration_seconds: {
    type: 'histogram',
    help: 'How long a request to the API server took; watches are left out',
    labels: { verb: 'get, list, create, update, patch, delete' },
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15],
  },
  mirror_experiment_kubernetes_last_contact_timestamp_seconds: {
    type: 'gauge',
    help: 'When the API server last answered a list or watch of the experiments, in seconds since 1970; 0: never. At most 30 s ago while all is well',
    labels: {},
  },
  mirror_experiment_telemetry_duration_seconds: {
    type: 'histogram',
    help: 'How long a question to telemetry took, with all its queries and the wait for its turn',
    labels: {
      operation:
        'probe: may the source be read; first_copy: the first copied request; read: the requests of a window; trace: how the verdict came about',
    },
    buckets: QUERY_BUCKETS,
  },
  mirror_experiment_telemetry_errors_total: {
    type: 'counter',
    help: 'Questions to telemetry that got no answer that could be used',
    labels: {
      kind: 'Configuration, Unauthorized, Throttled, Partial, Malformed, Unavailable; Canceled: the operator stopped or lost the Lease',
    },
  },
  mirror_experiment_log_analytics_requests_total: {
    type: 'counter',
    help: 'Queries sent to Log Analytics',
    labels: { code: 'of HTTP; none: no answer came, or there was no token' },
  },
  mirror_experiment_log_analytics_request_duration_seconds: {
    type: 'histogram',
    help: 'How long a query took, a new token included where one was needed',
    labels: {},
    buckets: QUERY_BUCKETS,
  },
  mirror_experiment_log_analytics_response_bytes_total: {
    type: 'counter',
    help: 'Bytes of the answers, uncompressed',
    labels: {},
  },
  mirror_experiment_log_analytics_throttled_total: {
    type: 'counter',
    help: 'Queries that Log Analytics refused because there were too many (429)',
    labels: {},
  },
  mirror_experiment_log_analytics_held_back_total: {
    type: 'counter',
    help: 'Queries that were not sent because Log Analytics had asked to wait',
    labels: {},
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
