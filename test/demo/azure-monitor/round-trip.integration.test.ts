import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import applicationInsights from 'applicationinsights';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveMonitor, startLive } from './live.ts';

const HOUR = { duration: 'PT1H' };
const DELAYED = 3;
let live: LiveMonitor;

beforeAll(async () => {
  live = await startLive({
    workspaces: ['6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11', 'a3d0f9a4-1111-4222-8333-444455556666'],
    // The last of the first four rows comes an hour late.
    ingestionDelayMilliseconds: (sequence) => (sequence === DELAYED ? 3_600_000 : 0),
  });
}, 60_000);
afterAll(() => live.close());

function sdkClient(): applicationInsights.TelemetryClient {
  const client = new applicationInsights.TelemetryClient(live.monitor.connectionString);
  client.commonProperties = { VersionTag: 'V1MIR-BookService' };
  client.context.tags['ai.cloud.role'] = 'bookservice';
  return client;
}

function flush(client: applicationInsights.TelemetryClient): Promise<string> {
  return new Promise((resolve) => client.flush({ callback: (answer) => resolve(String(answer)) }));
}

describe('telemetry of the real SDK', () => {
  it('is accepted, stored and read back by the real query client', async () => {
    const sdk = sdkClient();
    for (const [index, name] of ['GET Books/Get', 'GET Reviews/Get', `GET it's "odd"`, 'GET late'].entries()) {
      sdk.trackRequest({
        name,
        url: 'http://bookservice/api/books',
        duration: 10 + index,
        resultCode: index === 1 ? 500 : 200,
        success: index !== 1,
        tagOverrides: { 'ai.operation.id': `operation-${index}` },
      });
    }
    sdk.trackDependency({
      name: 'db',
      data: 'select',
      duration: 1,
      resultCode: 0,
      success: true,
      dependencyTypeName: 'SQL',
      target: 'db',
    });
    sdk.trackMetric({ name: 'm', value: 1 });
    expect(JSON.parse(await flush(sdk))).toEqual({ itemsReceived: 6, itemsAccepted: 6, errors: [] });

    const result = await live.client.queryWorkspace(
      live.monitor.workspaceId,
      `AppRequests | where Properties["VersionTag"] contains "MIR-"
        | project Name, DurationMs, ResultCode, Success, ItemCount, OperationId, AppRoleName | sort by DurationMs asc`,
      HOUR,
    );
    expect(result).toMatchObject({
      status: 'Success',
      tables: [
        {
          rows: [
            ['GET Books/Get', 10, '200', true, 1, 'operation-0', 'bookservice'],
            ['GET Reviews/Get', 11, '500', false, 1, 'operation-1', 'bookservice'],
            [`GET it's "odd"`, 12, '200', true, 1, 'operation-2', 'bookservice'],
          ],
        },
      ],
    });
    const second = live.client.queryWorkspace('a3d0f9a4-1111-4222-8333-444455556666', 'AppRequests | count', HOUR);
    expect(await second).toMatchObject({ tables: [{ rows: [[0]] }] });
  });

  it('under sampling weighs what is left', async () => {
    const sdk = sdkClient();
    sdk.config.samplingPercentage = 25;
    const sent = 400;
    for (let index = 0; index < sent; index += 1) {
      const request = { name: 'GET sampled', url: '', duration: 1, resultCode: 200, success: true };
      sdk.trackRequest({ ...request, tagOverrides: { 'ai.operation.id': `sampled-${index}-${index * 7919}` } });
    }
    const { itemsReceived, itemsAccepted } = JSON.parse(await flush(sdk));
    expect(itemsAccepted).toBe(itemsReceived);
    expect(itemsReceived).toBeLessThan(sent);
    const { rows } = await live.monitor.query(
      'AppRequests | where Name == "GET sampled" | summarize count(), sum(ItemCount), min(ItemCount), max(ItemCount)',
    );
    expect(rows).toEqual([[itemsReceived, itemsReceived * 4, 4, 4]]);
  });

  it('with an unknown instrumentation key is refused', async () => {
    const key = '00000000-0000-0000-0000-000000000000';
    const sdk = new applicationInsights.TelemetryClient(
      `InstrumentationKey=${key};IngestionEndpoint=${live.monitor.ingestionEndpoint}/`,
    );
    sdk.trackRequest({ name: 'x', url: '', duration: 1, resultCode: 200, success: true });
    expect(JSON.parse(await flush(sdk))).toMatchObject({ itemsAccepted: 0, errors: [{ index: 0, statusCode: 400 }] });
  });
});

describe('the ingestion endpoint', () => {
  async function post(body: Buffer, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${live.monitor.ingestionEndpoint}/v2.1/track`, {
      method: 'POST',
      body: new Uint8Array(body),
      headers,
    });
    return { status: response.status, body: await response.json() };
  }

  const item = (name: string, responseCode: unknown) =>
    JSON.stringify({
      name: 'Microsoft.ApplicationInsights.Request',
      time: new Date().toISOString(),
      iKey: live.monitor.workspaceId,
      data: {
        baseType: 'RequestData',
        baseData: { id: '1', name, success: true, responseCode, duration: '00:00:00.001' },
      },
    });

  it('keeps the good items of a batch and names the others', async () => {
    const body = Buffer.from([item('good', '200'), item('bad', 200), '{'].join('\n'));
    expect(await post(await promisify(gzip)(body), { 'content-encoding': 'gzip' })).toMatchObject({
      status: 206,
      body: { itemsReceived: 3, itemsAccepted: 1, errors: [{ index: 1 }, { index: 2 }] },
    });
    const { rows } = await live.monitor.query('AppRequests | where Name in ("good", "bad") | project Name');
    expect(rows).toEqual([['good']]);
  });

  it('refuses what is not gzip though it says so, and nothing at all', async () => {
    expect((await post(Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(Buffer.from(''))).status).toBe(400);
  });
});

describe('the certificate', () => {
  it('is a CA’s, and not a way around it', async () => {
    expect(await readFile(live.monitor.caFile, 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await expect(fetch(live.monitor.queryEndpoint)).rejects.toThrow();
  });
});
