import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { responseError, unusableBody } from '../../src/adapters/telemetry/logAnalytics/responseError.ts';
import { parseExperiment } from '../../src/api/experiment.ts';
import { keepValid } from '../../src/api/keepValid.ts';
import { specSchema, statusSchema } from '../../src/api/schema.generated.ts';
import { validate } from '../../src/api/structuralSchema.ts';
import { parseEvidence } from '../../src/core/evidence/parseEvidence.ts';
import { readJournal } from '../../src/core/mirror/journal.ts';
import { stringList, stringLiteral } from '../../src/core/query/escape.ts';
import { readBlocks } from '../../src/core/samples/blocks.ts';
import { readCells } from '../../src/core/samples/cells.ts';
import { evidenceDocument } from '../../src/core/samples/evidenceDocument.ts';
import { readPairs } from '../../src/core/samples/pairs.ts';
import { type AnswerTable, SamplesError } from '../../src/core/samples/table.ts';
import { explain } from '../../src/core/status/explain.ts';
import { printable, printableStatus } from '../../src/core/status/printable.ts';
import { resultsOf } from '../../src/core/status/results.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import { TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { readSettings, SettingsError } from '../../src/settings.ts';
import { defaultAnalysis } from '../api/crdCases.ts';
import { draws } from '../core/mirror/envoy/draw.ts';
import { blockTypes, cell, cells, PAIR_TYPES, table } from '../core/samples/tables.ts';
import { FUZZ_RUNS } from '../support/fuzzRuns.ts';
import { stringValues } from '../support/kustoParser.ts';
import { experimentObject } from '../support/lab.ts';
import { HOSTILE_PIECES, mutateData, mutateText } from './mutate.ts';

const runs = { numRuns: FUZZ_RUNS };
const EXPERIMENT = (() => {
  const { metadata, ...rest } = experimentObject('x', 'V2');
  return { ...rest, metadata: { ...metadata, generation: 1, resourceVersion: '7' }, status: {} };
})();
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units)),
  fc
    .array(fc.constantFrom(...HOSTILE_PIECES, "h'", '@"', '```', '//', ';', '|', 'let x = 1;'), { maxLength: 12 })
    .map((p) => p.join('')),
);

/** The error, if it is one that the parser promises; anything else fails the test. */
function refusal<E extends Error>(type: new (...args: never[]) => E, call: () => unknown): E | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof type) return error;
    throw error;
  }
}

describe(`with ${FUZZ_RUNS} cases each`, { timeout: 600_000 }, () => {
  it('an experiment is parsed or refused, and what is parsed is valid', () => {
    let parsed = 0;
    fc.assert(
      fc.property(draws, fc.anything(), ({ draw }, anything) => {
        const input = draw.nat(9) === 0 ? anything : mutateData(draw, EXPERIMENT);
        const before = JSON.stringify(input);
        const result = parseExperiment(input);
        expect(JSON.stringify(input)).toBe(before);
        if (result.kind === 'invalid') {
          expect(result.errors.length).toBeGreaterThan(0);
          return;
        }
        parsed += 1;
        expect(validate(specSchema, result.experiment.spec, 'spec').errors).toEqual([]);
        expect(validate(statusSchema, result.experiment.status, 'status').errors).toEqual([]);
      }),
      runs,
    );
    expect(parsed).toBeGreaterThan(0);
  });

  it('a value is checked by a schema, and what is kept of it is valid', () => {
    fc.assert(
      fc.property(draws, fc.anything({ withNullPrototype: true }), ({ draw }, anything) => {
        const input = draw.coin() ? anything : mutateData(draw, EXPERIMENT.spec);
        for (const schema of [specSchema, statusSchema]) {
          validate(schema, input, '');
          const kept = keepValid(schema, input);
          if (kept !== undefined) expect(validate(schema, kept, '').errors).toEqual([]);
        }
        expect(Object.getPrototypeOf({})).toBe(Object.prototype);
      }),
      runs,
    );
  });

  it('a journal is read or unreadable', () => {
    fc.assert(
      fc.property(
        draws,
        fc.constantFrom('ConfigMap', 'Deployment', 'StatefulSet'),
        fc.oneof(anyText, fc.json()),
        ({ draw }, kind, other) => {
          const genuine = {
            version: 1,
            owner: { namespace: 'a', name: 'x', uid: 'u', generation: 1 },
            change: draw.pick<unknown>(
              { type: 'restart' },
              {
                type: 'candidate',
                fields: [{ field: 'env', container: 'c', name: 'A', applied: '1', original: { name: 'A' } }],
              },
              {
                type: 'envoy',
                files: [
                  {
                    ...{ key: 'k', originalSha256: '', patchedSha256: '', patchedLength: 3, mirrorCluster: 'm' },
                    ...{ clusterAdded: true, edits: [{ offset: 0, removed: '', inserted: 'a' }] },
                  },
                ],
              },
            ),
          };
          const text = draw.nat(3) === 0 ? other : (JSON.stringify(mutateData(draw, genuine)) ?? '');
          const annotations = { 'mirroring.dev/journal': draw.nat(3) === 0 ? mutateText(draw, text) : text };
          const metadata = { name: 'o', namespace: 'a', uid: 'o', resourceVersion: '1', annotations };
          const journal = readJournal({ apiVersion: 'v1', kind, metadata });
          expect(journal === 'unreadable' || (typeof journal === 'object' && journal.version === 1)).toBe(true);
        },
      ),
      runs,
    );
  });

  it("a text is one KQL literal, for Microsoft's parser too", () => {
    const batch = 50;
    let cases = 0;
    fc.assert(
      fc.property(fc.array(anyText, { minLength: batch, maxLength: batch }), (texts) => {
        cases += texts.length;
        for (const text of texts) expect(JSON.parse(stringLiteral(text))).toBe(text);
        expect(stringValues(`print X = "x" in ${stringList(texts)}`)).toEqual(['x', ...texts]);
      }),
      { numRuns: Math.ceil(FUZZ_RUNS / batch) },
    );
    expect(cases).toBeGreaterThanOrEqual(FUZZ_RUNS);
  });

  it('answers are read or refused with a SamplesError, and whatever is read can be judged, told and stored', () => {
    const genuine = cells(
      cell({ Items: 60, Requests: 60, SquaredWeights: 60 }),
      cell({ Items: 3, Requests: 3, SquaredWeights: 3, Ok: false, Code: '500', SumMs: 0, SumMs2: 0 }),
      cell({ Live: false, Items: 55, Requests: 55, SquaredWeights: 55, Bucket: 300 }),
      cell({ Route: 'GET b', First: 7, Items: 70, Requests: 70, SquaredWeights: 70 }),
      cell({ Route: '(other)', Live: false }),
    );
    const analysis = { ...defaultAnalysis, routes: { include: [], exclude: [] } };
    let read = 0;
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const changed = mutateData(draw, genuine) as AnswerTable;
        if (!isTable(changed)) return;
        let routes: ReturnType<typeof readCells> = [];
        const error = refusal(SamplesError, () => {
          routes = readCells(changed);
        });
        if (error !== undefined) {
          expect(error.message.length).toBeLessThan(2000);
          return;
        }
        read += 1;
        const samples = { routes: routes.map((route) => ({ ...route, blocks: [], pairs: null })), queries: [] };
        const circumstances = { mirrorPercent: 100, elapsedSeconds: 3600, deadline: draw.coin() };
        const document = evidenceDocument(samples, analysis, circumstances);
        const evaluation = evaluate(document);
        const status = printableStatus({
          ...resultsOf(samples, document, evaluation),
          summary: explain(document, evaluation),
        });
        const unreadable = /NaN|Infinity|undefined/;
        if (!routes.some(({ name }) => unreadable.test(name))) expect(status.summary).not.toMatch(unreadable);
        const { errors } = validate(statusSchema, JSON.parse(JSON.stringify(status)), 'status');
        expect(errors).toEqual([]);
        expect(JSON.stringify(status).length).toBeLessThan(64 * 1024);
      }),
      runs,
    );
    expect(read).toBeGreaterThan(0);
  });

  it('answers for blocks and pairs are read or refused with a SamplesError', () => {
    const block = { Route: 0, Block: 2, LiveItems: 4, LiveFailed: 0, MirrorItems: 3, MirrorFailed: 0, L0: 4, M0: 3 };
    const blocks = table(blockTypes(1), [block, { ...block, Block: 3 }, { ...block, Route: 1 }]);
    const pair = { Route: 0, Pairs: 3, OnlyMirrorFailed: 1, OnlyLiveFailed: 0, Slower: 1 };
    const pairs = table(PAIR_TYPES, [pair, { ...pair, Route: 1 }]);
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const changedBlocks = mutateData(draw, blocks) as AnswerTable;
        const changedPairs = mutateData(draw, pairs) as AnswerTable;
        const asked = { routes: 2, percentiles: [50], blockSeconds: 30 };
        if (isTable(changedBlocks)) refusal(SamplesError, () => readBlocks(changedBlocks, asked));
        if (isTable(changedPairs)) refusal(SamplesError, () => readPairs(changedPairs, 2));
      }),
      runs,
    );
  });

  it('a response is tables or an error that people can read', () => {
    const body = {
      error: { code: 'X', message: 'first', innererror: { message: 'second', details: [{ message: 'x' }] } },
    };
    const tables = { tables: [{ name: 'PrimaryResult', columns: [{ name: 'A', type: 'long' }], rows: [[1]] }] };
    fc.assert(
      fc.property(draws, fc.oneof(anyText, fc.json()), fc.integer({ min: 100, max: 999 }), ({ draw }, other, odd) => {
        const text = draw.pick<string>(other, JSON.stringify(mutateData(draw, draw.coin() ? body : tables)) ?? '');
        const header = draw.pick(...HOSTILE_PIECES, '7', 'Wed, 21 Oct 2026 07:28:00 GMT', '1e9', '-5');
        const answered = {
          status: draw.pick(200, 204, 400, 401, 403, 404, 429, 500, 503, odd),
          body: text,
          header: () => header,
        };
        const error = responseError(answered, 'workspace w', 0) ?? unusableBody(text);
        if (error === undefined) return;
        expect(error).toBeInstanceOf(TelemetryError);
        expect(error.message.length).toBeLessThan(2000);
        const { retryAfterSeconds = 1 } = error;
        expect(retryAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(retryAfterSeconds).toBeLessThanOrEqual(300);
      }),
      runs,
    );
  });

  it('settings are read or refused with a SettingsError', () => {
    const names = [
      'ALLOWED_SOURCES',
      'LEASE_SECONDS',
      'LOG_ANALYTICS_ENDPOINT',
      'HEALTH_PORT',
      'METRICS_PORT',
      'LEASE_NAME',
      'LOG_LEVEL',
    ];
    fc.assert(
      fc.property(draws, fc.oneof(anyText, fc.json(), fc.double().map(String)), ({ draw }, text) => {
        const name = draw.pick('CONCURRENCY', ...names);
        const flag = name.toLowerCase().replaceAll('_', '-');
        const call = () =>
          draw.coin()
            ? readSettings([`--${flag}=${text}`], {})
            : readSettings(draw.nat(9) === 0 ? [text] : [], { [name]: text });
        const error = refusal(SettingsError, call);
        if (error !== undefined) expect(error.message).not.toBe('');
      }),
      runs,
    );
  });

  it('an evidence document is read or refused, and what is read can be judged', () => {
    const arm = (weight: number) => ({
      ...{ items: weight, errorItems: 0, requests: weight, errors: 0, sumSquaredWeights: weight },
      ...{ successSumSquaredWeights: weight, histogram: { '117': weight } },
    });
    const samples = {
      routes: [{ name: 'GET a', live: { ...arm(100) }, mirror: { ...arm(98) }, blocks: [], pairs: null }],
      queries: [],
    };
    const moments = { sumMilliseconds: 1, sumSquaredMilliseconds: 1, resultCodes: {} };
    const whole = {
      ...samples,
      routes: samples.routes.map((each) => ({
        ...each,
        live: { ...each.live, ...moments },
        mirror: { ...each.mirror, ...moments },
      })),
    };
    const genuine = evidenceDocument(whole, defaultAnalysis, {
      mirrorPercent: 100,
      elapsedSeconds: 600,
      deadline: false,
    });
    let read = 0;
    fc.assert(
      fc.property(draws, ({ draw }) => {
        const parsed = parseEvidence(mutateData(draw, genuine));
        if (parsed.kind === 'invalid') return;
        read += 1;
        evaluate(parsed.document);
      }),
      runs,
    );
    expect(read).toBeGreaterThan(0);
  });

  it('a text that is made printable has nothing that steers a terminal', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(printable(printable(text))).toBe(printable(text));
      }),
      runs,
    );
  });
});

function isTable(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('columns' in value) || !('rows' in value)) return false;
  // What the adapter checks before it hands a table on.
  return (
    Array.isArray(value.columns) &&
    value.columns.every((each) => typeof each === 'object' && each !== null) &&
    Array.isArray(value.rows) &&
    value.rows.every(Array.isArray)
  );
}
