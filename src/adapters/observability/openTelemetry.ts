import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '../../engine/ports/log.ts';
import { redactText } from './redact.ts';
import type { SpanAttributes, SpanEnd, Tracing } from './tracing.ts';

/** How long the last spans may take to be sent when the operator ends. */
const FLUSH_MILLISECONDS = 2000;

/**
 * Sends spans by OTLP over HTTP (protobuf) to OTEL_EXPORTER_OTLP_ENDPOINT. The SDK reads its variables itself: endpoint,
 * headers, certificates, timeout, OTEL_RESOURCE_ATTRIBUTES. To be imported only when traces are wanted: it loads the SDK.
 * That spans cannot be sent is logged, and costs the operator nothing else.
 */
export function startOpenTelemetry(environment: Environment, version: string, log: Log): Tracing {
  logDiagnostics(log);
  const name = environment.OTEL_SERVICE_NAME || 'mirror-experiment';
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': name, 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }));
  const provider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root: rootSampler(environment) }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('mirror-experiment', version);
  // Of our own, and handed on by hand: the global one of OpenTelemetry would be everybody's.
  const contexts = new AsyncLocalStorage<Context>();
  const current = (): Context => contexts.getStore() ?? ROOT_CONTEXT;

  async function run<T>(parent: Context, spanName: string, attributes: SpanAttributes, work: () => Promise<T>) {
    const span = tracer.startSpan(spanName, { attributes: defined(attributes) }, parent);
    try {
      return await contexts.run(trace.setSpan(parent, span), work);
    } catch (error) {
      setError(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  return {
    root: (spanName, attributes, work) => run(ROOT_CONTEXT, spanName, attributes, work),
    within: (spanName, attributes, work) => run(current(), spanName, attributes, work),
    begin: (spanName, attributes) => {
      const options = { kind: SpanKind.CLIENT, attributes: defined(attributes) };
      const span = tracer.startSpan(spanName, options, current());
      return (end: SpanEnd) => {
        span.setAttributes(defined(end.attributes ?? {}));
        if (end.error !== undefined) setError(span, end.error);
        span.end();
      };
    },
    ids: () => {
      const context = trace.getSpanContext(current());
      return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
    },
    stop: async () => {
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        log.warn('the last spans could not be sent in time and are lost', { seconds: FLUSH_MILLISECONDS / 1000 });
        late.resolve();
      }, FLUSH_MILLISECONDS);
      await Promise.race([provider.shutdown(), late.promise]).catch((error: unknown) => {
        log.warn(`the last spans could not be sent: ${error instanceof Error ? error.message : String(error)}`);
      });
      clearTimeout(timer);
      diag.disable();
    },
  };
}

/** Says why, without the stack, and without what a message should not hold. */
function setError(span: Span, error: unknown): void {
  const message = redactText(error instanceof Error ? error.message : String(error));
  span.setAttribute('error.type', error instanceof Error ? error.name : 'unknown');
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

function defined(attributes: SpanAttributes): Record<string, string | number | boolean> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Every reconcile, or the share of them that OTEL_TRACES_SAMPLER_ARG says. */
function rootSampler({ OTEL_TRACES_SAMPLER_ARG: share }: Environment): AlwaysOnSampler | TraceIdRatioBasedSampler {
  return share ? new TraceIdRatioBasedSampler(Number(share)) : new AlwaysOnSampler();
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the SDK has to say goes to the log: an exporter that fails does not throw. */
function logDiagnostics(log: Log): void {
  const said = (message: string, ...rest: unknown[]): string =>
    `OpenTelemetry: ${[message, ...rest.map((each) => (each instanceof Error ? each.message : String(each)))].join(' ')}`;
  const logger = {
    error: (...all: [string, ...unknown[]]) => log.warn(said(...all)),
    warn: (...all: [string, ...unknown[]]) => log.warn(said(...all)),
    info: (...all: [string, ...unknown[]]) => log.debug(said(...all)),
    debug: () => {},
    verbose: () => {},
  };
  diag.setLogger(logger, { logLevel: DiagLogLevel.INFO, suppressOverrideMessage: true });
}
