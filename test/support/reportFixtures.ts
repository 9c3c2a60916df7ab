import { parseExperiment } from '../../src/api/experiment.ts';
import type { EvidenceTrace, ExperimentRecord, RecordedCodes, RecordedQuery } from '../../src/core/evidence/record.ts';
import { RECORD_VERSION } from '../../src/core/evidence/record.ts';
import { questionOf } from '../../src/core/lifecycle/run.ts';
import { blocksQuery } from '../../src/core/query/blocksQuery.ts';
import { cellsQuery } from '../../src/core/query/cellsQuery.ts';
import { pairsQuery } from '../../src/core/query/pairsQuery.ts';
import type { QueriedRoute } from '../../src/core/query/routes.ts';
import { evidenceDocument } from '../../src/core/samples/evidenceDocument.ts';
import { bucketOf, histogramFrom, quantileOf } from '../../src/core/stats/histogram.ts';
import { explain } from '../../src/core/status/explain.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../src/core/verdict/evidence.ts';
import { TelemetryError, type TelemetryWindow } from '../../src/engine/ports/telemetry.ts';
import { EvidenceRecorder } from './evidenceRecorder.ts';
import { type Behaviour, NAMESPACE, V2, V3, V4 } from './lab.ts';
import { seededRandom } from './random.ts';
import { Simulation } from './simulation.ts';

export interface ReportFixture {
  readonly evidence: EvidenceDocument;
  readonly record: ExperimentRecord;
}

interface SimulatedRun {
  readonly behaviour?: Behaviour;
  readonly requestsPerBlock?: number;
  /** Merged into the experiment's spec. */
  readonly spec?: Record<string, unknown>;
  /** Changes the world before the run. */
  readonly prepare?: (simulation: Simulation) => void;
}

const BEHAVIOURS = { V2, V3, V4 };
/** Times at which the evidence is shown. */
const TRACED = 24;

/** What the lab's experiment with this version leaves behind: the engine's own status, on telemetry in memory. */
export function labFixture(version: keyof typeof BEHAVIOURS): Promise<ReportFixture> {
  return simulated(`bookservice-${version.toLowerCase()}`, version, { behaviour: BEHAVIOURS[version] });
}

/** Too few requests for a verdict: Inconclusive at the deadline. */
export function inconclusiveFixture(): Promise<ReportFixture> {
  return simulated('bookservice-v5', 'V2', {
    requestsPerBlock: 6,
    spec: { analysis: { deadlineSeconds: 900, minDurationSeconds: 300 } },
  });
}

/** Telemetry could never be read: a verdict without evidence. */
export function withoutEvidenceFixture(): Promise<ReportFixture> {
  return simulated('bookservice-v6', 'V2', {
    spec: { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } },
    prepare: (simulation) => {
      simulation.telemetry.read = async () => {
        throw new TelemetryError('Unavailable', 'the workspace answered 503 (Service Unavailable)');
      };
    },
  });
}

/** One route, every fourth request sampled. */
export function oneRouteFixture(): ReportFixture {
  const random = seededRandom(11);
  const recorder = new EvidenceRecorder();
  for (let block = 0; block < 40; block++) {
    for (let index = 0; index < 90; index++) {
      recorder.record('GET /checkout', 'live', latency(random.normal(), 42, 0.5));
      recorder.record('GET /checkout', 'mirror', random.chance(0.002) ? null : latency(random.normal(), 43, 0.5));
    }
    recorder.endBlock();
  }
  return synthetic('checkout-canary', sampled(recorder.document(), 4));
}

/** Many routes of all sizes; some slow, some failing, one that loses its copies. */
export function manyRoutesFixture(routes = 200): ReportFixture {
  const random = seededRandom(17);
  const recorder = new EvidenceRecorder();
  const sizes = Array.from({ length: routes }, (_, index) => ({
    name: `${['GET', 'HEAD', 'GET', 'OPTIONS'][index % 4]} /api/v2/tenants/{tenant}/${NOUNS[index % NOUNS.length]}/${index}`,
    perBlock: index < 5 ? 60 : 2 + random.integer(14),
    median: 3 * 10 ** (random.uniform() * 2.5),
    slower: index % 37 === 11 ? 3 : 1,
    failing: index % 61 === 20 ? 0.3 : 0.001,
    lost: index === 77 ? 0.9 : 0,
  }));
  for (let block = 0; block < 24; block++) {
    for (const { name, perBlock, median, slower, failing, lost } of sizes) {
      for (let index = 0; index < perBlock; index++) {
        recorder.record(name, 'live', latency(random.normal(), median, 0.6));
        if (random.chance(lost)) continue;
        const answered = latency(random.normal(), median * slower, 0.6);
        recorder.record(name, 'mirror', random.chance(failing) ? null : answered);
      }
    }
    recorder.endBlock();
  }
  return synthetic('gateway-2026-01', recorder.document(), 8);
}

const NOUNS = ['orders', 'invoices', 'customers', 'carts', 'shipments', 'reviews', 'payment-methods'];

async function simulated(name: string, version: string, run: SimulatedRun): Promise<ReportFixture> {
  const simulation = new Simulation();
  if (run.behaviour) simulation.telemetry.behaviour = run.behaviour;
  if (run.requestsPerBlock !== undefined) simulation.telemetry.requestsPerBlock = run.requestsPerBlock;
  const windows: TelemetryWindow[] = [];
  run.prepare?.(simulation);
  const read = simulation.telemetry.read.bind(simulation.telemetry);
  simulation.telemetry.read = async (question, asked) => {
    const samples = await read(question, asked);
    if (question.compare === undefined) windows.push(asked);
    return samples;
  };
  simulation.apply(name, version, run.spec);
  await simulation.run(() => simulation.status(name).verdict !== undefined);
  const parsed = parseExperiment(simulation.cluster.get('MirrorExperiment', NAMESPACE, name));
  if (parsed.kind === 'invalid') throw new Error(`the experiment does not parse: ${JSON.stringify(parsed.errors)}`);
  const { experiment } = parsed;
  const { spec, status } = experiment;
  const question = questionOf(experiment);
  const window = windows.at(-1);
  const documentUntil = async (start: number, end: number, deadline: boolean) => {
    const samples = await read(question, { start, end });
    const elapsedSeconds = (end - start) / 1000;
    return evidenceDocument(samples, spec.analysis, { mirrorPercent: spec.traffic.percent, elapsedSeconds, deadline });
  };
  const past = simulation.now >= Date.parse(status.startTime ?? '') + spec.analysis.deadlineSeconds * 1000;
  const evidence = window
    ? await documentUntil(window.start, window.end, past)
    : evidenceDocument({ routes: [], queries: [] }, spec.analysis, {
        mirrorPercent: spec.traffic.percent,
        elapsedSeconds: 0,
        deadline: true,
      });
  const documents: EvidenceDocument[] = [];
  if (window) {
    const blocks = Math.round((window.end - window.start) / 30_000);
    for (const block of times(blocks)) {
      documents.push(await documentUntil(window.start, window.start + block * 30_000, false));
    }
  }
  const queries = window ? queriesOf(question, window, evidence) : [];
  const record: ExperimentRecord = {
    apiVersion: RECORD_VERSION,
    experiment: { namespace: experiment.namespace, name, uid: experiment.uid, generation: experiment.generation },
    spec,
    status,
    window: window ? { start: iso(window.start), end: iso(window.end) } : null,
    queries,
    resultCodes: evidence.routes.map(codesOf),
    trace: window ? traceOf(evidence, documents) : null,
    leftOut: [],
  };
  return { evidence, record };
}

function synthetic(name: string, running: EvidenceDocument, traced = TRACED): ReportFixture {
  const evidence = { ...running, deadline: evaluate(running).verdict === 'Running' };
  const evaluation = evaluate(evidence);
  const verdict = evaluation.verdict === 'Running' ? 'Inconclusive' : evaluation.verdict;
  const start = Date.parse('2026-01-01T00:06:00Z');
  const end = start + evidence.elapsedSeconds * 1000;
  const template = parseExperiment({
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: {
      name,
      namespace: 'shop',
      uid: '0b0e1c9e-0000-4000-8000-000000000000',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      live: { service: 'gateway', version: '2025.12.3' },
      mirror: { service: 'gateway-candidate', version: '2026.1.0' },
      traffic: {
        envoy: { configMap: { name: 'edge', key: 'rds.yaml' }, liveCluster: 'gateway', mirrorCluster: 'candidate' },
      },
      telemetry: { logAnalytics: { workspaceId: '11111111-2222-3333-4444-555555555555' } },
    },
  });
  if (template.kind === 'invalid') throw new Error(JSON.stringify(template.errors));
  const { experiment } = template;
  const condition = (type: string, status: string, reason: string, message: string, at: number) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: iso(at),
    observedGeneration: 1,
  });
  const record: ExperimentRecord = {
    apiVersion: RECORD_VERSION,
    experiment: { namespace: 'shop', name, uid: experiment.uid, generation: 1 },
    spec: experiment.spec,
    status: {
      verdict,
      summary: `${verdict}: ${explain(evidence, evaluation)}`,
      startTime: iso(start - 200_000),
      switchOnTime: iso(start - 130_000),
      mirroringSince: iso(start - 120_000),
      lastAnalysisTime: iso(end + 180_000),
      conditions: [
        condition('Accepted', 'True', 'Accepted', 'the experiment can run', start - 200_000),
        condition('Mirroring', 'True', 'Copying', 'live requests are copied', start - 120_000),
        condition('TelemetryFlowing', 'True', 'Flowing', 'both versions report requests', start - 60_000),
        condition('Passed', verdict === 'Pass' ? 'True' : 'False', evaluation.reason, 'see the summary', end + 180_000),
      ] as NonNullable<ExperimentRecord['status']['conditions']>,
    },
    window: { start: iso(start), end: iso(end) },
    queries: queriesOf(questionOf(experiment), { start, end }, evidence),
    resultCodes: evidence.routes.map(codesOf),
    trace: traceOf(
      evidence,
      times(evidence.elapsedSeconds / 30, traced).map((block) => until(evidence, block * 30)),
    ),
    leftOut: [],
  };
  return { evidence, record };
}

/** The document as it was: blocks up to a time, and sums in proportion, as there are no histograms per block. */
function until(evidence: EvidenceDocument, seconds: number): EvidenceDocument {
  const part = seconds / evidence.elapsedSeconds;
  const scale = (value: number) => Math.round(value * part);
  return {
    ...evidence,
    elapsedSeconds: seconds,
    deadline: false,
    routes: evidence.routes.map((route) => {
      const arm = (name: 'live' | 'mirror') => ({
        ...route[name],
        items: scale(route[name].items),
        errorItems: scale(route[name].errorItems),
        requests: scale(route[name].requests),
        errors: scale(route[name].errors),
        sumSquaredWeights: scale(route[name].sumSquaredWeights),
        successSumSquaredWeights: scale(route[name].successSumSquaredWeights),
        histogram: Object.fromEntries(
          Object.entries(route[name].histogram).map(([bucket, weight]) => [bucket, weight * part]),
        ),
      });
      const blocks = route.blocks.filter(({ start }) => start < seconds);
      return { ...route, live: arm('live'), mirror: arm('mirror'), blocks };
    }),
  };
}

/** Every row stands for `weight` requests. */
function sampled(document: EvidenceDocument, weight: number): EvidenceDocument {
  return {
    ...document,
    routes: document.routes.map((route) => {
      const arm = (name: 'live' | 'mirror') => {
        const { items, errorItems, histogram } = route[name];
        return {
          items,
          errorItems,
          requests: items * weight,
          errors: errorItems * weight,
          sumSquaredWeights: items * weight ** 2,
          successSumSquaredWeights: (items - errorItems) * weight ** 2,
          histogram: Object.fromEntries(Object.entries(histogram).map(([bucket, count]) => [bucket, count * weight])),
        };
      };
      return { ...route, live: arm('live'), mirror: arm('mirror') };
    }),
  };
}

function traceOf(evidence: EvidenceDocument, documents: readonly EvidenceDocument[]): EvidenceTrace {
  const evaluations = documents.map(evaluate);
  const pass = Math.log(100 / evidence.analysis.falseAlarmPercent);
  const gates = evaluate(evidence).routes.flatMap(({ name, gates }) =>
    gates.map(({ gate, threshold }) => {
      const column = (field: 'logEvidenceFail' | 'logEvidencePass') =>
        evaluations.map(
          ({ routes }) =>
            routes.find((each) => each.name === name)?.gates.find((each) => each.gate === gate)?.[field] ?? 0,
        );
      const failOnly = evidence.analysis.latency.some((each) => `p${each.percentile}` === gate && each.failOnly);
      return {
        route: name,
        gate,
        logEvidenceFail: column('logEvidenceFail'),
        logEvidencePass: column('logEvidencePass'),
        thresholds: { fail: threshold, pass: gate === 'coverage' || failOnly ? null : pass },
      };
    }),
  );
  return { seconds: documents.map(({ elapsedSeconds }) => elapsedSeconds), gates };
}

function queriesOf(
  question: Parameters<typeof cellsQuery>[0],
  window: { readonly start: number; readonly end: number },
  evidence: EvidenceDocument,
): RecordedQuery[] {
  const routes = evidence.routes.map(({ name, live }): QueriedRoute => {
    const histogram = histogramFrom(live.histogram);
    const thresholds = question.latency.map(({ percentile }) => {
      const value = quantileOf(histogram, percentile / 100);
      return value === null ? undefined : bucketOf(value);
    });
    return { name, thresholds };
  });
  return [
    { purpose: 'sums', kql: cellsQuery(question, window) },
    { purpose: 'blocks', kql: blocksQuery(question, window, routes) },
    { purpose: 'pairs', kql: pairsQuery(question, window, routes) },
  ];
}

function codesOf({ name, live, mirror }: EvidenceDocument['routes'][number]): RecordedCodes {
  const codes = ({ requests, errors }: typeof live) => ({
    ...(requests > errors && { 200: requests - errors }),
    ...(errors > 0 && { 500: errors }),
  });
  return { route: name, live: codes(live), mirror: codes(mirror) };
}

/** At most `most` block numbers from 1 to `blocks`, the last included. */
function times(blocks: number, most = TRACED): number[] {
  const count = Math.min(blocks, most);
  return [...new Set(Array.from({ length: count }, (_, index) => Math.round(((index + 1) * blocks) / count)))];
}

function latency(normal: number, median: number, spread: number): number {
  return median * Math.exp(spread * normal);
}

function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
