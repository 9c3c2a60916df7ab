import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Answered,
  responseError,
  unusableBody,
} from '../../../../src/adapters/telemetry/logAnalytics/responseError.ts';

const NOW = Date.UTC(2026, 0, 1);
const TABLES = JSON.stringify({ tables: [{ name: 'PrimaryResult', columns: [], rows: [] }] });

function answered(status: number, body = '', headers: Record<string, string> = {}): Answered {
  return { status, body, header: (name) => headers[name] };
}

function errorOf(...args: Parameters<typeof answered>): ReturnType<typeof responseError> {
  return responseError(answered(...args), 'workspace w', NOW);
}

describe('responseError', () => {
  it.each([
    [200, TABLES],
    [204, ''],
  ])('has none for %d', (status, body) => {
    expect(errorOf(status, body)).toBeUndefined();
  });

  it.each([
    [400, 'Configuration'],
    [401, 'Unauthorized'],
    [403, 'Unauthorized'],
    [404, 'Configuration'],
    [408, 'Unavailable'],
    [413, 'Configuration'],
    [429, 'Throttled'],
    [500, 'Unavailable'],
    [502, 'Unavailable'],
    [503, 'Unavailable'],
    [504, 'Unavailable'],
    [302, 'Unavailable'],
    [206, 'Unavailable'],
  ])('calls %d %s', (status, kind) => {
    expect(errorOf(status)?.kind).toBe(kind);
  });

  it.each([
    ['nothing', '', 'Unavailable'],
    ['white space', ' \n', 'Unavailable'],
    ['HTML', '<html></html>', 'Unavailable'],
    ['JSON that was cut', TABLES.slice(0, -3), 'Unavailable'],
    ['an error beside the tables', `${TABLES.slice(0, -1)},"error":{"message":"cut"}}`, 'Partial'],
    ['null', 'null', 'Malformed'],
    ['no tables', '{}', 'Malformed'],
    ['tables that are none', '{"tables":[1]}', 'Malformed'],
    ['a table without rows', '{"tables":[{"columns":[]}]}', 'Malformed'],
    ['rows that are none', '{"tables":[{"columns":[],"rows":[{}]}]}', 'Malformed'],
  ])('does not take 200 with %s for an answer', (_, body, kind) => {
    expect(unusableBody(body)?.kind).toBe(kind);
  });

  it.each([
    ['7', 7],
    ['0', 1],
    ['0.2', 1],
    ['86400', 300],
    [new Date(NOW + 12_500).toUTCString(), 12],
    [new Date(NOW - 5000).toUTCString(), 1],
    ['soon', 30],
    ['-5', 1],
    ['', 30],
  ])('waits after 429 with Retry-After %j for %d s', (header, seconds) => {
    expect(errorOf(429, '', { 'retry-after': header })?.retryAfterSeconds).toBe(seconds);
  });

  it('waits 30 s after 429 without Retry-After, and does not say how long after 503', () => {
    expect(errorOf(429)?.retryAfterSeconds).toBe(30);
    expect(errorOf(503)?.retryAfterSeconds).toBeUndefined();
    expect(errorOf(503, '', { 'retry-after': '20' })?.retryAfterSeconds).toBe(20);
  });

  it('carries what the service says, down to the innermost message', () => {
    const innermost = { code: 'SEM0100', message: "Failed to resolve table 'AppRequests'" };
    const error = {
      code: 'BadArgumentError',
      message: 'Invalid',
      innererror: { message: 'Semantic', innererror: innermost },
    };
    expect(errorOf(400, JSON.stringify({ error }))?.message).toBe(
      "Log Analytics refuses the query to workspace w (400); it says: Invalid - Semantic - Failed to resolve table 'AppRequests'",
    );
  });

  it('says which role to grant', () => {
    expect(errorOf(403)?.message).toMatch(/workspace w.*Log Analytics Reader or Monitoring Reader.*hour/);
  });

  it('has a message of bounded length, whatever the body', () => {
    const body = fc.oneof(
      fc.json(),
      fc.string().map((message) => JSON.stringify({ error: { message: message.repeat(5000) } })),
    );
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), body, (status, text) => {
        expect(errorOf(status, text)?.message.length ?? 0).toBeLessThan(1200);
      }),
    );
  });
});
