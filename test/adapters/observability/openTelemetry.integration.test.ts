import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startOpenTelemetry } from '../../../src/adapters/observability/openTelemetry.ts';
import { isTracingWanted, tracingProblem } from '../../../src/adapters/observability/tracing.ts';
import { createMemoryLog } from '../../support/memoryLog.ts';
import { startOtlpReceiver } from '../../support/otlpReceiver.ts';

afterEach(() => vi.unstubAllEnvs());

/** Tracing to a collector, by the environment of this process, which the SDK reads. */
async function traced(environment: Readonly<Record<string, string>> = {}) {
  const collector = await startOtlpReceiver();
  onTestFinished(() => collector.close());
  const given = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...environment };
  for (const [name, value] of Object.entries(given)) vi.stubEnv(name, value);
  const log = createMemoryLog();
  return { collector, log, tracing: startOpenTelemetry(process.env, '1.2.3', log) };
}

describe('a span', () => {
  it('is below the one in which its work runs, however deep; a root is not', async () => {
    const { collector, tracing } = await traced();
    expect(tracing.ids()).toEqual({});
    await tracing.root('outer', { experiment: 'x', left: undefined }, async () => {
      await new Promise(setImmediate);
      await tracing.within('inner', {}, async () => tracing.begin('request', {})({ attributes: { code: 200 } }));
      expect(tracing.ids()).toEqual({
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      // As when a worker takes up the next experiment at the end of this one.
      await tracing.root('other', {}, async () => {});
    });
    await tracing.stop();
    const span = (name: string) => collector.spans.find((each) => each.name === name);
    expect(span('outer')).toMatchObject({ parentSpanId: '', attributes: { experiment: 'x' }, status: 0 });
    expect(span('inner')).toMatchObject({ parentSpanId: span('outer')?.spanId, traceId: span('outer')?.traceId });
    expect(span('request')).toMatchObject({ parentSpanId: span('inner')?.spanId, attributes: { code: 200 } });
    expect(span('other')).toMatchObject({ parentSpanId: '' });
    expect(span('other')?.traceId).not.toBe(span('outer')?.traceId);
  });

  it('of work that fails says so, without the secrets of its message; the work’s error goes on', async () => {
    const { collector, tracing } = await traced();
    const work = async () => {
      throw new TypeError('POST x?client_secret=s3cr3t refused');
    };
    await expect(tracing.root('fails', {}, work)).rejects.toThrow('s3cr3t');
    await tracing.root('asks', {}, async () => tracing.begin('request', {})({ error: new Error('reset') }));
    await tracing.stop();
    expect(collector.spans.find(({ name }) => name === 'fails')).toMatchObject({
      ...{ status: 2, message: 'POST x?client_secret=[redacted] refused' },
      attributes: { 'error.type': 'TypeError' },
    });
    expect(collector.spans.find(({ name }) => name === 'request')).toMatchObject({ status: 2, message: 'reset' });
    expect(JSON.stringify(collector.spans.map(({ attributes, message }) => [attributes, message]))).not.toContain(
      's3cr3t',
    );
  });
});

it('the resource is the operator, unless the environment says otherwise', async () => {
  const { collector, tracing } = await traced({
    OTEL_SERVICE_NAME: 'books-operator',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
  });
  await tracing.root('x', {}, async () => {});
  await tracing.stop();
  expect(collector.spans[0]?.resource).toMatchObject({
    ...{ 'service.name': 'books-operator', 'service.version': '1.2.3', 'deployment.environment.name': 'test' },
  });
});

it('of a share of 0 nothing is sent, and the work is done all the same', async () => {
  const { collector, tracing } = await traced({ OTEL_TRACES_SAMPLER_ARG: '0' });
  expect(await tracing.root('x', {}, async () => 'done')).toBe('done');
  await tracing.stop();
  expect(collector.spans).toEqual([]);
});

it('a collector that is away costs the spans and a line in the log', async () => {
  const { log, tracing } = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
  expect(await tracing.root('x', {}, async () => 'done')).toBe('done');
  const start = performance.now();
  await tracing.stop();
  expect(performance.now() - start).toBeLessThan(5000);
  expect(log.lines).toEqual([expect.stringMatching(/^warn: the last spans could not be sent/)]);
}, 20_000);

describe('the environment', () => {
  const endpoint = 'http://collector:4318';

  it.each([
    [{}, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint }, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_EXPORTER: 'none' }, false],
  ])('%j: %s', (environment, wanted) => {
    expect(isTracingWanted(environment)).toBe(wanted);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, undefined],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /must be http\/protobuf, not "grpc"/],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /must be an address such as/],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'ftp://collector' }, /OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be/],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, /a share from 0 to 1, not "2"/],
    [{ OTEL_TRACES_SAMPLER_ARG: 'half' }, /a share from 0 to 1/],
  ])('%j is taken or refused', (environment, problem) => {
    if (problem === undefined) expect(tracingProblem(environment)).toBeUndefined();
    else expect(tracingProblem(environment)).toMatch(problem);
  });
});
