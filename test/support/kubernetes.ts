import { KubeConfig } from '@kubernetes/client-node';
import { type ApiClient, createApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import { createMemoryLog, type MemoryLog } from './memoryLog.ts';

export interface Client {
  readonly kubeConfig: KubeConfig;
  readonly api: ApiClient;
  readonly log: MemoryLog;
}

export interface ClientOptions {
  /** Goes to this port of 127.0.0.1 instead of the server's. */
  readonly port?: number;
  readonly requestTimeoutMilliseconds?: number;
}

/** The operator's own client with the credentials of a kubeconfig file. */
export function connectTo(kubeconfig: string, options: ClientOptions = {}): Client {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  if (options.port !== undefined) {
    kubeConfig.clusters = kubeConfig.clusters.map((cluster) => ({
      ...cluster,
      server: `https://127.0.0.1:${options.port}`,
    }));
  }
  const log = createMemoryLog();
  const { requestTimeoutMilliseconds } = options;
  const api = createApiClient({
    kubeConfig,
    log,
    ...(requestTimeoutMilliseconds !== undefined && { requestTimeoutMilliseconds }),
  });
  return { kubeConfig, api, log };
}
