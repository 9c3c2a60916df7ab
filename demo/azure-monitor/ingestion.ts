import type { RequestRow } from './contract.ts';

export interface ItemError {
  index: number;
  statusCode: number;
  message: string;
}

export interface ParsedTelemetry {
  itemsReceived: number;
  requests: { instrumentationKey: string; row: RequestRow }[];
  /** Items of types that are accepted and not kept, by base type. */
  ignored: Map<string, number>;
  errors: ItemError[];
}

/** Reads newline-delimited envelopes, or a JSON array of them. Throws SyntaxError when there is no item at all. */
export function parseTelemetry(body: string, knownKeys: ReadonlySet<string>): ParsedTelemetry {
  const items = splitItems(body);
  const result: ParsedTelemetry = { itemsReceived: items.length, requests: [], ignored: new Map(), errors: [] };
  for (const [index, item] of items.entries()) {
    try {
      readItem(item, knownKeys, result);
    } catch (error) {
      if (!(error instanceof ItemRefused)) throw error;
      result.errors.push({ index, statusCode: 400, message: error.message });
    }
  }
  return result;
}

class ItemRefused extends Error {}

function splitItems(body: string): unknown[] {
  const text = body.trim();
  if (text === '') throw new SyntaxError('the body has no telemetry item');
  if (text.startsWith('[')) {
    const items: unknown = JSON.parse(text);
    return Array.isArray(items) ? items : [];
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine);
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readItem(item: unknown, knownKeys: ReadonlySet<string>, result: ParsedTelemetry): void {
  if (!isRecord(item)) throw new ItemRefused("103: Field 'envelope' is not a JSON object");
  const instrumentationKey = required(item, 'iKey');
  if (!knownKeys.has(instrumentationKey.toLowerCase())) throw new ItemRefused('Invalid instrumentation key');
  const timestamp = new Date(required(item, 'time'));
  if (Number.isNaN(timestamp.getTime()))
    throw new ItemRefused("105: Field 'time' on type 'Envelope' is not a valid date");
  required(item, 'name');
  const data = record(item, 'data');
  const baseType = required(data, 'baseType');
  const baseData = record(data, 'baseData');
  if (baseType !== 'RequestData') {
    result.ignored.set(baseType, (result.ignored.get(baseType) ?? 0) + 1);
    return;
  }
  const tags = isRecord(item.tags) ? item.tags : {};
  result.requests.push({ instrumentationKey, row: requestRow(timestamp, item.sampleRate, tags, baseData) });
}

function requestRow(
  timestamp: Date,
  sampleRate: unknown,
  tags: Record<string, unknown>,
  data: Record<string, unknown>,
): RequestRow {
  if (typeof data.success !== 'boolean')
    throw new ItemRefused("103: Field 'success' on type 'RequestData' is required");
  return {
    timestamp,
    id: required(data, 'id'),
    // Without a name of its own, the request has that of the operation.
    name: optional(data, 'name') || optional(tags, 'ai.operation.name'),
    url: optional(data, 'url'),
    success: data.success,
    resultCode: required(data, 'responseCode'),
    durationMilliseconds: durationMilliseconds(required(data, 'duration')),
    itemCount: itemCount(sampleRate),
    operationId: optional(tags, 'ai.operation.id'),
    operationName: optional(tags, 'ai.operation.name'),
    parentId: optional(tags, 'ai.operation.parentId'),
    roleName: optional(tags, 'ai.cloud.role'),
    roleInstance: optional(tags, 'ai.cloud.roleInstance'),
    ...(isRecord(data.properties) ? { properties: texts(data.properties) } : {}),
  };
}

/** An item that was kept at a rate of 5 % stands for 20. */
function itemCount(sampleRate: unknown): number {
  if (sampleRate === undefined || sampleRate === null) return 1;
  if (typeof sampleRate !== 'number' || !(sampleRate > 0 && sampleRate <= 100)) {
    throw new ItemRefused("105: Field 'sampleRate' on type 'Envelope' is not in (0, 100]");
  }
  return Math.round(100 / sampleRate);
}

/** [d.]hh:mm:ss[.fffffff] */
function durationMilliseconds(value: string): number {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d\d):(\d\d)(?:\.(\d{1,7}))?$/.exec(value);
  if (match === null) throw new ItemRefused("105: Field 'duration' on type 'RequestData' is not a valid time span");
  const [, days = '0', hours, minutes, seconds, fraction = ''] = match;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return wholeSeconds * 1000 + Number(fraction.padEnd(7, '0')) / 10_000;
}

function texts(properties: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

function required(source: Record<string, unknown>, field: string): string {
  const value = source[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new ItemRefused(`103: Field '${field}' is required and was not given as text`);
}

function optional(source: Record<string, unknown>, field: string): string {
  const value = source[field];
  return typeof value === 'string' ? value : '';
}

function record(source: Record<string, unknown>, field: string): Record<string, unknown> {
  const value = source[field];
  if (isRecord(value)) return value;
  throw new ItemRefused(`103: Field '${field}' is required`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
