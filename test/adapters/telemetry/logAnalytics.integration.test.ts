import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { type AzureMonitor, type RequestRow, startAzureMonitor } from '../../../demo/azure-monitor/index.ts';
import { createLogAnalytics } from '../../../src/adapters/telemetry/logAnalytics.ts';
import { bucketExpression } from '../../../src/core/query/bucket.ts';
import { realLiteral } from '../../../src/core/query/escape.ts';
import type { BeforeAndSince, TelemetryQuestion } from '../../../src/core/query/question.ts';
import { evidenceDocument } from '../../../src/core/samples/evidenceDocument.ts';
import type { RouteSamples } from '../../../src/core/samples/samples.ts';
import { bucketOf } from '../../../src/core/stats/histogram.ts';
import { evaluate } from '../../../src/core/verdict/evaluate.ts';
import type { Telemetry } from '../../../src/engine/ports/telemetry.ts';
import { HOSTILE_TEXTS, question } from '../../core/query/questions.ts';
import { assumeWorkloadIdentity } from '../../support/azureIdentity.ts';
import { expectedRoutes } from './expectedSamples.ts';

const START = Date.UTC(2026, 0, 1);
const WINDOW = { start: START, end: START + 300_000 };
const LIVE = 'V1MIR-BookService';
const MIRROR = 'V3MIR-BookService';
/** Half a surrogate pair cannot be stored as telemetry; the stand-in's database loses a leading byte order mark. */
const STORABLE_TEXTS = HOSTILE_TEXTS.filter((text) => text.isWellFormed() && !text.startsWith('\ufeff'));

let monitor: AzureMonitor;
let forgetIdentity: () => void;

afterEach(async () => {
  forgetIdentity();
  await monitor.close();
});

/** A stand-in that holds the rows, and nothing else. */
async function holding(
  rows: readonly RequestRow[],
  options: Parameters<typeof startAzureMonitor>[0] = {},
): Promise<void> {
  monitor = await startAzureMonitor(options);
  forgetIdentity = assumeWorkloadIdentity(monitor);
  await monitor.insertRequests(rows);
}

function adapter(): Telemetry {
  return createLogAnalytics({
    endpoint: monitor.queryEndpoint,
    scope: 'https://api.loganalytics.io/.default',
    authorityHost: monitor.authorityHost,
    credential: 'workload',
  });
}

/** The same question in each of the ways in which telemetry can be read. */
function everyWay(changes: Partial<TelemetryQuestion> = {}): TelemetryQuestion[] {
  const workspace = { scope: 'workspace', workspaceId: monitor.workspaceId } as const;
  const resource = { scope: 'resource', resourceId: monitor.resourceId } as const;
  return [
    question({ table: 'AppRequests', source: workspace, ...changes }),
    question({ table: 'AppRequests', source: resource, ...changes }),
    question({ table: 'requests', source: resource, ...changes }),
  ];
}

function row(at: number, version: string, changes: Partial<RequestRow> = {}): RequestRow {
  return {
    timestamp: new Date(START + at),
    name: 'GET Reviews/Get',
    durationMilliseconds: 10,
    success: true,
    resultCode: '200',
    properties: { VersionTag: version },
    ...changes,
  };
}

/** Sums of reals depend on the order of their terms. */
function comparable(routes: readonly RouteSamples[]): unknown {
  const round = (value: number): number => Number(value.toPrecision(10));
  const arm = (side: RouteSamples['live']): unknown => ({
    ...side,
    sumMilliseconds: round(side.sumMilliseconds),
    sumSquaredMilliseconds: round(side.sumSquaredMilliseconds),
  });
  return routes.map((route) => ({ ...route, live: arm(route.live), mirror: arm(route.mirror) }));
}

/** Live before as the live version and live since as the mirror's, with nothing in between. */
function asTwoVersions(rows: readonly RequestRow[], { switchOn, from }: BeforeAndSince): RequestRow[] {
  return rows.flatMap((each) => {
    const at = each.timestamp.getTime();
    if (each.properties?.VersionTag !== LIVE || (at >= switchOn && at < from)) return [];
    if (at < switchOn) return [each];
    return [{ ...each, timestamp: new Date(at - (from - switchOn)), properties: { VersionTag: MIRROR } }];
  });
}

async function agree(
  rows: readonly RequestRow[],
  changes: Partial<TelemetryQuestion> = {},
  window = WINDOW,
): Promise<void> {
  const telemetry = adapter();
  for (const asked of everyWay(changes)) {
    const { routes } = await telemetry.read(asked, window);
    expect(comparable(routes)).toEqual(comparable(expectedRoutes(rows, asked, window)));
  }
}

describe('samples', () => {
  const text = fc.constantFrom(...STORABLE_TEXTS);
  const anyRow = fc.record({
    at: fc.oneof(fc.integer({ min: -1000, max: 301_000 }), fc.constantFrom(-1, 0, 29_999, 30_000, 299_999, 300_000)),
    version: fc.constantFrom(LIVE, LIVE, MIRROR, MIRROR, 'V2MIR-BookService', LIVE.toLowerCase()),
    name: fc.oneof(
      fc.constantFrom('GET Reviews/Get', 'GET Books/Get', 'POST Books', 'DELETE', 'POSTER', 'get books', 'Worker'),
      text,
    ),
    durationMilliseconds: fc.oneof(
      fc.double({ min: 0, max: 5000, noNaN: true }),
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom(0, 0.0005, 1, 1.02, 1.02 ** 7, 2, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_000_001),
    ),
    success: fc.boolean(),
    resultCode: fc.constantFrom('200', '500', '0', '', 'Faulted', '1000', '-1', '99999999999'),
    itemCount: fc.constantFrom(1, 1, 2, 15, 0),
    operationId: fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
  });
  const filters = fc.record({
    methods: fc.constantFrom(['GET', 'HEAD', 'OPTIONS'], ['*'], ['GET', 'POST']),
    include: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(text), fc.constant(['GET Books/Get'])),
    exclude: fc.oneof(fc.constant([]), fc.array(text), fc.constant(['GET Books/Get'])),
    latency: fc.constantFrom(question().latency, [
      { percentile: 90, maxIncreasePercent: 7, maxIncreaseMilliseconds: 0 },
    ]),
  });

  it('are those that the rows give one by one, in both schemas and both scopes', async () => {
    await holding([]);
    let day = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 30, maxLength: 150 }), filters, async (drawn, changes) => {
        day += 1; // what an earlier run has inserted is not in this one's window
        const offset = day * 86_400_000;
        const rows = drawn.map(({ at, version, ...rest }) => row(offset + at, version, rest));
        await monitor.insertRequests(rows);
        await agree(rows, changes, { start: START + offset, end: START + offset + 300_000 });
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it('are live before and live since, one after the other, where live is compared with itself', async () => {
    await holding([]);
    let day = 400;
    const span = fc.record({ switchOn: fc.integer({ min: 1, max: 250_000 }), gap: fc.constantFrom(0, 1, 45_678) });
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 30, maxLength: 150 }), span, async (drawn, { switchOn, gap }) => {
        day += 1;
        const start = START + day * 86_400_000;
        const compare = { switchOn: start + switchOn, from: start + switchOn + gap };
        const rows = drawn.map(({ at, version, ...rest }) => row(start - START + at, version, rest));
        await monitor.insertRequests(rows);
        const telemetry = adapter();
        for (const asked of everyWay({ compare })) {
          const { routes, queries } = await telemetry.read(asked, { start, end: start + 300_000 });
          const expected = expectedRoutes(asTwoVersions(rows, compare), asked, { start, end: start + 300_000 - gap });
          expect(comparable(routes)).toEqual(comparable(expected.map((route) => ({ ...route, pairs: null }))));
          expect(queries.length).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  it('weigh requests by itemCount and count rows beside them', async () => {
    await holding([
      row(0, LIVE, { itemCount: 15, durationMilliseconds: 10 }),
      row(1, LIVE, { itemCount: 1, durationMilliseconds: 1000 }),
      row(2, LIVE, { itemCount: 4, success: false, resultCode: '500' }),
    ]);
    const [route] = (await adapter().read(everyWay()[0] ?? question(), WINDOW)).routes;
    expect(route?.live).toMatchObject({
      items: 3,
      errorItems: 1,
      requests: 20,
      errors: 4,
      sumSquaredWeights: 225 + 1 + 16,
      successSumSquaredWeights: 226,
      histogram: { [bucketOf(10)]: 15, [bucketOf(1000)]: 1 },
      sumMilliseconds: 1150,
    });
    // p50 of requests, and p99 too, are in the bucket of the row that stands for fifteen - but p95 is not that of rows.
    expect(route?.blocks[0]?.live.atOrBelow).toEqual({ '50': 1, '95': 2, '99': 2 });
  });

  it('pair requests that both versions recorded exactly once under one operation and name', async () => {
    const both = (operationId: string, live: Partial<RequestRow>, mirror: Partial<RequestRow>): RequestRow[] => [
      row(0, LIVE, { operationId, durationMilliseconds: 1000, ...live }),
      row(1, MIRROR, { operationId, durationMilliseconds: 1000, ...mirror }),
    ];
    await holding([
      ...both('same', {}, {}),
      ...both('as slow as tolerated', {}, { durationMilliseconds: 1100 }),
      ...both('slower', {}, { durationMilliseconds: 1100.5 }),
      ...both('short and tolerated', { durationMilliseconds: 1 }, { durationMilliseconds: 21 }),
      ...both('short and slower', { durationMilliseconds: 1 }, { durationMilliseconds: 21.5 }),
      ...both('failed in the mirror', {}, { success: false, durationMilliseconds: 9000 }),
      ...both('failed in live', { success: false }, { durationMilliseconds: 9000 }),
      ...both('failed in both', { success: false }, { success: false, durationMilliseconds: 9000 }),
      ...both('sampled', { itemCount: 5 }, { itemCount: 5 }),
      ...both('twice in the mirror', {}, {}),
      row(2, MIRROR, { operationId: 'twice in the mirror' }),
      ...both('twice in live', {}, {}),
      row(2, LIVE, { operationId: 'twice in live' }),
      ...both('', {}, {}),
      ...both('other name', {}, { name: 'GET Books/Get' }),
      row(3, LIVE, { operationId: 'in live only', name: 'GET Books/Get' }),
    ]);
    for (const asked of everyWay()) {
      const { routes } = await adapter().read(asked, WINDOW);
      expect(routes.map(({ pairs }) => pairs)).toEqual([
        { count: 9, onlyMirrorFailed: 1, onlyLiveFailed: 1, slower: 2 },
        { count: 0, onlyMirrorFailed: 0, onlyLiveFailed: 0, slower: 0 },
      ]);
    }
  });

  it.each<[string[], Partial<TelemetryQuestion>]>([
    [['GET', 'GET a', 'GETTER', 'POST-processing', 'Post office', 'get a', 'Worker', 'OPTIONS *'], {}],
    [
      [
        'GET',
        'GET a',
        'GETTER',
        'POST',
        'POST a',
        'POST-processing',
        'Post office',
        'get a',
        'Worker',
        'PROPFIND /',
        'OPTIONS *',
      ],
      { methods: ['*'] },
    ],
    [['GETTER', 'POST', 'POST a', 'POST-processing', 'Post office', 'get a', 'Worker'], { methods: ['POST'] }],
    [['GET a'], { include: ['GET a', 'POST a', 'worker'] }],
    [
      ['GET', 'GETTER', 'POST-processing', 'Post office', 'get a', 'OPTIONS *'],
      { exclude: ['GET a', 'Worker', 'gEt'] },
    ],
    [['Worker'], { include: ['GET a', 'Worker'], exclude: ['GET a'] }],
  ])('are those of %j with %j', async (expected, changes) => {
    const names = [
      'GET',
      'GET a',
      'GETTER',
      'POST',
      'POST a',
      'POST-processing',
      'Post office',
      'get a',
      'Worker',
      'PROPFIND /',
      'OPTIONS *',
    ];
    await holding(names.flatMap((name, at) => [row(at, LIVE, { name }), row(at, MIRROR, { name })]));
    for (const asked of everyWay(changes)) {
      const { routes } = await adapter().read(asked, WINDOW);
      expect(routes.map(({ name }) => name)).toEqual(expected);
    }
  });

  it('keep the first 49 names that live reports, and sum the others', async () => {
    const rows = Array.from({ length: 120 }, (_, n) => {
      const name = `GET /api/books/${(n * 37) % 120}`;
      return [row(n * 2000, LIVE, { name }), row(n * 2000, MIRROR, { name, durationMilliseconds: 20 })];
    }).flat();
    rows.push(
      row(0, MIRROR, { name: 'GET /only/mirror' }),
      row(0, LIVE, { name: '(all)' }),
      row(0, LIVE, { name: '' }),
    );
    await holding(rows);
    await agree(rows);
    const { routes } = await adapter().read(everyWay()[0] ?? question(), WINDOW);
    expect(routes).toHaveLength(50);
    expect(routes[1]?.name).toBe('GET /api/books/37');
    expect(routes.at(-1)).toMatchObject({ name: '(other)', live: { items: 73 }, mirror: { items: 72 } });
  });

  it('are found under any text as property, version and name', async () => {
    await holding([]);
    for (const [n, text] of STORABLE_TEXTS.entries()) {
      if (text === '') continue; // no dimension is called that
      const rows = [LIVE, MIRROR].map((version) => {
        return row(0, '', { name: `${n}${text}`, properties: { [text]: version + text } });
      });
      await monitor.insertRequests(rows);
      const versions = { versionProperty: text, liveVersion: LIVE + text, mirrorVersion: MIRROR + text };
      const asked = everyWay({ ...versions, include: [`${n}${text}`] })[n % 3] ?? question();
      const { routes } = await adapter().read(asked, WINDOW);
      expect(routes, text).toEqual(expectedRoutes(rows, asked, WINDOW));
      expect(routes, text).toHaveLength(1);
    }
  });

  it('are empty for a window, or a source, without requests', async () => {
    await holding([row(-1, LIVE), row(300_000, MIRROR)]);
    for (const asked of everyWay()) {
      expect(await adapter().read(asked, WINDOW)).toMatchObject({ routes: [], queries: [expect.any(String)] });
    }
  });

  it('change when rows arrive late, because the whole window is read again', async () => {
    const rows = Array.from({ length: 40 }, (_, n) =>
      row(n * 1000, n % 2 === 0 ? LIVE : MIRROR, { operationId: `${n >> 1}` }),
    );
    const late = 10;
    await holding(rows, { ingestionDelayMilliseconds: (sequence) => (sequence < rows.length - late ? 0 : 3000) });
    const telemetry = adapter();
    const read = async (): Promise<unknown> =>
      comparable((await telemetry.read(everyWay()[0] ?? question(), WINDOW)).routes);
    expect(await read()).toEqual(comparable(expectedRoutes(rows.slice(0, -late), question(), WINDOW)));
    const all = comparable(expectedRoutes(rows, question(), WINDOW));
    await expect.poll(read, { timeout: 10_000, interval: 200 }).toEqual(all);
  });
});

describe('the verdict on what is read', () => {
  const analysis = {
    falseAlarmPercent: 5,
    minRequests: 50,
    latency: question().latency,
    errors: { maxIncreaseBasisPoints: 100 },
    coverage: { maxLossPercent: 5 },
  };
  /** Ten minutes of the lab: a route that every candidate serves like live does, and one on which it may not. */
  const lab = (candidate: (n: number) => Partial<RequestRow>): RequestRow[] =>
    Array.from({ length: 6000 }, (_, n) => {
      const name = n % 2 === 0 ? 'GET Reviews/Get' : 'GET Books/Get';
      const like = { name, operationId: `op${n}`, durationMilliseconds: 12 + ((n * 7919) % 17) };
      const changes = n % 2 === 0 ? candidate(n / 2) : {};
      return [row(n * 100, LIVE, like), row(n * 100, MIRROR, { ...like, ...changes })];
    }).flat();

  it.each<[string, string, (n: number) => Partial<RequestRow>]>([
    ['Pass', 'WithinTolerance', () => ({})],
    ['Fail', 'Latency', () => ({ durationMilliseconds: 1208 })],
    ['Fail', 'Errors', (n) => (n % 2 === 0 ? { success: false, resultCode: '500' } : {})],
    ['Fail', 'LostCopies', () => ({ durationMilliseconds: Number.NaN })],
  ])('is %s, %s, as in the lab', async (verdict, reason, candidate) => {
    await holding(lab(candidate));
    const window = { start: START, end: START + 600_000 };
    const samples = await adapter().read(everyWay()[0] ?? question(), window);
    const circumstances = { mirrorPercent: 100, elapsedSeconds: 600, deadline: false };
    expect(evaluate(evidenceDocument(samples, analysis, circumstances))).toMatchObject({ verdict, reason });
  });
});

describe('the first copy', () => {
  it('is the first request of the mirror that is asked about, at or after a time', async () => {
    await holding([
      row(100, LIVE),
      row(200, MIRROR, { name: 'POST Books' }),
      row(300, MIRROR, { name: 'GET /healthz' }),
      row(4000, MIRROR),
      row(9000, MIRROR),
    ]);
    for (const asked of everyWay({ exclude: ['GET /healthz'] })) {
      const telemetry = adapter();
      await expect(telemetry.firstCopy(asked, START)).resolves.toBe(START + 4000);
      await expect(telemetry.firstCopy(asked, START + 4000)).resolves.toBe(START + 4000);
      await expect(telemetry.firstCopy(asked, START + 4001)).resolves.toBe(START + 9000);
      await expect(telemetry.firstCopy(asked, START + 9001)).resolves.toBeUndefined();
    }
  });
});

describe('the probe', () => {
  it('proves that a source can be read', async () => {
    await holding([]);
    for (const asked of everyWay()) await expect(adapter().probe(asked)).resolves.toBeUndefined();
  });

  it('tells a source that is not there, and a table that is not in it', async () => {
    await holding([]);
    const nowhere = { scope: 'workspace', workspaceId: '00000000-0000-0000-0000-00000000dead' } as const;
    await expect(adapter().probe(question({ source: nowhere }))).rejects.toMatchObject({ kind: 'Configuration' });
    const classic = question({ table: 'requests', source: { scope: 'workspace', workspaceId: monitor.workspaceId } });
    await expect(adapter().probe(classic)).rejects.toMatchObject({
      kind: 'Configuration',
      message: expect.stringContaining('requests'),
    });
  });
});

describe('the bucket of a duration', () => {
  it("is the verdict's, for edges, whole milliseconds and anything between", async () => {
    await holding([]);
    const edges = Array.from({ length: 541 }, (_, n) => 1.02 ** (3 * n - 349));
    const anything = fc.sample(fc.double({ min: 0, max: 1e7, noNaN: true }), { numRuns: 200, seed: 1 });
    const durations = [0, 1e-9, 1e-3, ...edges, ...Array.from({ length: 200 }, (_, n) => n), ...anything];
    const kql = `datatable(Ms:real) [${durations.map(realLiteral).join(', ')}] | extend Bucket = ${bucketExpression('Ms')}`;
    const { rows } = await monitor.query(kql);
    expect(rows.map(([, bucket]) => bucket)).toEqual(rows.map(([ms]) => bucketOf(Number(ms))));
    expect(rows).toHaveLength(durations.length);
  });
});

describe('experiments that ask at the same time', () => {
  it('get the answers that each would get alone, from fewer queries', async () => {
    const versions = ['a', 'b', 'c', 'd', 'e'];
    const rows = versions.flatMap((version, place) =>
      Array.from({ length: 200 + 40 * place }, (_, n) => [
        row(n * 1000, `live-${version}`, { durationMilliseconds: 10 + (n % 7), operationId: `${version}${n}` }),
        row(n * 1000, `mirror-${version}`, {
          durationMilliseconds: 12 + (n % (5 + place)),
          operationId: `${version}${n}`,
          success: n % (10 + place) !== 0,
        }),
      ]).flat(),
    );
    await holding(rows);
    const questions = versions.flatMap((version, place) =>
      everyWay({
        liveVersion: `live-${version}`,
        mirrorVersion: `mirror-${version}`,
        latency: question().latency.slice(0, 1 + (place % 2)),
        ...(place === 4 && { compare: { switchOn: START + 100_000, from: START + 150_000 } }),
      }).slice(0, 1),
    );
    const alone = [];
    for (const each of questions) alone.push(comparable((await adapter().read(each, WINDOW)).routes));
    const before = monitor.queries().length;
    const telemetry = adapter();
    const together = await Promise.all(questions.map((each) => telemetry.read(each, WINDOW)));
    expect(together.map(({ routes }) => comparable(routes))).toEqual(alone);
    expect(monitor.queries().length - before).toBeLessThan(before);
    expect(monitor.queries().some(({ kql }) => kql.includes('let Leg3 = ()'))).toBe(true);
  });
});

describe('what a poll transfers', () => {
  it('does not grow with the requests', async () => {
    const bytes: number[] = [];
    for (const requests of [1000, 50_000]) {
      const rows = Array.from({ length: requests }, (_, n) => {
        const at = Math.floor((n / requests) * 300_000);
        const durationMilliseconds = 5 + ((n * 7919) % 400);
        const name = `GET /route/${n % 5}`;
        const changes = { name, durationMilliseconds, operationId: `op${n}` };
        return [row(at, LIVE, changes), row(at, MIRROR, changes)];
      }).flat();
      await holding(rows);
      const { routes } = await adapter().read(everyWay()[0] ?? question(), WINDOW);
      expect(routes.reduce((sum, { live }) => sum + live.items, 0)).toBe(requests);
      bytes.push(monitor.queries().reduce((sum, { responseBytes }) => sum + responseBytes, 0));
      if (requests === 1000) {
        forgetIdentity();
        await monitor.close();
      }
    }
    const [few = 0, many = 0] = bytes;
    // Longer numbers, and nothing else: 9,347 and 11,559 bytes when this was written.
    expect(many).toBeLessThan(few * 1.5);
  });
});
