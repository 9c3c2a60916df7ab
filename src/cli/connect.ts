import { KubeConfig } from '@kubernetes/client-node';
import { type ApiClient, createApiClient } from '../adapters/kubernetes/apiClient.ts';
import { ApiError } from '../adapters/kubernetes/apiError.ts';
import { resourcePath } from '../adapters/kubernetes/objects.ts';
import { group, plural, version } from '../api/names.ts';
import type { Log } from '../engine/ports/log.ts';
import type { Call } from './command.ts';
import { plain } from './output/plain.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usageError.ts';
import { durationOf, textOf } from './values.ts';

export interface Connection {
  readonly api: ApiClient;
  readonly log: Log;
  /** What -n says, else the context's, else default. */
  readonly namespace: string;
  /** True when -n was given. */
  readonly namespaceGiven: boolean;
  close(): void;
}

/** As long as a timer can be. */
const NEVER = 2 ** 31 - 1;

/**
 * The API server that kubectl would speak to with the same flags and environment.
 * @throws UsageError when the kubeconfig cannot be used
 */
export function connect({ values, terminal }: Pick<Call, 'values' | 'terminal'>): Connection {
  const kubeConfig = loadKubeConfig(textOf(values, 'kubeconfig'), textOf(values, 'context'));
  const timeout = durationOf(values, 'request-timeout');
  const log = terminalLog(terminal);
  const api = createApiClient({
    kubeConfig,
    log,
    ...(timeout !== undefined && { requestTimeoutMilliseconds: timeout === 0 ? NEVER : Math.min(timeout, NEVER) }),
  });
  const given = textOf(values, 'namespace');
  if (given === '') throw new UsageError('--namespace must not be empty');
  const ofContext = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
  return {
    api,
    log,
    namespace: given ?? (ofContext || 'default'),
    namespaceGiven: given !== undefined,
    close: () => api.close(),
  };
}

export function experimentPath(namespace: string, name?: string): string {
  return resourcePath(group, version, plural, namespace, name);
}

/** What a person can do about a failed request for an experiment. */
export function requestError(error: unknown, namespace: string, name?: string): Error {
  if (!(error instanceof ApiError)) return error instanceof Error ? error : new Error(String(error));
  if (error.kind !== 'NotFound') return error;
  if (name === undefined || /could not find the requested resource/.test(error.message)) {
    return new UsageError('the cluster has no MirrorExperiments: install the definition (kubectl apply -k crds/)');
  }
  return new UsageError(`there is no MirrorExperiment ${name} in the namespace ${namespace}`);
}

function loadKubeConfig(file: string | undefined, context: string | undefined): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    if (file === undefined) kubeConfig.loadFromDefault();
    else kubeConfig.loadFromFile(file);
  } catch (error) {
    const what = file === undefined ? 'the kubeconfig' : `the kubeconfig ${file}`;
    throw new UsageError(`${what} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (context !== undefined) {
    if (kubeConfig.getContextObject(context) === null) {
      const names = kubeConfig.getContexts().map(({ name }) => name);
      throw new UsageError(`the kubeconfig has no context ${context}; it has ${names.join(', ') || 'none'}`);
    }
    kubeConfig.setCurrentContext(context);
  }
  if (kubeConfig.getCurrentCluster() === null) {
    throw new UsageError('the kubeconfig has no current cluster: set its current-context, or give --context');
  }
  return kubeConfig;
}

/** Warnings on standard error, each once until another one comes: a server that is away is asked again and again. */
function terminalLog(terminal: Terminal): Log {
  let last = '';
  const tell = (message: string) => {
    if (message !== last) terminal.err(`warning: ${plain(message)}\n`);
    last = message;
  };
  const log: Log = { debug: () => {}, info: () => {}, warn: tell, error: tell, child: () => log };
  return log;
}
