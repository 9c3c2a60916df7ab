import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubectl } from '../tools/kubectl.ts';
import type { AzureMonitor } from './azure-monitor/index.ts';
import type { Images } from './node/startNode.ts';

export const OPERATOR_NAMESPACE = 'mirror-experiment-system';

const SERVICE_ACCOUNT = 'mirror-experiment';
const IMAGE = 'mirror-experiment:0.1.0';

/**
 * The operator's image as a program of this machine: the built operator, as the ServiceAccount of deploy/ and with that
 * ServiceAccount's federated token for Azure. A kubelet and the workload-identity webhook would mount the two tokens and
 * set these variables; the RBAC is the cluster's own.
 */
export async function operatorImages(kubeconfig: string, azure: AzureMonitor, directory: string): Promise<Images> {
  const federatedToken = join(directory, 'azure-token');
  await writeFile(federatedToken, await createToken(kubeconfig, ['--audience', 'api://AzureADTokenExchange']), {
    mode: 0o600,
  });
  const own = join(directory, 'operator.kubeconfig');
  await writeFile(own, await kubeconfigWithToken(kubeconfig, await createToken(kubeconfig, [])), { mode: 0o600 });
  return {
    [IMAGE]: {
      command: [process.execPath, join(import.meta.dirname, '..', 'dist', 'main.js')],
      env: {
        KUBECONFIG: own,
        LOG_ANALYTICS_ENDPOINT: azure.queryEndpoint,
        AZURE_AUTHORITY_HOST: azure.authorityHost,
        AZURE_TENANT_ID: azure.tenantId,
        AZURE_CLIENT_ID: azure.clientId,
        AZURE_FEDERATED_TOKEN_FILE: federatedToken,
        NODE_EXTRA_CA_CERTS: azure.caFile,
      },
      // A container has an address of its own; here the port is one of this machine's loopback ports.
      prepare: async ({ args, ports }) => [
        ...args,
        '--health-address',
        '127.0.0.1',
        '--health-port',
        String(ports.get(8080) ?? 0),
      ],
    },
  };
}

async function createToken(kubeconfig: string, options: readonly string[]): Promise<string> {
  const args = ['create', 'token', SERVICE_ACCOUNT, '-n', OPERATOR_NAMESPACE, '--duration', '1h', ...options];
  const { stdout, stderr, code } = await kubectl(kubeconfig, args);
  if (code !== 0) throw new Error(`kubectl create token failed: ${stderr}`);
  return stdout.trim();
}

/** The administrator's kubeconfig with the token in place of the administrator's certificate. */
async function kubeconfigWithToken(kubeconfig: string, token: string): Promise<string> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(await readFile(kubeconfig, 'utf8'));
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig has no current cluster');
  const operator = new KubeConfig();
  operator.loadFromClusterAndUser(cluster, { name: SERVICE_ACCOUNT, token });
  return operator.exportConfig();
}
