import { once } from 'node:events';
import { createServer } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { alertGroups, dashboardQueries } from '../monitoring/queries.ts';
import { type Sample, samplesOf, sampleValue } from '../support/exposition.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import type { LogLine, OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlpReceiver.ts';
import { hasPrometheus, noPrometheus } from '../support/prometheus.ts';
import { freePort, type Prometheus, startPrometheus } from '../support/prometheusServer.ts';

// Two replicas of the operator as it ships, with metrics and traces on, and two experiments: one that passes, one that is
// refused. Everything that they report is compared with what others saw of them.
let stage: OperatorStage;
let collector: OtlpReceiver;
let prometheus: Prometheus | undefined;
let books: LiveLab;
let replicas: { readonly process: OperatorProcess; readonly metrics: string; readonly health: string }[];
/** Queries of the dashboard that have not had an answer with data. */
let unanswered: { readonly name: string; readonly expr: string }[];
const finished: (() => unknown)[] = [];
const context: Pick<TestContext, 'onTestFinished'> = {
  onTestFinished: (end) => void finished.push(() => end(undefined as never)),
};

beforeAll(async () => {
  [stage, collector] = await Promise.all([setOperatorStage(), startOtlpReceiver()]);
  const settings = {
    ...{ LOG_LEVEL: 'debug', MISSING_TARGET_GRACE_SECONDS: '1' },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=books' },
  };
  const start = async (name: string) => {
    const metricsPort = await freePort();
    const more = { POD_NAME: name, METRICS_PORT: String(metricsPort) };
    const process = await stage.operator({ settings: { ...settings, ...more } });
    const healthPort = process.log.find(({ message }) => message === 'the operator has started')?.healthPort;
    return { process, metrics: `127.0.0.1:${metricsPort}`, health: `http://127.0.0.1:${healthPort}` };
  };
  replicas = [await start('first'), await start('second')];
  const targets = replicas.map(({ metrics }) => metrics);
  if (hasPrometheus) prometheus = await startPrometheus(targets, alertGroups());
  books = await stage.lab(context);
  unanswered = dashboardQueries();
  const experiments = Promise.all([pass(), refuse()]);
  let isOver = false;
  void experiments.finally(() => {
    isOver = true;
  });
  // Some have an answer only while requests are copied, others only when there is a verdict.
  for (let rounds = 0; prometheus !== undefined && rounds < 60 && unanswered.length > 0; rounds += isOver ? 10 : 0) {
    const { query } = prometheus;
    const answers = await Promise.all(unanswered.map(({ expr }) => query(expr)));
    unanswered = unanswered.filter((_, index) => !answers[index]?.some(({ value }) => Number.isFinite(value)));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await experiments;
}, 240_000);

afterAll(async () => {
  for (const end of finished) await end();
  await Promise.all([prometheus?.stop(), stage?.stop()]);
  await collector?.close();
}, 60_000);

async function pass(): Promise<void> {
  await books.create('candidate');
  expect(await books.complete('candidate', 150)).toMatchObject({ verdict: 'Pass' });
}

async function refuse(): Promise<void> {
  await books.create('refused', { envoy: { configMap: { name: 'nowhere', key: 'envoy.yaml' } } });
  expect(conditionOf(await books.complete('refused', 150), 'Accepted')).toMatchObject({ reason: 'TargetNotFound' });
}

async function scrape(metrics: string): Promise<Sample[]> {
  const response = await fetch(`http://${metrics}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  return samplesOf(await response.text());
}

async function fetchReady(log: readonly LogLine[]): Promise<string> {
  const port = log.find(({ message }) => message === 'the operator has started')?.healthPort;
  return (await fetch(`http://127.0.0.1:${port}/readyz`)).text();
}

/** Samples of all replicas together. */
const scrapeAll = async () => (await Promise.all(replicas.map(({ metrics }) => scrape(metrics)))).flat();

/** The sums of a counter by some of its labels, as `a b c: 3`. */
function tally(samples: readonly Sample[], name: string, labels: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const sample of samples.filter((each) => each.name === name)) {
    const key = labels.map((label) => sample.labels[label]).join(' ');
    sums[key] = (sums[key] ?? 0) + sample.value;
  }
  return sums;
}

test('the requests to the API server are those that its audit log has', async () => {
  const written = /^(create|update|patch) (?!leases)/;
  const writes = (all: Record<string, number>) =>
    Object.fromEntries(Object.entries(all).filter(([key]) => written.test(key)));
  let told: Record<string, number> = {};
  let audited: Record<string, number> = {};
  // The API server writes its audit log a moment after it has answered.
  await until(
    'the operator and the audit log count the same writes',
    async () => {
      told = tally(await scrapeAll(), 'mirror_experiment_kubernetes_requests_total', ['verb', 'resource', 'code']);
      audited = {};
      for (const { verb, objectRef, responseStatus } of await stage.requests()) {
        const { resource, subresource } = objectRef ?? {};
        const key = `${verb} ${resource}${subresource ? `/${subresource}` : ''} ${responseStatus.code}`;
        audited[key] = (audited[key] ?? 0) + 1;
      }
      return isDeepStrictEqual(writes(told), writes(audited));
    },
    30,
    () => JSON.stringify({ told: writes(told), audited: writes(audited) }),
  );
  expect(writes(told)).toEqual(writes(audited));
  expect(Object.keys(writes(told)).length).toBeGreaterThanOrEqual(5);
  expect(told['get configmaps 404']).toBe(audited['get configmaps 404']);
  expect(Object.keys(told).filter((key) => key.includes('other'))).toEqual([]);
});

test('the queries are those that Log Analytics has answered', async () => {
  const samples = await scrapeAll();
  const answered: Record<string, number> = {};
  for (const { status } of stage.azure.queries()) answered[status] = (answered[status] ?? 0) + 1;
  expect(tally(samples, 'mirror_experiment_log_analytics_requests_total', ['code'])).toEqual(answered);
  const total = Object.values(answered).reduce((sum, count) => sum + count, 0);
  const count = 'mirror_experiment_log_analytics_request_duration_seconds_count';
  expect(tally(samples, count, [])['']).toBe(total);
  expect(tally(samples, 'mirror_experiment_log_analytics_response_bytes_total', [])['']).toBeGreaterThan(1000);
});

test('the experiments are counted once, by the replica that acts', async () => {
  const samples = await scrapeAll();
  expect(tally(samples, 'mirror_experiment_leader', [])['']).toBe(1);
  expect(tally(samples, 'mirror_experiment_experiments', ['stage', 'verdict'])).toEqual({
    'Finished Pass': 1,
    'Finished Inconclusive': 1,
  });
  expect(tally(samples, 'mirror_experiment_verdicts_total', ['verdict', 'reason'])).toEqual({
    'Pass WithinTolerance': 1,
    'Inconclusive ConfigurationError': 1,
  });
  expect(tally(samples, 'mirror_experiment_mirrored_percent', ['experiment'])).toEqual({});
  expect(tally(samples, 'mirror_experiment_longest_restore_seconds', [])).toEqual({ '': 0 });
  expect(tally(samples, 'mirror_experiment_workers_busy', [])).toEqual({ '': 0 });
});

test('each reconcile has waited in the queue once and been measured once', async () => {
  const samples = await scrapeAll();
  const reconciles = tally(samples, 'mirror_experiment_reconcile_duration_seconds_count', [])[''];
  expect(reconciles).toBeGreaterThan(5);
  expect(tally(samples, 'mirror_experiment_queue_wait_seconds_count', [])['']).toBe(reconciles);
});

test('every query of the dashboard has had an answer from Prometheus', ({ skip }) => {
  if (prometheus === undefined) skip(noPrometheus);
  expect(unanswered).toEqual([]);
});

test('no alert is about to fire', async ({ skip }) => {
  if (prometheus === undefined) return skip(noPrometheus);
  expect(await prometheus.alerts()).toEqual([]);
});

test('there are few series', async () => {
  for (const { metrics } of replicas) expect((await scrape(metrics)).length).toBeLessThan(700);
});

describe('log lines', () => {
  const lines = (): LogLine[] => replicas.flatMap(({ process }) => process.log);
  /** About the process, or the Lease, or the watch of all experiments. */
  const ofTheProcess =
    /^(the operator has started|leading|standing by|watch of |cannot (acquire|renew) the lease|request failed: \w+ \S*(leases|mirrorexperiments)\b|OpenTelemetry: )/;

  test('about an experiment all have its namespace, name and uid', async () => {
    const uids = new Map(
      await Promise.all(
        ['candidate', 'refused'].map(async (name) => {
          const { stdout } = await books.kubectl(['get', 'mirrorexperiment', name, '-o', 'jsonpath={.metadata.uid}']);
          return [name, stdout] as const;
        }),
      ),
    );
    const about = lines().filter(({ message }) => !ofTheProcess.test(message));
    expect(about.length).toBeGreaterThan(20);
    for (const line of about) {
      expect(line, JSON.stringify(line)).toMatchObject({ namespace: books.namespace, experiment: expect.any(String) });
      expect(line.uid, JSON.stringify(line)).toBe(uids.get(String(line.experiment)));
    }
    expect(lines().filter((line) => ofTheProcess.test(line.message) && line.experiment !== undefined)).toEqual([]);
  });

  test('lead to their trace', () => {
    const known = new Set(collector.spans.map(({ traceId }) => traceId));
    const traces = lines().flatMap(({ trace_id: id }) => (typeof id === 'string' ? [id] : []));
    expect(traces.length).toBeGreaterThan(10);
    expect(traces.filter((id) => known.has(id)).length).toBeGreaterThan(0);
  });

  test('and spans hold no token', () => {
    const everything =
      JSON.stringify(lines()) +
      JSON.stringify(collector.spans, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(everything).not.toMatch(/eyJ[\w-]{5,}\.eyJ/);
    expect(everything).not.toMatch(/Bearer [\w-]{10}/);
  });
});

describe('spans', () => {
  /** All have been sent when those of the queries have: the exporter sends every 5 s. */
  async function spans(): Promise<readonly ReceivedSpan[]> {
    const asked = stage.azure.queries().length;
    const queries = () => collector.spans.filter(({ name }) => name === 'POST Log Analytics query');
    await expect.poll(() => queries().length, { timeout: 15_000 }).toBe(asked);
    return collector.spans;
  }

  test('one of each reconcile, with its experiment; below it the writes and the questions with their queries', async () => {
    const all = await spans();
    const byId = new Map(all.map((span) => [span.spanId, span]));
    const roots = all.filter(({ parentSpanId }) => parentSpanId === '');
    expect(new Set(roots.map(({ name }) => name))).toEqual(new Set(['reconcile']));
    for (const { attributes } of roots) {
      expect(attributes).toMatchObject({
        namespace: books.namespace,
        experiment: expect.stringMatching(/^(candidate|refused)$/),
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
    }
    expect(new Set(roots.map(({ traceId }) => traceId)).size).toBe(roots.length);
    const parentOf = ({ parentSpanId }: ReceivedSpan) => byId.get(parentSpanId);
    const paths = new Set(
      all.map((span) => {
        const names = [];
        for (let at: ReceivedSpan | undefined = span; at !== undefined; at = parentOf(at)) names.unshift(at.name);
        return names.join(' > ');
      }),
    );
    for (const path of [
      'reconcile > patch configmaps',
      'reconcile > patch deployments',
      'reconcile > update mirrorexperiments/status',
      'reconcile > create events',
      'reconcile > telemetry probe > POST Log Analytics query',
      'reconcile > telemetry read > POST Log Analytics query',
    ]) {
      expect(paths).toContain(path);
    }
    for (const span of all.filter(({ parentSpanId }) => parentSpanId !== '')) {
      const parent = parentOf(span);
      expect(parent, span.name).toBeDefined();
      expect(parent?.traceId).toBe(span.traceId);
      expect(span.end).toBeGreaterThanOrEqual(span.start);
    }
    expect(all.filter(({ name }) => name.includes('leases') || name.startsWith('get '))).toEqual([]);
  });

  test('say how requests were answered, and whose they are', async () => {
    const all = await spans();
    const [query] = all.filter(({ name }) => name === 'POST Log Analytics query');
    expect(query?.attributes).toMatchObject({ 'http.response.status_code': 200 });
    const patch = all.find(
      ({ name, attributes }) => name === 'patch configmaps' && attributes['k8s.object.name'] === 'default-sidecar',
    );
    expect(patch).toMatchObject({
      attributes: { 'k8s.namespace.name': books.namespace, 'http.response.status_code': 200 },
      status: 0,
      resource: { 'service.name': 'mirror-experiment', 'service.version': '0.1.0' },
    });
    expect(collector.headers[0]?.['x-team']).toBe('books');
  });
});

test('of two ready replicas one says that it leads; one that stands still does not answer', async () => {
  const readiness = await Promise.all(
    replicas.map(async ({ health }) => (await (await fetch(`${health}/readyz`)).text()).trim()),
  );
  expect(readiness.sort()).toEqual(['ok: leading', 'ok: standing by']);
  const [, last] = replicas;
  if (last === undefined) throw new Error('there are two replicas');
  const livez = async () => {
    const response = await fetch(`${last.health}/livez`, { signal: AbortSignal.timeout(2000) });
    return response.status;
  };
  expect(await livez()).toBe(200);
  last.process.freeze();
  await expect(livez()).rejects.toThrow(/timeout/);
  last.process.resume();
  await expect.poll(livez, { timeout: 10_000 }).toBe(200);
});

test('a collector that is away keeps nobody from ending', async () => {
  const alone = { WATCH_NAMESPACE: books.namespace, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
  const { log, terminate } = await stage.operator({ settings: { ...alone, LOG_LEVEL: 'debug' } });
  await expect.poll(async () => (await fetchReady(log)).trim(), { timeout: 10_000 }).toBe('ok: leading');
  // A finished experiment is looked at once, and each look is a span.
  const { code, milliseconds } = await terminate();
  expect(code).toBe(0);
  expect(log.map(({ message }) => message)).toContain('stopped');
  // The exporter itself would go on for 10 s.
  expect(milliseconds).toBeLessThan(7000);
});

test('a port that is taken ends the operator with what is wrong', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  try {
    const settings = { METRICS_PORT: port, LEADER_ELECTION: 'false', WATCH_NAMESPACE: books.namespace };
    await expect(stage.operator({ settings })).rejects.toThrow(/ended with 1: .*EADDRINUSE/s);
  } finally {
    taken.close();
  }
});

test('the value of a gauge is what it is, not what it was', async () => {
  await books.create('second');
  await books.until('second', 'is accepted', ({ status }) => conditionOf(status, 'Accepted')?.status === 'True', 30);
  await books.delete('second');
  await books.gone('second');
  await expect
    .poll(async () => tally(await scrapeAll(), 'mirror_experiment_experiments', ['stage']), { timeout: 5000 })
    .toEqual({ Finished: 2 });
  expect(sampleValue(await scrapeAll(), 'mirror_experiment_mirrored_percent', {})).toBeUndefined();
});
