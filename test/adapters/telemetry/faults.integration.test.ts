import { describe, expect, it } from 'vitest';
import type { TelemetryErrorKind } from '../../../src/engine/ports/telemetry.ts';
import { blockTypes, CELL_TYPES, cell, table } from '../../core/samples/tables.ts';
import { type Script, startScriptedService } from './scriptedService.ts';
import {
  ASKED,
  BLOCK,
  BLOCKS,
  failure,
  ofRead,
  PAIRS,
  SUMS,
  scriptedTelemetry,
  tables,
  WINDOW,
} from './scriptedTelemetry.ts';

const { service, adapter } = scriptedTelemetry();

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
      service().script(script);
      const error = await failure(call());
      expect(error).toMatchObject({ kind, message: expect.stringMatching(message) });
      expect(service().received).toHaveLength(1);
    }
  });

  it.each<[string, Script]>([
    ['the second', ofRead(SUMS, PARTIAL, PAIRS)],
    ['the third', ofRead(SUMS, BLOCKS, PARTIAL)],
  ])('a partial answer to %s query of a read leaves nothing behind', async (_, script) => {
    service().script(script);
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Partial' });
  });

  it.each<[string, Script[]]>([
    ['text in place of numbers', [tables({ ...CELL_TYPES, Items: 'string' }, cell({ Items: '1' }))]],
    ['a missing column', [tables({ Route: 'string' }, { Route: 'GET a' })]],
    ['a negative count', [tables(CELL_TYPES, cell({ Items: -1 }))]],
    ['a fraction of a row', [tables(CELL_TYPES, cell({ Items: 0.5 }))]],
    ['a null sum', [tables(CELL_TYPES, cell({ SumMs: null }))]],
    ['a row that is too short', [{ json: { tables: [{ columns: table(CELL_TYPES, []).columns, rows: [[]] }] } }]],
    ['a block of an unknown route', [ofRead(SUMS, tables(blockTypes(1), { ...BLOCK, Route: 1 }), PAIRS)]],
    ['pairs without columns', [ofRead(SUMS, BLOCKS, tables({}, {}))]],
  ])('%s in an answer is Malformed', async (_, scripts) => {
    service().script(...scripts);
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Malformed' });
  });

  it.each(['2026', 5, 'never'])('a first copy at %j is Malformed', async (First) => {
    service().script(tables({ First: First === 'never' ? 'datetime' : 'string' }, { First }));
    expect(await failure(adapter().firstCopy(ASKED, WINDOW.start))).toMatchObject({ kind: 'Malformed' });
  });

  it('a service that is not there is Unavailable', async () => {
    const gone = adapter({ endpoint: 'https://127.0.0.1:1/v1' });
    expect(await failure(gone.probe(ASKED))).toMatchObject({
      kind: 'Unavailable',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it('a certificate that is not trusted is Unavailable, and says what to do', async () => {
    const stranger = await startScriptedService();
    try {
      const error = await failure(adapter({ endpoint: stranger.endpoint }).probe(ASKED));
      expect(error).toMatchObject({ kind: 'Unavailable', message: expect.stringMatching(/NODE_EXTRA_CA_CERTS/) });
    } finally {
      await stranger.close();
    }
  });

  it('an endpoint without TLS is refused when the operator starts', () => {
    expect(() => adapter({ endpoint: 'http://127.0.0.1/v1' })).toThrow('must be https');
  });
});
