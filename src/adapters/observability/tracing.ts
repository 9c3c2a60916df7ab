import { redactText } from './redact.ts';

/** Spans of what the operator does. Attributes are never secrets. */
export interface Tracing {
  /** As within, in a trace of its own. */
  root<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
  /** Runs work in a span of its own, below the one in which it is called. What it throws makes the span an error. */
  within<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
  /** Begins a span below the current one, of a request to a server; what it returns ends it. */
  begin(name: string, attributes: SpanAttributes): (end: SpanEnd) => void;
  /** trace_id and span_id of the current span, for the log; nothing outside of one. */
  ids(): Readonly<Record<string, string>>;
  /** Sends what is left. */
  stop(): Promise<void>;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  readonly error?: Error;
}

/** What is wrong with the variables that say where traces go, and how; undefined when nothing is. */
export function tracingProblem(environment: Environment): string | undefined {
  const { OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, OTEL_TRACES_SAMPLER_ARG } = environment;
  const protocol = OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  if (protocol !== 'http/protobuf') {
    return `OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf, not "${protocol}"; its port is 4318 as a rule`;
  }
  for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']) {
    const endpoint = environment[name];
    if (endpoint && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
      return `${name} must be an address such as http://collector:4318, not "${redactText(endpoint)}"`;
    }
  }
  const share = Number(OTEL_TRACES_SAMPLER_ARG || 1);
  return share >= 0 && share <= 1
    ? undefined
    : `OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, not "${OTEL_TRACES_SAMPLER_ARG}"`;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the environment asks for traces, by the variables that OpenTelemetry lays down. */
export function isTracingWanted(environment: Environment): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_SDK_DISABLED } = environment;
  const { OTEL_TRACES_EXPORTER } = environment;
  if (OTEL_SDK_DISABLED?.toLowerCase() === 'true' || OTEL_TRACES_EXPORTER === 'none') return false;
  return Boolean(OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
}
