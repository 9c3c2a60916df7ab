import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { LogsQueryClient } from '@azure/monitor-query-logs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../demo/azure-monitor/index.ts';
import { claims, type LiveMonitor, rejection, startLive } from './live.ts';
import { copies } from './support.ts';

const DAY = { startTime: new Date('2025-03-01T00:00:00Z'), endTime: new Date('2025-03-02T00:00:00Z') };
const COUNT = 'AppRequests | summarize Items = count(), Ms = avg(DurationMs)';
const rows = copies(50);
let live: LiveMonitor;

beforeAll(async () => {
  live = await startLive();
  await live.monitor.insertRequests(rows);
}, 60_000);
afterAll(() => live.close());
beforeEach(() => live.monitor.fault(undefined));

const ask = (kql = COUNT) => live.client.queryWorkspace(live.monitor.workspaceId, kql, DAY);
const mean = rows.reduce((sum, row) => sum + row.durationMilliseconds, 0) / rows.length;
const right = {
  status: 'Success',
  tables: [{ name: 'PrimaryResult', rows: [[rows.length, mean]] }],
};

describe('the real query client', () => {
  it('reads a workspace, with its column types', async () => {
    const result = await ask(
      'AppRequests | sort by TimeGenerated asc | take 1 | project Name, DurationMs, Success, Properties, ItemCount, TimeGenerated, Items = tolong(ItemCount)',
    );
    expect(result).toMatchObject({
      status: 'Success',
      tables: [
        {
          columnDescriptors: ['string', 'real', 'bool', 'dynamic', 'int', 'datetime', 'long'].map((type) => ({ type })),
          rows: [
            ['GET Books/Get', 0, true, { VersionTag: 'V1MIR-BookService' }, 1, new Date('2025-03-01T00:00:00Z'), 1],
          ],
        },
      ],
    });
  });

  it('reads a resource by its classic tables, which a workspace does not have', async () => {
    const kql = 'requests | summarize Items = count() by success | sort by success asc';
    const failed = rows.filter(({ success }) => !success).length;
    expect(await live.client.queryResource(live.monitor.resourceId.slice(1), kql, DAY)).toMatchObject({
      tables: [
        {
          rows: [
            ['False', failed],
            ['True', rows.length - failed],
          ],
        },
      ],
    });
    expect(await rejection(ask(kql))).toMatchObject({ statusCode: 400, code: 'BadArgumentError' });
  });

  it('limits by the timespan of the request', async () => {
    const late = { startTime: new Date('2025-03-01T00:00:30Z'), endTime: DAY.endTime };
    const result = await live.client.queryWorkspace(live.monitor.workspaceId, 'AppRequests | count', late);
    const expected = rows.filter(({ timestamp }) => timestamp >= late.startTime).length;
    expect(expected).toBeLessThan(rows.length);
    expect(result).toMatchObject({ tables: [{ rows: [[expected]] }] });
  });

  it('is told what is wrong with a query, and where', async () => {
    const error = await rejection(ask('AppRequests\n| where Nme == "x"'));
    expect(error).toMatchObject({ statusCode: 400, code: 'BadArgumentError' });
    expect(JSON.stringify(error)).toContain("named 'Nme'");
    expect(JSON.stringify(await rejection(ask('AppRequests | mv-expand Properties')))).toContain('stand-in');
  });

  it('is told that a workspace or a resource is not known', async () => {
    const unknown = '00000000-0000-0000-0000-000000000000';
    expect(await rejection(live.client.queryWorkspace(unknown, COUNT, DAY))).toMatchObject({
      statusCode: 404,
      code: 'WorkspaceNotFoundError',
    });
    const other = `${live.monitor.resourceId.slice(1)}-other`;
    expect(await rejection(live.client.queryResource(other, COUNT, DAY))).toMatchObject({ statusCode: 404 });
  });

  it('gets at most 500,000 rows, and is told that there were more', async () => {
    const all = await ask('range x from 1 to 500000 step 1');
    expect(all).toMatchObject({ status: 'Success' });
    const result = await ask('range x from 1 to 500001 step 1');
    expect(result).toMatchObject({ status: 'PartialFailure', partialError: { code: 'PartialError' } });
    expect('partialTables' in result && result.partialTables[0]?.rows.length).toBe(500_000);
  });

  it('is logged', async () => {
    await ask();
    expect(live.monitor.queries().at(-1)).toMatchObject({
      scope: 'workspace',
      target: live.monitor.workspaceId,
      kql: COUNT,
      timespan: '2025-03-01T00:00:00.000Z/2025-03-02T00:00:00.000Z',
      status: 200,
      rows: 1,
      responseBytes: expect.any(Number),
    });
  });

  it('sees the same as the query in process', async () => {
    const table = await live.monitor.query(COUNT, { start: DAY.startTime, end: DAY.endTime });
    expect(table.rows).toEqual([[rows.length, mean]]);
  });
});

describe('authentication', () => {
  async function status(authorization: string | undefined): Promise<number | undefined> {
    const ca = await readFile(live.monitor.caFile, 'utf8');
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
    request(`${live.monitor.queryEndpoint}/workspaces/${live.monitor.workspaceId}/query`, {
      method: 'POST',
      ca,
      headers,
    })
      .on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      })
      .on('error', reject)
      .end(JSON.stringify({ query: COUNT }));
    return promise;
  }

  it('is required', async () => {
    expect(await status(undefined)).toBe(401);
    expect(await status('Bearer made-up')).toBe(401);
    const credential = await live.credential(claims());
    const token = await credential.getToken('https://api.loganalytics.io/.default');
    expect(await status(`Bearer ${token.token}`)).toBe(200);
  });

  it.each([
    ['meant for another audience', { aud: ['https://kubernetes.default.svc'] }, /AADSTS700212/],
    ['expired', { exp: 1_700_000_000 }, /AADSTS700024/],
    ['without an end', { exp: undefined }, /AADSTS700024/],
    ['without a subject', { sub: undefined }, /AADSTS700021/],
  ])('a federated token %s is refused', async (_what, change, message) => {
    const credential = await live.credential({ ...claims(), ...change });
    const error = await rejection(credential.getToken('https://api.loganalytics.io/.default'));
    expect(error.message).toMatch(message);
  });

  it('what is no token, and what is no scope of the service, are refused', async () => {
    const scope = 'https://api.loganalytics.io/.default';
    const noToken = await live.credential('not-a-token');
    expect((await rejection(noToken.getToken(scope))).message).toMatch(/AADSTS50027/);
    const credential = await live.credential(claims());
    expect((await rejection(credential.getToken('https://vault.azure.net/.default'))).message).toMatch(/AADSTS500011/);
  });

  it('a token endpoint that fails is seen by the client, until it is well again', async () => {
    live.monitor.fault({ kind: 'token', status: 401 });
    const credential = await live.credential(claims());
    const client = new LogsQueryClient(credential, {
      endpoint: live.monitor.queryEndpoint,
      tlsOptions: { ca: await readFile(live.monitor.caFile, 'utf8') },
      retryOptions: { maxRetries: 0 },
    });
    const error = await rejection(client.queryWorkspace(live.monitor.workspaceId, COUNT, DAY));
    expect(error.name).toBe('AuthenticationRequiredError');
    expect(error.message).toMatch(/AADSTS700016/);
    live.monitor.fault(undefined);
    expect(await client.queryWorkspace(live.monitor.workspaceId, COUNT, DAY)).toMatchObject(right);
  });
});

describe('faults, as the real client sees them', () => {
  it.each<[Fault, Record<string, unknown>]>([
    [{ kind: 'throttled' }, { statusCode: 429, code: 'ThrottledError' }],
    [{ kind: 'status', status: 401 }, { statusCode: 401 }],
    [
      { kind: 'status', status: 403 },
      { statusCode: 403, code: 'InsufficientAccessError' },
    ],
    [{ kind: 'status', status: 500 }, { statusCode: 500 }],
    [{ kind: 'status', status: 503 }, { statusCode: 503 }],
    [{ kind: 'reset' }, { code: 'ECONNRESET' }],
    // The client has no status for these: facts of its version 1.0.0.
    [{ kind: 'html' }, { name: 'TypeError' }],
    [{ kind: 'noContent' }, { name: 'TypeError' }],
    [{ kind: 'empty' }, { name: 'TypeError' }],
  ])('%o', async (fault, seen) => {
    live.monitor.fault(fault);
    expect(await rejection(ask())).toMatchObject(seen);
    live.monitor.fault(undefined);
    expect(await ask()).toMatchObject(right);
  });

  it('Retry-After makes the client wait and ask again', async () => {
    const patient = new LogsQueryClient(await live.credential(claims()), {
      endpoint: live.monitor.queryEndpoint,
      tlsOptions: { ca: await readFile(live.monitor.caFile, 'utf8') },
    });
    live.monitor.fault({ kind: 'throttled', retryAfterSeconds: 1, answers: 1 });
    const before = live.monitor.queries().length;
    expect(await patient.queryWorkspace(live.monitor.workspaceId, COUNT, DAY)).toMatchObject(right);
    expect(
      live.monitor
        .queries()
        .slice(before)
        .map(({ status }) => status),
    ).toEqual([429, 200]);
  });

  it('a partial result has half of the rows and says so', async () => {
    live.monitor.fault({ kind: 'partial' });
    const result = await ask('AppRequests | project Name');
    expect(result).toMatchObject({ status: 'PartialFailure', partialError: { code: 'PartialError' } });
    expect('partialTables' in result && result.partialTables[0]?.rows.length).toBe(rows.length / 2);
  });

  it('wrong column types', async () => {
    live.monitor.fault({ kind: 'wrongTypes' });
    expect(await ask()).toMatchObject({
      tables: [
        { columnDescriptors: [{ type: 'string' }, { type: 'string' }], rows: [[String(rows.length), String(mean)]] },
      ],
    });
  });

  it.each<Fault>([{ kind: 'hang' }, { kind: 'slow', milliseconds: 30_000 }])(
    '%o ends at the client’s timeout',
    async (fault) => {
      live.monitor.fault(fault);
      const hurried = live.client.queryWorkspace(live.monitor.workspaceId, COUNT, DAY, {
        requestOptions: { timeout: 300 },
      });
      expect((await rejection(hurried)).name).toBe('AbortError');
      live.monitor.fault(undefined);
      expect(await ask()).toMatchObject(right);
    },
  );

  it('a slow answer is the right one', async () => {
    live.monitor.fault({ kind: 'slow', milliseconds: 50, answers: 1 });
    expect(await ask()).toMatchObject(right);
    expect(live.monitor.queries().at(-1)?.milliseconds).toBeGreaterThanOrEqual(50);
  });

  it('lasts for as many answers as asked', async () => {
    live.monitor.fault({ kind: 'status', status: 500, answers: 2 });
    await rejection(ask());
    await rejection(ask());
    expect(await ask()).toMatchObject(right);
  });
});
