import { DefaultAzureCredential, WorkloadIdentityCredential } from '@azure/identity';
import { describe, expect, it, vi } from 'vitest';
import { createCredential, credentialKind } from '../../../../src/adapters/telemetry/logAnalytics/credential.ts';

describe('credentials', () => {
  it('are those of the workload identity where the webhook has set it up', () => {
    expect(credentialKind({ AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token' })).toBe(
      'workload',
    );
    expect(credentialKind({ AZURE_FEDERATED_TOKEN_FILE: '' })).toBe('default');
    expect(credentialKind({})).toBe('default');
  });

  it("are Azure's own", () => {
    vi.stubEnv('AZURE_TENANT_ID', '2f4a9838-26b7-47ee-be60-ccc1fdec5953');
    vi.stubEnv('AZURE_CLIENT_ID', '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21');
    vi.stubEnv('AZURE_FEDERATED_TOKEN_FILE', '/var/run/secrets/azure/tokens/azure-identity-token');
    expect(createCredential('workload', 'https://login.microsoftonline.us')).toBeInstanceOf(WorkloadIdentityCredential);
    expect(createCredential('default', undefined)).toBeInstanceOf(DefaultAzureCredential);
    vi.unstubAllEnvs();
  });
});
