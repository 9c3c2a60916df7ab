import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { type ApiClient, createApiClient } from '../../src/adapters/kubernetes/apiClient.ts';
import type { Log } from '../../src/engine/ports/log.ts';
import { startApiServer } from '../../tools/apiServer.ts';
import { kubectl } from '../../tools/kubectl.ts';
import { startControllers } from './controllers.ts';
import type { ProviderAddress, ProviderFigures } from './provider.ts';
import { type WatchedTargets, watchTargets } from './targets.ts';

const ROOT = join(import.meta.dirname, '..', '..');

export const WORKSPACE = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';

/** How long Log Analytics takes to answer, beside what it takes to make the answer up. */
const LATENCY_MILLISECONDS = 300;

export interface Operator {
  readonly pid: number;
  /** Its metrics, in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/** What a measurement happens in: the real API server with deploy/, Log Analytics and the operator, each a process. */
export interface Scene {
  readonly api: ApiClient;
  readonly watched: WatchedTargets;
  readonly auditLog: string;
  /** What Log Analytics was asked since the last time. */
  asked(): Promise<ProviderFigures>;
  /** What the controllers that are played here could not do. */
  readonly failures: readonly unknown[];
  /** @param built the operator as it ships (dist/), or else from source */
  startOperator(built: boolean): Promise<Operator>;
}

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error, child: () => quiet };

/** Nothing is left of it when `use` has ended. */
export async function inScene<T>(use: (scene: Scene) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  const directory = await mkdtemp(join(tmpdir(), 'bench-scale-'));
  ends.push(() => rm(directory, { recursive: true, force: true }));
  try {
    return await use(await setUp(directory, ends));
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

async function setUp(directory: string, ends: (() => unknown)[]): Promise<Scene> {
  const auditLog = join(directory, 'audit.log');
  const policy = join(directory, 'policy.json');
  await writeFile(policy, JSON.stringify(AUDIT_POLICY));
  const flags = { 'audit-policy-file': policy, 'audit-log-path': auditLog };
  const server = await startApiServer({ crds: false, flags });
  ends.push(() => server.stop());
  const applied = await kubectl(server.kubeconfig, ['apply', '-k', join(ROOT, 'deploy')]);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const api = connect(server.kubeconfig);
  ends.push(() => api.close());
  const controllers = startControllers(api, quiet);
  ends.push(() => controllers.stop());
  const watched = watchTargets(api, quiet);
  ends.push(() => watched.stop());
  const provider = fork(join(import.meta.dirname, 'provider.ts'), [WORKSPACE, String(LATENCY_MILLISECONDS)]);
  ends.push(() => provider.disconnect());
  const [address] = (await once(provider, 'message')) as [ProviderAddress];
  return {
    ...{ api, watched, auditLog, failures: controllers.failures },
    asked: async () => {
      const told = once(provider, 'message');
      provider.send('figures');
      const [figures] = (await told) as [ProviderFigures];
      return figures;
    },
    startOperator: async (built) =>
      startOperator(
        join(ROOT, ...(built ? ['dist', 'main.js'] : ['src', 'main.ts'])),
        await operatorEnvironment(server.kubeconfig, address, directory),
        ends,
      ),
  };
}

/** As deploy/ runs it, with its metrics on. */
async function startOperator(
  program: string,
  environment: Readonly<Record<string, string>>,
  ends: (() => unknown)[],
): Promise<Operator> {
  const { PATH = '', HOME = '', OPERATOR_OPTIONS = '', OPERATOR_LOG = '/dev/null' } = process.env;
  const port = await freePort();
  const ports = {
    HEALTH_ADDRESS: '127.0.0.1',
    HEALTH_PORT: '0',
    METRICS_ADDRESS: '127.0.0.1',
    METRICS_PORT: String(port),
  };
  const options = OPERATOR_OPTIONS.split(' ').filter((option) => option !== '');
  const child: ChildProcess = spawn(process.execPath, [...options, program], {
    // As in the image.
    env: {
      PATH,
      HOME,
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: '32768',
      MALLOC_TRIM_THRESHOLD_: '65536',
      NODE_OPTIONS: '--max-semi-space-size=2',
      LOG_LEVEL: 'info',
      ...ports,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout?.pipe(createWriteStream(OPERATOR_LOG));
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  ends.push(async () => {
    child.kill();
    await ended;
  });
  return {
    pid: child.pid ?? 0,
    metrics: async () => {
      if (child.exitCode !== null) throw new Error(`the operator ended with ${child.exitCode}`);
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

function connect(kubeconfig: string): ApiClient {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return createApiClient({ kubeConfig, log: quiet, requestTimeoutMilliseconds: 60_000 });
}

/** Only what the operator asks. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Metadata', users: ['system:serviceaccount:mirror-experiment-system:mirror-experiment'] },
    { level: 'None' },
  ],
};
