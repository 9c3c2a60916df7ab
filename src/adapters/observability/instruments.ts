import type { MonotonicClock } from '../../engine/ports/clock.ts';
import type { Telemetry } from '../../engine/ports/telemetry.ts';
import type { QueueOptions } from '../../engine/queue.ts';
import type { ApiOutcome, ApiRequest } from '../kubernetes/apiClient.ts';
import { requestLabels } from '../kubernetes/requestLabels.ts';
import type { QueryOutcome } from '../telemetry/logAnalytics/queryClient.ts';
import type { Metrics, TelemetryOperation } from './metrics.ts';
import { type ExperimentFields, inScope } from './scope.ts';
import type { Tracing } from './tracing.ts';

export interface InstrumentOptions {
  readonly clock: Pick<MonotonicClock, 'monotonic'>;
  readonly metrics: Metrics | undefined;
  readonly tracing: Tracing | undefined;
}

/** Ties the operator's parts to metrics, spans and the log, without the parts knowing of them. */
export interface Instruments {
  /** The same work, measured, in a span, and with the fields of its experiment on every log line. */
  work(work: QueueOptions['work'], fieldsOf: (key: string) => ExperimentFields): QueueOptions['work'];
  telemetry(telemetry: Telemetry): Telemetry;
  api(request: ApiRequest): (outcome: ApiOutcome) => void;
  query(): (outcome: QueryOutcome) => void;
}

export function createInstruments({ clock, metrics, tracing }: InstrumentOptions): Instruments {
  const stopwatch = (): (() => number) => {
    const start = clock.monotonic();
    return () => (clock.monotonic() - start) / 1000;
  };
  const within: Tracing['within'] = (name, attributes, work) =>
    tracing === undefined ? work() : tracing.within(name, attributes, work);

  async function ask<T>(operation: TelemetryOperation, question: () => Promise<T>): Promise<T> {
    const seconds = stopwatch();
    try {
      const answer = await within(`telemetry ${operation}`, {}, question);
      metrics?.askedTelemetry(operation, seconds());
      return answer;
    } catch (error) {
      metrics?.askedTelemetry(operation, seconds(), error);
      throw error;
    }
  }

  return {
    work: (work, fieldsOf) => (key, signal, aside) => {
      const fields = fieldsOf(key);
      return inScope(fields, async () => {
        const seconds = stopwatch();
        try {
          const attempt = () => work(key, signal, aside);
          const outcome = await (tracing?.root('reconcile', { ...fields }, attempt) ?? attempt());
          metrics?.reconciled(seconds());
          return outcome;
        } catch (error) {
          metrics?.reconciled(seconds(), error, signal.aborted);
          throw error;
        }
      });
    },
    telemetry: (telemetry) => ({
      probe: (...all) => ask('probe', () => telemetry.probe(...all)),
      firstCopy: (...all) => ask('first_copy', () => telemetry.firstCopy(...all)),
      read: (...all) => ask('read', () => telemetry.read(...all)),
      trace: (...all) => ask('trace', () => telemetry.trace(...all)),
    }),
    api: (request) => {
      const labels = requestLabels(request);
      const seconds = stopwatch();
      const isRead = request.method === 'GET';
      const end = isRead ? undefined : beginWrite(tracing, request, labels);
      return (outcome) => {
        metrics?.requested(labels, outcome, seconds());
        end?.(outcome);
      };
    },
    query: () => {
      const seconds = stopwatch();
      const end = tracing?.begin('POST Log Analytics query', { 'http.request.method': 'POST' });
      return (outcome) => {
        metrics?.queried(outcome, seconds());
        const { status, bytes, error } = outcome;
        end?.({
          attributes: { 'http.response.status_code': status, 'http.response.body.size': bytes },
          ...(error !== undefined && { error }),
        });
      };
    },
  };
}

function beginWrite(
  tracing: Tracing | undefined,
  { method }: ApiRequest,
  { verb, resource, namespace, name }: ReturnType<typeof requestLabels>,
): ((outcome: ApiOutcome) => void) | undefined {
  // Outside of a reconcile there is only the Lease, every two seconds.
  if (tracing === undefined || resource === 'leases') return undefined;
  const end = tracing.begin(`${verb} ${resource}`, {
    'http.request.method': method,
    'k8s.namespace.name': namespace,
    'k8s.object.name': name,
  });
  return ({ code, error }) =>
    end({ attributes: { 'http.response.status_code': code }, ...(error !== undefined && { error }) });
}
