import { isRestError } from '@azure/core-rest-pipeline';
import { TelemetryError } from '../../../engine/ports/telemetry.ts';

/**
 * What the client or the credential threw, as the port names it. The original is not kept as a cause: it holds the
 * request and with it the token.
 */
export function clientError(error: unknown, source: string): TelemetryError {
  if (error instanceof TelemetryError) return error;
  if (isAuthentication(error)) {
    // MSAL's codes for an endpoint that is away: no permission is missing, and the advice below would mislead.
    if (/^(network_error|temporarily_unavailable|server_error)\b/.test(error.message)) {
      return new TelemetryError(
        'Unavailable',
        `no token, the token endpoint is unavailable: ${firstLine(error.message)}`,
      );
    }
    return new TelemetryError(
      'Unauthorized',
      `the operator gets no token to read ${source}: check its workload identity (AZURE_CLIENT_ID, AZURE_TENANT_ID, ` +
        `AZURE_FEDERATED_TOKEN_FILE and the federated credential of the identity). ${firstLine(error.message)}`,
    );
  }
  if (isRestError(error)) {
    const code = error.code ?? 'no code';
    const help = /CERT|ISSUER|SIGNATURE|TLS|SSL/.test(code)
      ? '; give the certificate authority with NODE_EXTRA_CA_CERTS'
      : '';
    return new TelemetryError(
      'Unavailable',
      `no connection to Log Analytics (${code})${help}: ${firstLine(error.message)}`,
    );
  }
  const message = error instanceof Error ? `${error.name}: ${firstLine(error.message)}` : 'it gave no reason';
  return new TelemetryError('Malformed', `the Log Analytics client failed on the answer: ${message}`);
}

const AUTHENTICATION = new Set([
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);

/** True when no token could be had. By name, as the library recommends: its classes may be loaded twice. */
export function isAuthentication(error: unknown): error is Error {
  return error instanceof Error && AUTHENTICATION.has(error.name);
}

function firstLine(message: string): string {
  return (message.split(/[\r\n]/, 1)[0] ?? '').slice(0, 400);
}
