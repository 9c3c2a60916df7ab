import type { TokenCredential } from '@azure/core-auth';
import { DefaultAzureCredential, WorkloadIdentityCredential } from '@azure/identity';

/**
 * workload: the federated token of the operator's service account (AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID,
 * AZURE_TENANT_ID, as the workload identity webhook of AKS sets them). default: whatever DefaultAzureCredential finds.
 */
export type CredentialKind = 'workload' | 'default';

/** The kind that fits an environment. */
export function credentialKind(environment: Readonly<Record<string, string | undefined>>): CredentialKind {
  return environment.AZURE_FEDERATED_TOKEN_FILE ? 'workload' : 'default';
}

/** @param authorityHost https address that gives out tokens; default: AZURE_AUTHORITY_HOST, else the public cloud */
export function createCredential(kind: CredentialKind, authorityHost: string | undefined): TokenCredential {
  const authority =
    authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: isPrivate(authorityHost) };
  // The library would sleep for whatever Retry-After says; who asks for telemetry asks again anyway.
  if (kind === 'workload') return new WorkloadIdentityCredential({ ...authority, retryOptions: { maxRetries: 0 } });
  return new DefaultAzureCredential(authority);
}

/** The public directory of clouds knows Microsoft's own hosts only; a private one is the administrator's word. */
function isPrivate(authorityHost: string): boolean {
  return !/(^|\.)(microsoftonline\.(com|us)|chinacloudapi\.cn|windows\.net)$/.test(new URL(authorityHost).hostname);
}
