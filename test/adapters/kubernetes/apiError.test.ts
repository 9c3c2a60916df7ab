import { describe, expect, it } from 'vitest';
import { ApiError, parseRetryAfter } from '../../../src/adapters/kubernetes/apiError.ts';

describe('a refusal', () => {
  it.each([
    [400, 'Invalid'],
    [401, 'Unavailable'],
    [403, 'Forbidden'],
    [404, 'NotFound'],
    [409, 'Conflict'],
    [410, 'Unavailable'],
    [413, 'Invalid'],
    [422, 'Invalid'],
    [429, 'Unavailable'],
    [500, 'Unavailable'],
    [503, 'Unavailable'],
  ])('with %i is %s', (code, kind) => {
    const error = new ApiError('GET /x', code, { message: 'no', reason: 'R' }, 7);
    expect(error).toMatchObject({ kind, code, reason: 'R', retryAfterSeconds: 7, message: `GET /x: ${code} no` });
  });

  it('does not repeat an object that it quotes', () => {
    const message = 'patch: Invalid value: "{\\"data\\":{\\"password\\":\\"hunter2\\"}}": cannot unmarshal number';
    const error = new ApiError('PATCH /x', 422, { message });
    expect(error.message).toBe('PATCH /x: 422 patch: Invalid value: (object left out): cannot unmarshal number');
  });

  it('keeps to a readable length whatever a proxy answers', () => {
    expect(new ApiError('GET /x', 502, 'x'.repeat(1e6)).message.length).toBeLessThan(1100);
    expect(new ApiError('GET /x', 502, null).message).toBe('GET /x: 502 (no message)');
  });
});

it.each([
  ['1', 1],
  ['0', 0],
  [undefined, undefined],
  ['', undefined],
  ['-3', undefined],
  ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
])('reads Retry-After %j as %j', (header, seconds) => {
  expect(parseRetryAfter(header)).toBe(seconds);
});
