import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from '../tools/kubectl.ts';
import type { AzureMonitor } from './azure-monitor/index.ts';

export const OPERATOR_NAMESPACE = 'mirror-experiment-system';

/** Of deploy/. */
const SERVICE_ACCOUNT = { namespace: OPERATOR_NAMESPACE, name: 'mirror-experiment' };

/**
 * The environment of an operator outside of a pod: what a kubelet and the workload-identity webhook would mount and set,
 * so that it is a ServiceAccount to the API server and that ServiceAccount's federated identity to Azure. The RBAC is the
 * cluster's own.
 * @param kubeconfig path of an administrator's
 * @param directory where the files with the two tokens are written
 */
export async function operatorEnvironment(
  kubeconfig: string,
  azure: Pick<AzureMonitor, 'queryEndpoint' | 'authorityHost' | 'tenantId' | 'clientId' | 'caFile'>,
  directory: string,
  serviceAccount: { readonly namespace: string; readonly name: string } = SERVICE_ACCOUNT,
): Promise<Record<string, string>> {
  const create = (...options: string[]) => createToken(kubeconfig, serviceAccount, options);
  const [azureToken, clusterToken] = await Promise.all([create('--audience', 'api://AzureADTokenExchange'), create()]);
  const federatedToken = join(directory, 'azure-token');
  await writeFile(federatedToken, azureToken, { mode: 0o600 });
  const own = join(directory, 'operator.kubeconfig');
  await writeFile(own, await kubeconfigWithToken(kubeconfig, serviceAccount.name, clusterToken), { mode: 0o600 });
  return {
    KUBECONFIG: own,
    // A pod knows its namespace from a file.
    LEASE_NAMESPACE: serviceAccount.namespace,
    LOG_ANALYTICS_ENDPOINT: azure.queryEndpoint,
    AZURE_AUTHORITY_HOST: azure.authorityHost,
    AZURE_TENANT_ID: azure.tenantId,
    AZURE_CLIENT_ID: azure.clientId,
    AZURE_FEDERATED_TOKEN_FILE: federatedToken,
    NODE_EXTRA_CA_CERTS: azure.caFile,
  };
}

async function createToken(
  kubeconfig: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  options: readonly string[],
): Promise<string> {
  const args = ['create', 'token', name, '-n', namespace, '--duration', '1h', ...options];
  const { stdout, stderr, code } = await kubectl(kubeconfig, args);
  if (code !== 0) throw new Error(`kubectl create token failed: ${stderr}`);
  return stdout.trim();
}

/** The administrator's kubeconfig with the token in place of the administrator's certificate. */
async function kubeconfigWithToken(kubeconfig: string, user: string, token: string): Promise<string> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(await readFile(kubeconfig, 'utf8'));
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current cluster');
  const operator = new KubeConfig();
  operator.loadFromClusterAndUser(cluster, { name: user, token });
  return operator.exportConfig();
}
