import { randomUUID } from 'node:crypto';
import { type Answer, json } from './http-answers.ts';

/** What a federated token must be meant for. https://learn.microsoft.com/entra/workload-id/workload-identity-federation */
const EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';
/** The audiences that the query endpoint accepts; the scope is one of these with /.default. */
const RESOURCES = /^https:\/\/api\.loganalytics\.(io|azure\.com|us|azure\.cn)\/\.default$/;
const LIFETIME_SECONDS = 3600;

export type TokenState = 'valid' | 'unknown' | 'expired';

export interface TokenIssuer {
  /** Answers the path below the authority host; undefined for a path that is not of the token endpoint. */
  discovery(path: string): Answer | undefined;
  isTokenPath(path: string): boolean;
  token(body: string): Answer;
  check(authorization: string | undefined): TokenState;
  /** Every token that was given out. */
  issued(): readonly string[];
}

export interface TokenOptions {
  authorityHost: string;
  tenantId: string;
  clientId: string;
}

/** An OAuth 2.0 token endpoint that exchanges a Kubernetes service account's token for an access token. */
export function createTokenIssuer({ authorityHost, tenantId, clientId }: TokenOptions): TokenIssuer {
  const expiries = new Map<string, number>();
  const base = `${authorityHost.replace(/\/$/, '')}/${tenantId}`;

  function token(body: string): Answer {
    const form = new URLSearchParams(body);
    const refusal = refuse(form, clientId);
    if (refusal !== undefined) return refusal;
    const accessToken = randomUUID();
    expiries.set(accessToken, Date.now() + LIFETIME_SECONDS * 1000);
    return json(200, {
      token_type: 'Bearer',
      expires_in: LIFETIME_SECONDS,
      ext_expires_in: LIFETIME_SECONDS,
      access_token: accessToken,
    });
  }

  return {
    discovery(path) {
      if (path !== `/${tenantId}/v2.0/.well-known/openid-configuration`) return undefined;
      return json(200, {
        issuer: `${base}/v2.0`,
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        token_endpoint_auth_methods_supported: ['private_key_jwt'],
      });
    },
    isTokenPath: (path) => path === `/${tenantId}/oauth2/v2.0/token`,
    token,
    check(authorization) {
      const expiry = expiries.get(/^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '');
      if (expiry === undefined) return 'unknown';
      return expiry > Date.now() ? 'valid' : 'expired';
    },
    issued: () => [...expiries.keys()],
  };
}

export function oauthError(status: number, error: string, code: number, description: string): Answer {
  return json(status, {
    error,
    error_description: `AADSTS${code}: ${description}`,
    error_codes: [code],
    timestamp: new Date().toISOString(),
    correlation_id: randomUUID(),
  });
}

function refuse(form: URLSearchParams, clientId: string): Answer | undefined {
  if (form.get('grant_type') !== 'client_credentials') {
    return oauthError(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  }
  if (form.get('client_id') !== clientId) {
    const description = `Application with identifier '${form.get('client_id')}' was not found in the directory.`;
    return oauthError(400, 'unauthorized_client', 700016, description);
  }
  const scopes = (form.get('scope') ?? '').split(' ').filter((scope) => /^https?:/.test(scope));
  if (scopes.length !== 1 || !scopes.every((scope) => RESOURCES.test(scope))) {
    const description = `The resource principal named ${scopes.join(' ') || 'of the scope'} was not found in the tenant.`;
    return oauthError(400, 'invalid_resource', 500011, description);
  }
  if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') {
    const description = "The request body must contain the following parameter: 'client_assertion'.";
    return oauthError(401, 'invalid_client', 7000218, description);
  }
  return refuseAssertion(form.get('client_assertion') ?? '');
}

/** The signature is not checked: the stand-in does not know the cluster's keys. */
function refuseAssertion(assertion: string): Answer | undefined {
  const claims = claimsOf(assertion);
  if (claims === undefined) {
    return oauthError(401, 'invalid_client', 50027, 'JWT token is invalid or malformed.');
  }
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud];
  if (!audiences.includes(EXCHANGE_AUDIENCE)) {
    const description = `No matching federated identity record found for presented assertion audience '${audiences.join(' ')}'.`;
    return oauthError(400, 'invalid_request', 700212, description);
  }
  if (typeof claims.exp !== 'number' || claims.exp * 1000 <= Date.now()) {
    const description = 'Client assertion is not within its valid time range.';
    return oauthError(401, 'invalid_client', 700024, description);
  }
  if (typeof claims.sub !== 'string' || typeof claims.iss !== 'string') {
    return oauthError(401, 'invalid_client', 700021, 'Client assertion has no subject or no issuer.');
  }
  return undefined;
}

function claimsOf(jwt: string): Record<string, unknown> | undefined {
  const parts = jwt.split('.');
  const [header, payload] = parts.slice(0, 2).map(decode);
  if (parts.length !== 3 || typeof header?.alg !== 'string') return undefined;
  return payload;
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
