import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';

export interface AzureIdentity {
  readonly tenantId: string;
  readonly clientId: string;
  readonly authorityHost: string;
  /** PEM of the CA of the query and token endpoints. */
  readonly caFile: string;
}

/**
 * Makes this process what the workload identity webhook of AKS makes of a pod: environment variables and a file with the
 * service account's token; and trusts the CA, as NODE_EXTRA_CA_CERTS does when a process starts.
 * @returns undoes it
 */
export function assumeWorkloadIdentity({ tenantId, clientId, authorityHost, caFile }: AzureIdentity): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'workload-identity-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, serviceAccountToken());
  const variables = {
    AZURE_TENANT_ID: tenantId,
    AZURE_CLIENT_ID: clientId,
    AZURE_AUTHORITY_HOST: authorityHost,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
  };
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  const trusted = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...trusted, readFileSync(caFile, 'utf8')]);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    tls.setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** A projected token's form; whoever exchanges it for an access token cannot check this signature. */
function serviceAccountToken(): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: 'https://kubernetes.default.svc',
    sub: 'system:serviceaccount:mirroring:mirror-experiment',
    aud: ['api://AzureADTokenExchange'],
    exp: Math.floor(Date.now() / 1000) + 3600,
  };
  return `${part({ alg: 'RS256', kid: 'test' })}.${part(claims)}.${Buffer.from('signature').toString('base64url')}`;
}
