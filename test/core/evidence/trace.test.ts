import { describe, expect, test } from 'vitest';
import { tracedRoutes, traceOf } from '../../../src/core/evidence/trace.ts';
import { sliceSeconds, traceQuery } from '../../../src/core/query/traceQuery.ts';
import { readTraceSlices } from '../../../src/core/samples/traceSlices.ts';
import { bucketOf } from '../../../src/core/stats/histogram.ts';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { EvidenceDocument } from '../../../src/core/verdict/evidence.ts';
import { EvidenceRecorder } from '../../support/evidenceRecorder.ts';
import { diagnose, resultColumns } from '../../support/kustoParser.ts';
import { seededRandom } from '../../support/random.ts';
import { HOSTILE_TEXTS, question } from '../query/questions.ts';

const COLUMNS = [
  ...[
    { name: 'Route', type: 'long' },
    { name: 'Slice', type: 'long' },
    { name: 'Live', type: 'bool' },
  ],
  ...['Bucket', 'Items', 'Requests', 'SquaredWeights'].map((name) => ({ name, type: 'long' })),
];
const WINDOW = { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1, 0, 24) };
const ROUTES = ['GET a', 'GET b', 'GET c'];

/** 48 blocks of two arms; route b is slower in the candidate. Documents as they were at the end of each block, and rows. */
function simulate() {
  const random = seededRandom(7);
  const recorder = new EvidenceRecorder();
  const rows: (string | number | boolean | null)[][] = [];
  const documents: EvidenceDocument[] = [];
  for (let block = 0; block < 48; block++) {
    for (let request = 0; request < 40; request++) {
      const route = request % 3;
      for (const arm of ['live', 'mirror'] as const) {
        const slow = arm === 'mirror' && route === 1 ? 1.5 : 1;
        const ms = random.uniform() < 0.03 ? null : slow * Math.exp(4 + 0.3 * random.normal());
        recorder.record(ROUTES[route] ?? '', arm, ms);
        // GET a and GET b are traced; GET c is of the rest.
        rows.push([route, Math.floor(block / 4), arm === 'live', ms === null ? null : bucketOf(ms), 1, 1, 1]);
      }
    }
    recorder.endBlock();
    documents.push(recorder.document());
  }
  return { rows, documents };
}

describe('the trace of the evidence', () => {
  const { rows, documents } = simulate();
  const document = documents.at(-1) as EvidenceDocument;
  const asked = { routes: ROUTES.slice(0, 2), sliceSeconds: 120, slices: 12 };
  const trace = traceOf(document, readTraceSlices({ columns: COLUMNS, rows }, asked));
  const find = (route: string, gate: string) => trace.gates.find((each) => each.route === route && each.gate === gate);

  test('has a point at the end of each slice, for the sum and the traced routes', () => {
    expect(trace.seconds).toEqual(Array.from({ length: 12 }, (_, index) => (index + 1) * 120));
    expect([...new Set(trace.gates.map(({ route }) => route))]).toEqual(['(all)', 'GET a', 'GET b']);
    expect(trace.gates.filter(({ route }) => route === 'GET b').map(({ gate }) => gate)).toEqual([
      ...['p50', 'p95', 'p99', 'errors', 'coverage'],
    ]);
  });

  test('ends with the evidence of the verdict', () => {
    const whole = evaluate(document);
    for (const { route, gate, logEvidenceFail, logEvidencePass, thresholds } of trace.gates) {
      const found = whole.routes.find(({ name }) => name === route)?.gates.find((each) => each.gate === gate);
      expect(logEvidenceFail.at(-1)).toBeCloseTo(found?.logEvidenceFail ?? Number.NaN, 3);
      expect(logEvidencePass.at(-1)).toBeCloseTo(found?.logEvidencePass ?? Number.NaN, 3);
      expect(thresholds.fail).toBeCloseTo(found?.threshold ?? Number.NaN, 3);
    }
    expect(find('GET b', 'p50')?.thresholds.pass).toBeCloseTo(Math.log(20), 3);
    expect(find('GET b', 'coverage')?.thresholds.pass).toBeNull();
  });

  test('is what was known at each time', () => {
    for (const [index, seconds] of trace.seconds.entries()) {
      const then = documents[seconds / 30 - 1] as EvidenceDocument;
      for (const { name, gates } of evaluate(then).routes.filter((each) => each.name !== 'GET c')) {
        for (const { gate, logEvidenceFail, logEvidencePass, phi } of gates) {
          const traced = find(name, gate);
          const of = (line: readonly number[] | undefined) => line?.[index] ?? Number.NaN;
          if (gate === 'errors') expect(of(traced?.logEvidenceFail)).toBeCloseTo(logEvidenceFail, 3);
          // Latency is deflated by blocks that were counted at live's final percentile.
          const near = 0.5 + (Math.abs(logEvidenceFail) + Math.abs(logEvidencePass)) * Math.max(0.35, 1 - 1 / phi);
          expect(Math.abs(of(traced?.logEvidenceFail) - logEvidenceFail)).toBeLessThan(near);
          expect(Math.abs(of(traced?.logEvidencePass) - logEvidencePass)).toBeLessThan(near);
        }
      }
    }
  });

  test('is kept for the routes with the most evidence', () => {
    expect(tracedRoutes(evaluate(document))[0]).toBe('GET b');
    expect(tracedRoutes(evaluate(document))).not.toContain('(all)');
  });
});

describe('its query', () => {
  test.each(['AppRequests', 'requests'] as const)('on %s has no diagnostic and the columns that are read', (table) => {
    for (const text of HOSTILE_TEXTS) expect(diagnose(traceQuery(question({ table }), WINDOW, [text]))).toEqual([]);
    const columns = resultColumns(traceQuery(question({ table }), WINDOW, ROUTES));
    expect(columns).toEqual(Object.fromEntries(COLUMNS.map(({ name, type }) => [name, type])));
  });

  test('has at most 12 slices of whole blocks, however long the window', () => {
    for (const minutes of [1, 24, 60, 1000, 20_000]) {
      const window = { start: 0, end: minutes * 60_000 };
      const seconds = sliceSeconds(30, window);
      expect(seconds % 30).toBe(0);
      expect(Math.ceil((minutes * 60) / seconds)).toBeLessThanOrEqual(12);
    }
  });

  test.each([
    [[3, 0, true, 1, 1, 1, 1], 'route 3 in slice 0'],
    [[0, 12, true, 1, 1, 1, 1], 'route 0 in slice 12'],
    [[0, 0, true, -400, 1, 1, 1], 'the bucket -400'],
  ])('an answer that was not asked for is refused: %j', (row, message) => {
    const read = () =>
      readTraceSlices({ columns: COLUMNS, rows: [row] }, { routes: ROUTES.slice(0, 2), sliceSeconds: 120, slices: 12 });
    expect(read).toThrow(message);
  });
});
