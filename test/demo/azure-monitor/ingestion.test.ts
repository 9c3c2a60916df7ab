import { describe, expect, it } from 'vitest';
import { parseTelemetry } from '../../../demo/azure-monitor/ingestion.ts';

const KEY = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';
const KEYS = new Set([KEY]);

function envelope(changes: Record<string, unknown> = {}, data: Record<string, unknown> = {}) {
  return {
    name: 'Microsoft.ApplicationInsights.Request',
    time: '2025-03-01T10:00:00.123Z',
    iKey: KEY,
    sampleRate: 100,
    tags: {
      'ai.operation.id': 'op',
      'ai.operation.parentId': 'parent',
      'ai.operation.name': 'GET Books',
      'ai.cloud.role': 'r',
    },
    data: {
      baseType: 'RequestData',
      baseData: {
        id: '|op.1.',
        name: 'GET Books/Get',
        success: false,
        responseCode: '500',
        duration: '1.02:03:04.567',
        properties: { VersionTag: 'V1' },
        ...data,
      },
    },
    ...changes,
  };
}

const parse = (...items: unknown[]) => parseTelemetry(items.map((item) => JSON.stringify(item)).join('\n'), KEYS);

describe('request telemetry', () => {
  it('becomes a row', () => {
    const { itemsReceived, requests, errors } = parse(envelope());
    expect({ itemsReceived, errors }).toEqual({ itemsReceived: 1, errors: [] });
    expect(requests[0]?.row).toEqual({
      timestamp: new Date('2025-03-01T10:00:00.123Z'),
      id: '|op.1.',
      name: 'GET Books/Get',
      url: '',
      success: false,
      resultCode: '500',
      durationMilliseconds: ((24 + 2) * 3600 + 3 * 60 + 4) * 1000 + 567,
      itemCount: 1,
      operationId: 'op',
      operationName: 'GET Books',
      parentId: 'parent',
      roleName: 'r',
      roleInstance: '',
      properties: { VersionTag: 'V1' },
    });
  });

  it.each([
    [100, 1],
    [50, 2],
    [5, 20],
    [33.3333, 3],
    [undefined, 1],
  ])('a sample rate of %s %% stands for %i requests', (sampleRate, itemCount) => {
    expect(parse(envelope({ sampleRate })).requests[0]?.row.itemCount).toBe(itemCount);
  });

  it('other types are accepted and counted', () => {
    const metric = envelope({ data: { baseType: 'MetricData', baseData: { metrics: [] } } });
    const { requests, errors, ignored } = parse(metric, envelope(), metric);
    expect([requests.length, errors, ignored.get('MetricData')]).toEqual([1, [], 2]);
  });

  it('an array of items is read as well', () => {
    expect(parseTelemetry(JSON.stringify([envelope(), envelope()]), KEYS).requests).toHaveLength(2);
  });
});

describe('malformed items are refused one by one', () => {
  it.each([
    ['no key', envelope({ iKey: undefined }), /iKey/],
    ['an unknown key', envelope({ iKey: '00000000-0000-0000-0000-000000000000' }), /Invalid instrumentation key/],
    ['no date', envelope({ time: 'today' }), /time/],
    ['no data', envelope({ data: undefined }), /data/],
    ['no response code', envelope({}, { responseCode: undefined }), /responseCode/],
    ['success as text', envelope({}, { success: 'true' }), /success/],
    ['a duration in milliseconds', envelope({}, { duration: '15' }), /duration/],
    ['a sample rate of 0', envelope({ sampleRate: 0 }), /sampleRate/],
    ['no object', 5, /not a JSON object/],
  ])('%s', (_what, item, message) => {
    const { itemsReceived, requests, errors } = parse(envelope(), item, envelope());
    expect([itemsReceived, requests.length]).toEqual([3, 2]);
    expect(errors).toEqual([{ index: 1, statusCode: 400, message: expect.stringMatching(message) }]);
  });

  it('a line that is not JSON', () => {
    const { errors } = parseTelemetry(`{"half":\n${JSON.stringify(envelope())}`, KEYS);
    expect(errors.map(({ index }) => index)).toEqual([0]);
  });

  it('an empty body', () => {
    expect(() => parseTelemetry(' \n', KEYS)).toThrow(SyntaxError);
  });
});
