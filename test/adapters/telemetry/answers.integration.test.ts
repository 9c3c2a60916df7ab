import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { question } from '../../core/query/questions.ts';
import { CELL_TYPES, cell } from '../../core/samples/tables.ts';
import { type Script, TOKEN_PREFIX } from './scriptedService.ts';
import {
  ASKED,
  BLOCKS,
  FIRST,
  failure,
  ofRead,
  PAIRS,
  SCOPE,
  SUMS,
  scriptedTelemetry,
  tables,
  WINDOW,
} from './scriptedTelemetry.ts';

const { service, adapter } = scriptedTelemetry();

describe('answers that are complete', () => {
  it('are asked for by workspace, with a token, a timespan and a limit on the time of the server', async () => {
    service().script(ofRead(SUMS, BLOCKS, PAIRS));
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
    // Blocks and pairs are asked at the same time, and come in either order.
    expect(samples.queries.toSorted()).toEqual(
      service()
        .received.map(({ query }) => query)
        .toSorted(),
    );
    expect(service().received).toHaveLength(3);
    for (const { path, prefer, timespan, authorization } of service().received) {
      expect(path).toBe('/v1/workspaces/00000000-0000-0000-0000-000000000001/query');
      expect(prefer).toBe('wait=60');
      expect(timespan).toBe('2026-01-01T00:00:00.000Z/2026-01-01T00:10:00.000Z');
      expect(authorization).toMatch(new RegExp(`^Bearer ${TOKEN_PREFIX}\\d+$`));
    }
    expect(service().tokenRequests).toHaveLength(1);
    expect(service().tokenRequests[0]?.get('scope')).toContain(SCOPE);
    expect(service().tokenRequests[0]?.get('client_assertion')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('are asked for by resource, whose id begins with one slash', async () => {
    const resourceId = '/subscriptions/s/resourceGroups/g/providers/microsoft.insights/components/c';
    service().script(FIRST);
    const asked = question({ table: 'requests', source: { scope: 'resource', resourceId } });
    await expect(adapter().firstCopy(asked, WINDOW.start)).resolves.toBe(Date.UTC(2026, 0, 1, 0, 2, 3, 456));
    expect(service().received[0]?.path).toBe(`/v1${resourceId}/query`);
    expect(service().received[0]?.timespan).toBe('2026-01-01T00:00:00.000Z/2026-02-01T00:00:00.000Z');
  });

  it('may be compressed, and may carry longs as text', async () => {
    const gzip = (script: { json: unknown }): Script => {
      return (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(gzipSync(JSON.stringify(script.json)));
      };
    };
    service().script(
      gzip(tables(CELL_TYPES, cell({ Items: '4', Requests: '4', SquaredWeights: '4', Bucket: '117' }))),
      gzip(BLOCKS),
      gzip(PAIRS),
    );
    const { routes } = await adapter().read(ASKED, WINDOW);
    expect(routes[0]?.live.histogram).toEqual({ '117': 4 });
  });

  it('use the scope and the endpoint of another cloud', async () => {
    service().script(FIRST);
    const scope = 'https://api.loganalytics.us/.default';
    const telemetry = adapter({ scope, endpoint: `${service().authorityHost}/` });
    await telemetry.firstCopy(ASKED, WINDOW.start);
    expect(service().tokenRequests[0]?.get('scope')).toContain(scope);
    expect(service().received[0]?.path).toMatch(/^\/v1\/workspaces/);
  });

  it('share one token', async () => {
    service().script(FIRST);
    const telemetry = adapter();
    for (let call = 0; call < 3; call += 1) await telemetry.firstCopy(ASKED, WINDOW.start);
    expect(service().received).toHaveLength(3);
    expect(service().tokenRequests).toHaveLength(1);
  });
});

describe('a workspace without data', () => {
  it('has empty samples and no first copy', async () => {
    service().script({ status: 204 });
    const telemetry = adapter();
    await expect(telemetry.probe(ASKED)).resolves.toBeUndefined();
    await expect(telemetry.firstCopy(ASKED, WINDOW.start)).resolves.toBeUndefined();
    await expect(telemetry.read(ASKED, WINDOW)).resolves.toMatchObject({ routes: [] });
    expect(service().received).toHaveLength(3);
  });

  it('has no first copy when the earliest time is null', async () => {
    service().script(tables({ First: 'datetime' }, { First: null }));
    await expect(adapter().firstCopy(ASKED, WINDOW.start)).resolves.toBeUndefined();
  });

  it('is not believed when the sums have just had data', async () => {
    service().script(SUMS, { status: 204 });
    expect(await failure(adapter().read(ASKED, WINDOW))).toMatchObject({ kind: 'Unavailable' });
  });

  it('is not asked about a window that has not begun', async () => {
    service().script(SUMS);
    await expect(adapter().read(ASKED, { start: 2, end: 2 })).resolves.toEqual({ routes: [], queries: [] });
    expect(service().received).toEqual([]);
  });
});
