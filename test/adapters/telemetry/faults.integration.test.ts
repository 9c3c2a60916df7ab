import { once } from 'node:events';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLogAnalytics, type LogAnalyticsSettings } from '../../../src/adapters/telemetry/logAnalytics.ts';
import type { Telemetry } from '../../../src/engine/ports/telemetry.ts';
import { TelemetryError, type TelemetryErrorKind } from '../../../src/engine/ports/telemetry.ts';
import { question } from '../../core/query/questions.ts';
import { blockTypes, CELL_TYPES, cell, PAIR_TYPES, table } from '../../core/samples/tables.ts';
import { assumeWorkloadIdentity } from '../../support/azureIdentity.ts';
import { type Script, type ScriptedService, startScriptedService, TOKEN_PREFIX } from './scriptedService.ts';

const WINDOW = { start: Date.UTC(2026, 0, 1), end: Date.UTC(2026, 0, 1, 0, 10) };
const SCOPE = 'https://api.loganalytics.io/.default';
const ASKED = question({ latency: [{ percentile: 50, maxIncreasePercent: 10, maxIncreaseMilliseconds: 20 }] });

let service: ScriptedService;
let forgetIdentity: () => void;

beforeAll(async () => {
  service = await startScriptedService();
  forgetIdentity = assumeWorkloadIdentity(service);
});
afterEach(() => service.scriptToken(undefined));
afterAll(async () => {
  forgetIdentity();
  await service.close();
});

function adapter(changes: Partial<LogAnalyticsSettings> = {}): Telemetry {
  return createLogAnalytics({
    endpoint: service.endpoint,
    scope: SCOPE,
    authorityHost: service.authorityHost,
    credential: 'workload',
    ...changes,
  });
}

/** The service's JSON for a table. */
function tables(types: Readonly<Record<string, string>>, ...rows: Record<string, unknown>[]): { json: unknown } {
  return { json: { tables: [{ name: 'PrimaryResult', ...table(types, rows) }] } };
}

const SUMS = tables(CELL_TYPES, cell({ Items: 4 }), cell({ Live: false, Items: 3 }));
const BLOCK = { Route: 0, Block: 2, LiveItems: 4, LiveFailed: 0, MirrorItems: 3, MirrorFailed: 0, L0: 4, M0: 3 };
const BLOCKS = tables(blockTypes(1), BLOCK);
const PAIRS = tables(PAIR_TYPES, { Route: 0, Pairs: 3, OnlyMirrorFailed: 1, OnlyLiveFailed: 0, Slower: 1 });
const FIRST = tables({ First: 'datetime' }, { First: '2026-01-01T00:02:03.4567891Z' });

async function failure(call: Promise<unknown>): Promise<TelemetryError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof TelemetryError)) throw new Error(`expected a TelemetryError, got ${inspect(error)}`);
  return error;
}

describe('answers that are complete', () => {
  it('are asked for by workspace, with a token, a timespan and a limit on the time of the server', async () => {
    service.script(SUMS, BLOCKS, PAIRS);
    const samples = await adapter().read(ASKED, WINDOW);
    expect(samples.routes).toMatchObject([
      {
        name: 'GET a',
        live: { items: 4 },
        mirror: { items: 3 },
        blocks: [{ start: 60, live: { items: 4, atOrBelow: { '50': 4 } }, mirror: { atOrBelow: { '50': 3 } } }],
        pairs: { count: 3, onlyMirrorFailed: 1, onlyLiveFailed: 0, slower: 1 },
      },
    ]);
    expect(samples.queries).toEqual(service.received.map(({ query }) => query));
    expect(service.received).toHaveLength(3);
    for (const { path, prefer, timespan, authorization } of service.received) {
      expect(path).toBe('/v1/workspaces/00000000-0000-0000-0000-000000000001/query');
      expect(prefer).toBe('wait=60');
      expect(timespan).toBe('2026-01-01T00:00:00.000Z/2026-01-01T00:10:00.000Z');
      expect(authorization).toMatch(new RegExp(`^Bearer ${TOKEN_PREFIX}\\d+$`));
    }
    expect(service.tokenRequests).toHaveLength(1);
    expect(service.tokenRequests[0]?.get('scope')).toContain(SCOPE);
    expect(service.tokenRequests[0]?.get('client_assertion')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('are asked for by resource, whose id begins with one slash', async () => {
    const resourceId = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c';
    service.script(FIRST);
    const asked = question({ table: 'requests', source: { scope: 'resource', resourceId } });
    await expect(adapter().firstCopy(asked, WINDOW.start)).resolves.toBe(Date.UTC(2026, 0, 1, 0, 2, 3, 456));
    expect(service.received[0]?.path).toBe(`/v1${resourceId}/query`);
    expect(service.received[0]?.timespan).toBe('2026-01-01T00:00:00.000Z/P31D');
  });

  it('may be compressed, and may carry longs as text', async () => {
    const gzip = (script: { json: unknown }): Script => {
      return (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(JSON.stringify(script.json)));
      };
    };
    service.script(
      gzip(tables(CELL_TYPES, cell({ Items: '4', Requests: '4', SquaredWeights: '4', Bucket: '117' }))),
      gzip(BLOCKS),
      gzip(PAIRS),
    );
    const { routes } = await adapter().read(ASKED, WINDOW);
    expect(routes[0]?.live.histogram).toEqual({ '117': 4 });
  });

  it('use the scope and the endpoint of another cloud', async () => {
    service.script(FIRST);
    const scope = 'https://api.loganalytics.us/.default';
    const telemetry = adapter({ scope, endpoint: `${service.authorityHost}/` });
    await telemetry.firstCopy(ASKED, WINDOW.start);
    expect(service.tokenRequests[0]?.get('scope')).toContain(scope);
    expect(service.received[0]?.path).toMatch(/^\/v1\/workspaces/);
  });

  it('share one token', async () => {
    service.script(FIRST);
    const telemetry = adapter();
    for (let call = 0; call < 3; call += 1) await telemetry.firstCopy(ASKED, WINDOW.start);
    expect(service.received).toHaveLength(3);
    expect(service.tokenRequests).toHaveLength(1);
  });
});

describe('a workspace without data', () => {
  it('has empty samples and no first copy', async () => {
    service.script({ status: 204 });
    const telemetry = adapter();
    await expect(telemetry.probe(ASKED)).resolves.toBeUndefined();
    await expect(telemetry.firstCopy(ASKED, WINDOW.start)).resolves.toBeUndefined();
    await expect(telemetry.read(ASKED, WINDOW)).resolves.toMatchObject({ routes: [] });
    expect(service.received).toHaveLength(3);
  });

  it('has no first copy when the earliest time is null', async () => {
    service.script(tables({ First: 'datetime' }, { First: null }));
    await expect(adapter().firstCopy(ASKED, WINDOW.start)).resolves.toBeUndefined();
  });

  it('is not believed when the sums have just had data', async () => {
    service.script(SUMS, { status: 204 });
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Unavailable' });
  });

  it('is not asked about a window that has not begun', async () => {
    service.script(SUMS);
    await expect(adapter().read(ASKED, { start: 2, end: 2 })).resolves.toEqual({ routes: [], queries: [] });
    expect(service.received).toEqual([]);
  });
});

const PARTIAL = {
  json: {
    ...(SUMS.json as object),
    error: {
      code: 'PartialError',
      message: 'There were some errors when processing your query.',
      details: [{ code: 'EngineError', innererror: { message: 'The results of this query exceed the set limit' } }],
    },
  },
};
const innermost = { code: 'SEM0100', message: "Failed to resolve table expression named 'AppRequests'" };
const REFUSED = { error: { code: 'BadArgumentError', message: 'Invalid', innererror: innermost } };

describe('faults', () => {
  it.each<[string, Script, TelemetryErrorKind, RegExp]>([
    ['an empty 200', { status: 200, headers: { 'content-type': 'application/json' } }, 'Unavailable', /empty/],
    ['HTML with 200', { text: '<html>hello</html>' }, 'Unavailable', /not JSON/],
    ['HTML with 502', { status: 502, text: '<html>Bad Gateway</html>' }, 'Unavailable', /502/],
    [
      'JSON that was cut',
      { text: '{"tables":[', headers: { 'content-type': 'application/json' } },
      'Unavailable',
      /not JSON/,
    ],
    ['JSON without tables', { json: {} }, 'Malformed', /no tables/],
    ['an answer without a table', { json: { tables: [] } }, 'Malformed', /without a table/],
    ['a partial answer', PARTIAL, 'Partial', /exceed the set limit/],
    ['500', { status: 500 }, 'Unavailable', /500/],
    ['503', { status: 503 }, 'Unavailable', /503/],
    ['504', { status: 504 }, 'Unavailable', /504/],
    ['400', { status: 400, json: REFUSED }, 'Configuration', /named 'AppRequests'/],
    ['404', { status: 404, json: { error: { message: 'no such workspace' } } }, 'Configuration', /no such workspace/],
    ['401', { status: 401 }, 'Unauthorized', /LOG_ANALYTICS_SCOPE/],
    ['403', { status: 403 }, 'Unauthorized', /Log Analytics Reader/],
    ['a connection that is cut', (response) => void response.destroy(), 'Unavailable', /no connection/],
    [
      'a body that is cut',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"tables"', () => response.destroy());
      },
      'Unavailable',
      /no connection/,
    ],
  ])('%s is told by each method, at once', async (_, script, kind, message) => {
    const telemetry = adapter();
    const calls = [
      () => telemetry.probe(ASKED),
      () => telemetry.firstCopy(ASKED, WINDOW.start),
      () => telemetry.read(ASKED, WINDOW),
    ];
    for (const call of calls) {
      service.script(script);
      const error = await failure(call());
      expect(error).toMatchObject({ kind, message: expect.stringMatching(message) });
      expect(service.received).toHaveLength(1);
    }
  });

  it.each<[string, Script[]]>([
    ['the second', [SUMS, PARTIAL]],
    ['the third', [SUMS, BLOCKS, PARTIAL]],
  ])('a partial answer to %s query of a read leaves nothing behind', async (_, scripts) => {
    service.script(...scripts);
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Partial' });
  });

  it.each<[string, Script[]]>([
    ['text in place of numbers', [tables({ ...CELL_TYPES, Items: 'string' }, cell({ Items: '1' }))]],
    ['a missing column', [tables({ Route: 'string' }, { Route: 'GET a' })]],
    ['a negative count', [tables(CELL_TYPES, cell({ Items: -1 }))]],
    ['a fraction of a row', [tables(CELL_TYPES, cell({ Items: 0.5 }))]],
    ['a null sum', [tables(CELL_TYPES, cell({ SumMs: null }))]],
    ['a row that is too short', [{ json: { tables: [{ columns: table(CELL_TYPES, []).columns, rows: [[]] }] } }]],
    ['a block of an unknown route', [SUMS, tables(blockTypes(1), { ...BLOCK, Route: 1 }), PAIRS]],
    ['pairs without columns', [SUMS, BLOCKS, tables({}, {})]],
  ])('%s in an answer is Malformed', async (_, scripts) => {
    service.script(...scripts);
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Malformed' });
  });

  it.each(['2026', 5, 'never'])('a first copy at %j is Malformed', async (First) => {
    service.script(tables({ First: First === 'never' ? 'datetime' : 'string' }, { First }));
    expect(await failure(adapter().firstCopy(ASKED, WINDOW.start))).toMatchObject({ kind: 'Malformed' });
  });

  it('a service that is not there is Unavailable', async () => {
    const gone = adapter({ endpoint: 'https://127.0.0.1:1/v1' });
    expect(await failure(gone.probe(ASKED))).toMatchObject({ kind: 'Unavailable', message: /ECONNREFUSED/ });
  });

  it('a certificate that is not trusted is Unavailable, and says what to do', async () => {
    const stranger = await startScriptedService();
    try {
      const error = await failure(adapter({ endpoint: stranger.endpoint }).probe(ASKED));
      expect(error).toMatchObject({ kind: 'Unavailable', message: /NODE_EXTRA_CA_CERTS/ });
    } finally {
      await stranger.close();
    }
  });

  it('an endpoint without TLS is refused when the operator starts', () => {
    expect(() => adapter({ endpoint: 'http://127.0.0.1/v1' })).toThrow('must be https');
  });
});

describe('throttling', () => {
  it.each<[Record<string, string>, number]>([
    [{ 'retry-after': '7' }, 7],
    [{}, 30],
    [{ 'retry-after': '86400' }, 300],
  ])('with the headers %j is told at once, to wait for %d s', async (headers, seconds) => {
    service.script({ status: 429, headers, json: { error: { message: 'slow down' } } });
    const error = await failure(adapter().read(ASKED, WINDOW));
    expect(error).toMatchObject({ kind: 'Throttled', retryAfterSeconds: seconds, message: /slow down/ });
    expect(service.received).toHaveLength(1);
  });

  it('holds back the queries of every experiment until the time is over', async () => {
    service.script({ status: 429, headers: { 'retry-after': '1' } }, FIRST);
    const telemetry = adapter();
    await failure(telemetry.probe(ASKED));
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({ kind: 'Throttled', retryAfterSeconds: 1 });
    expect(service.received).toHaveLength(1);
    await expect.poll(() => telemetry.probe(ASKED).then(() => 'ok', String), { timeout: 5000 }).toBe('ok');
    expect(service.received).toHaveLength(2);
  });

  it('of 503 with Retry-After is handed on without waiting', async () => {
    service.script({ status: 503, headers: { 'retry-after': '3600' } });
    expect(await failure(adapter().probe(ASKED))).toMatchObject({ kind: 'Unavailable', retryAfterSeconds: 300 });
  });

  it('never has more than five queries under way', async () => {
    let open = 0;
    let most = 0;
    service.script(async (response) => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 20));
      open -= 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(FIRST.json));
    });
    const telemetry = adapter();
    await Promise.all(Array.from({ length: 12 }, () => telemetry.probe(ASKED)));
    expect(service.received).toHaveLength(12);
    expect(most).toBe(5);
  });
});

describe('tokens', () => {
  it('that cannot be had are Unauthorized, with what the token endpoint says', async () => {
    service.script(FIRST);
    const refusal = {
      error: 'invalid_client',
      error_description: 'AADSTS700024: Client assertion is not within its time',
    };
    service.scriptToken({ status: 401, json: refusal });
    const error = await failure(adapter().probe(ASKED));
    expect(error).toMatchObject({ kind: 'Unauthorized', message: /AZURE_FEDERATED_TOKEN_FILE.*AADSTS700024/ });
    expect(service.received).toEqual([]);
  });

  it('are asked for again after a failure', async () => {
    service.script(FIRST);
    const telemetry = adapter();
    service.scriptToken({ status: 503, json: { error: 'temporarily_unavailable', error_description: 'AADSTS90033' } });
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({ kind: 'Unavailable', message: /token endpoint/ });
    service.scriptToken(undefined);
    await expect(telemetry.probe(ASKED)).resolves.toBeUndefined();
  });

  it.each([401, 403])('are replaced after %d', async (status) => {
    service.script({ status }, FIRST);
    const telemetry = adapter();
    await failure(telemetry.probe(ASKED));
    await telemetry.probe(ASKED);
    expect(new Set(service.received.map(({ authorization }) => authorization)).size).toBe(2);
  });

  it('never get into an error', async () => {
    for (const script of [
      { status: 401 },
      { status: 500 },
      { json: {} },
      (r: { destroy(): unknown }) => void r.destroy(),
    ]) {
      service.script(script);
      const error = await failure(adapter().probe(ASKED));
      const shown = `${inspect(error, { depth: 20, showHidden: true })} ${JSON.stringify(error)} ${error.stack}`;
      expect(service.received[0]?.authorization).toContain(TOKEN_PREFIX);
      expect(shown).not.toContain(TOKEN_PREFIX);
    }
    service.scriptToken({ status: 400, json: { error: 'invalid_request', error_description: 'AADSTS1: no' } });
    const error = await failure(adapter().probe(ASKED));
    const assertion = service.tokenRequests.at(-1)?.get('client_assertion') ?? '';
    expect(assertion).not.toBe('');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(assertion);
  });
});

describe('time', () => {
  /** Leaves the request unanswered; the promise is kept when the client has gone. */
  function hang(): { script: Script; arrived: Promise<void>; gone: Promise<unknown> } {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<unknown>();
    return {
      script: (response) => {
        gone.resolve(once(response, 'close'));
        arrived.resolve();
      },
      arrived: arrived.promise,
      gone: arrived.promise.then(() => gone.promise),
    };
  }

  it('is bounded for each call, and the request is cancelled', async () => {
    const hanging = hang();
    service.script(hanging.script);
    const error = await failure(adapter({ timeoutSeconds: 0.5 }).probe(ASKED));
    expect(error).toMatchObject({ kind: 'Unavailable', message: /within 0.5 s/ });
    await hanging.gone;
  });

  it('is bounded while the token endpoint says nothing', async () => {
    service.script(FIRST);
    service.scriptToken(() => {});
    expect(await failure(adapter({ timeoutSeconds: 0.5 }).probe(ASKED))).toMatchObject({ kind: 'Unavailable' });
  });

  it('ends with the signal: the request is cancelled, and the reason is handed on', async () => {
    const hanging = hang();
    service.script(SUMS, hanging.script);
    const controller = new AbortController();
    const call = adapter().read(ASKED, WINDOW, controller.signal);
    await hanging.arrived;
    const reason = new Error('the operator stops');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await hanging.gone;
    expect(service.received).toHaveLength(2);
  });

  it('does not begin when the signal is aborted', async () => {
    service.script(FIRST);
    await expect(adapter().probe(ASKED, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(service.received).toEqual([]);
  });
});

describe('sources outside of what the installation allows', () => {
  it('are not asked', async () => {
    service.script(FIRST);
    const telemetry = adapter({ allowedSources: { shop: ['other'] } });
    expect(await failure(telemetry.probe(ASKED))).toMatchObject({ kind: 'Configuration', message: /ALLOWED_SOURCES/ });
    expect(await failure(telemetry.read(ASKED, WINDOW))).toMatchObject({ kind: 'Configuration' });
    expect(service.received).toEqual([]);
  });

  it('are not reached by dots in a resource id', async () => {
    service.script(FIRST);
    const resourceId = '/subscriptions/s/resourceGroups/g/providers/p/../../../../workspaces/w';
    const error = await failure(adapter().probe(question({ source: { scope: 'resource', resourceId } })));
    expect(error).toMatchObject({ kind: 'Configuration' });
    expect(service.received).toEqual([]);
  });
});
