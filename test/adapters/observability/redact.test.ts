import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact, redactText } from '../../../src/adapters/observability/redact.ts';

const base64url = (text: string) => Buffer.from(text).toString('base64url');
const JWT = `${base64url('{"alg":"RS256","typ":"JWT"}')}.${base64url('{"sub":"operator"}')}.c2lnbmF0dXJlLW9mLXRoaXM`;

describe('texts', () => {
  it.each([
    ['a token', `the server says: ${JWT} is expired`, JWT],
    ['a token without signature', `token ${JWT.split('.').slice(0, 2).join('.')}`, JWT.split('.')[1]],
    ['a header', `Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123`, 'abcdefghijklmnop'],
    ['a header with basic authentication', '{"authorization": "Basic dXNlcjpwYXNz"}', 'dXNlcjpwYXNz'],
    ['a form', 'POST client_id=x&client_secret=s3cr3t~value&grant_type=client_credentials', 's3cr3t'],
    ['an assertion', 'client_assertion=abc.def.ghi', 'abc.def'],
    ['a JSON answer', '{"token_type":"Bearer","access_token":"opaque-value"}', 'opaque-value'],
    ['a signed address', 'GET https://x.example/blob?sv=1&sig=AbC%2FdEf%3D&se=2', 'AbC%2F'],
    ['a connection string', 'InstrumentationKey=00000000-1111;IngestionEndpoint=https://x.example', '00000000-1111'],
    ['a password in an address', 'connecting to https://user:hunter22@proxy.example:3128', 'hunter22'],
  ])('%s', (_, text, secret) => {
    expect(text).toContain(secret);
    expect(redactText(text)).not.toContain(secret);
    expect(redactText(text)).toContain('[redacted]');
    expect(redactText(redactText(text))).toBe(redactText(text));
  });

  it.each([
    'the experiment does not come to rest after 32 decisions',
    'GET /apis/mirroring.dev/v1alpha1/namespaces/shop/mirrorexperiments: 403 forbidden',
    'Log Analytics does not accept the operator’s token (401) for workspace 1f0c: check LOG_ANALYTICS_SCOPE',
    'exit code=1; Bearer tokens are awaited; signal=SIGTERM; design=2',
    'http://10.0.0.1:8080/livez?x=a@b',
  ])('without a secret stay as they are: %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('fields', () => {
  it('that are called like a secret lose their value, however deep', () => {
    const secrets = {
      token: 'x',
      apiKey: 'x',
      password: 'x',
      'set-cookie': ['x'],
      clientSecret: 'x',
      accessToken: 'x',
    };
    expect(redact({ a: [{ headers: { authorization: 'x', accept: 'y' } }], secrets })).toEqual({
      a: [{ headers: { authorization: '[redacted]', accept: 'y' } }],
      secrets: Object.fromEntries(Object.keys(secrets).map((key) => [key, '[redacted]'])),
    });
  });

  it('of other names stay', () => {
    const fields = { key: 'shop/x', reason: 'r', tokens: 3, secretName: 'tls', passed: true, percent: 10, time: null };
    expect(redact(fields)).toEqual(fields);
  });

  it('an error within is its message, a date its text', () => {
    const error = Object.assign(new Error('refused'), { request: { headers: { authorization: 'Bearer x' } } });
    expect(redact({ errors: [error], at: new Date(0) })).toEqual({
      errors: ['refused'],
      at: '1970-01-01T00:00:00.000Z',
    });
  });

  it('an object that holds itself comes to an end', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(JSON.stringify(redact(circle))).toContain('[too deep]');
  });
});

it('no token gets through, wherever it stands in a text', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      expect(redactText(`${before} ${JWT} ${after}`)).not.toContain(JWT.split('.')[1]);
    }),
  );
});

it('a plain JSON value without such names and texts is not changed', () => {
  const plain = fc
    .stringMatching(/^[a-z ,.!?]{0,20}$/)
    .filter((text) => !/(password|secret|token|credential|cookie|assertion|authorization|apikey)/.test(text));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      plain,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(plain, tie('value'), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (each) => {
      expect(redact(each)).toEqual(each);
    }),
  );
});
