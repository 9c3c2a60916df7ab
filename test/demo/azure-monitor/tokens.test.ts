import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenIssuer } from '../../../demo/azure-monitor/tokens.ts';

const issuer = createTokenIssuer({ authorityHost: 'https://127.0.0.1:1/', tenantId: 'tenant', clientId: 'client' });

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2025-03-01T00:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

function form(changes: Record<string, string> = {}): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Date.now() / 1000;
  const payload = {
    iss: 'https://issuer',
    sub: 'system:serviceaccount:a:b',
    aud: 'api://AzureADTokenExchange',
    exp: now + 60,
  };
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'client',
    scope: 'https://api.loganalytics.io/.default openid',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: `${part({ alg: 'RS256' })}.${part(payload)}.x`,
    ...changes,
  }).toString();
}

describe('access tokens', () => {
  it('are valid for an hour, and only those that were issued', () => {
    const answer = issuer.token(form());
    expect(answer.status).toBe(200);
    const { access_token: token, expires_in: seconds }: { access_token: string; expires_in: number } = JSON.parse(
      answer.body,
    );
    expect(issuer.check(`Bearer ${token}`)).toBe('valid');
    expect(issuer.check(token)).toBe('unknown');
    expect(issuer.check(`Bearer ${token}x`)).toBe('unknown');
    expect(issuer.check(undefined)).toBe('unknown');
    vi.advanceTimersByTime(seconds * 1000 - 1);
    expect(issuer.check(`Bearer ${token}`)).toBe('valid');
    vi.advanceTimersByTime(1);
    expect(issuer.check(`Bearer ${token}`)).toBe('expired');
  });

  it.each([
    [{ grant_type: 'password' }, 400, 'AADSTS70003'],
    [{ client_id: 'another' }, 400, 'AADSTS700016'],
    [{ scope: 'https://vault.azure.net/.default' }, 400, 'AADSTS500011'],
    [{ client_assertion_type: '' }, 401, 'AADSTS7000218'],
    [{ client_assertion: 'a.b' }, 401, 'AADSTS50027'],
    [{ client_assertion: 'a.b.c' }, 401, 'AADSTS50027'],
  ])('are refused for %o', (changes, status, code) => {
    const answer = issuer.token(form(changes));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body).error_description).toContain(code);
  });
});
