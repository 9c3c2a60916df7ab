import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AzureMonitor } from '../../demo/azure-monitor/index.ts';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { isRecord, recordAt, recordsAt, stringAt } from '../../src/core/kubernetes/fields.ts';
import { type GatewayRecord, type GatewayRequest, startApiGateway } from './apiGateway.ts';
import type { ApiServer } from './apiServer.ts';
import { until } from './liveLab.ts';

export interface KilledOperatorOptions {
  readonly server: Pick<ApiServer, 'server' | 'kubeconfig'>;
  readonly azure: AzureMonitor;
  readonly namespace: string;
  /** Killed before the API server hears of a write, or when it has done it and the operator does not know. */
  readonly when: 'before' | 'after';
  /** Where the compiled sources are kept, so that the many starts are quick. */
  readonly compileCache: string;
  /** Counted from 1, the one write at which something happens; default: every write. */
  readonly only?: number;
  /** What happens at the write before the operator is killed. */
  readonly meanwhile?: () => Promise<void>;
  /** It is not killed: only `meanwhile` happens. */
  readonly spare?: boolean;
}

export interface Kill {
  /** Milliseconds since the epoch when the process was gone. */
  readonly at: number;
  /** The write at which it was killed. */
  readonly write: string;
}

export interface KilledOperator {
  readonly kills: readonly Kill[];
  readonly writes: readonly GatewayRecord[];
  /** What the processes have written to standard error, and how one ended that nobody had killed: nothing, if all is well. */
  errors(): string;
  /** Waits until the operator that runs now has nothing more to write. */
  quiet(): Promise<void>;
  stop(): Promise<void>;
}

const QUIET_MILLISECONDS = 2000;

/**
 * An operator that is killed (SIGKILL) at every write that none of its predecessors was killed at, and started again at
 * once. A write that comes again is let through, so that it gets on by at least one write from life to life: every write
 * of a run is a kill point, once.
 */
export async function startKilledOperator(options: KilledOperatorOptions): Promise<KilledOperator> {
  const { server, azure, namespace, when, compileCache, only, meanwhile, spare = false } = options;
  const directory = await mkdtemp(join(tmpdir(), 'killed-operator-'));
  const gateway = await startApiGateway(server);
  const environment = await operatorEnvironment(server.kubeconfig, azure, directory);
  const KUBECONFIG = await gateway.kubeconfig(environment.KUBECONFIG ?? '');
  const { PATH = '', HOME = '' } = process.env;
  const kills: Kill[] = [];
  const seen = new Set<string>();
  let errors = '';
  let child: ChildProcess;
  let stopped = false;
  let lastWork = Date.now();
  /** A process that is still starting has not asked for anything. */
  let isAwake = false;

  function start(): void {
    lastWork = Date.now();
    isAwake = false;
    const born = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'src', 'main.ts')], {
      env: {
        ...{
          PATH,
          HOME,
          HEALTH_ADDRESS: '127.0.0.1',
          HEALTH_PORT: '0',
          METRICS_PORT: '0',
          WATCH_NAMESPACE: namespace,
          LEADER_ELECTION: 'false',
        },
        ...{ ...environment, KUBECONFIG, NODE_COMPILE_CACHE: compileCache, LOG_LEVEL: 'error' },
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    born.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    born.on('exit', (code, signal) => {
      if (signal !== 'SIGKILL') errors += `the operator ended with ${code ?? signal}\n`;
    });
    child = born;
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  gateway.decide((request) => {
    if (request.kind !== 'watch') lastWork = Date.now();
    isAwake = true;
    if (request.kind !== 'write' || stopped) return undefined;
    const write = nameOf(request);
    if (seen.has(write)) return undefined;
    seen.add(write);
    if (only !== undefined && seen.size !== only) return undefined;
    const act = async (): Promise<void> => {
      await meanwhile?.();
      if (!spare) await kill();
      kills.push({ at: Date.now(), write });
      if (!spare && !stopped) start();
    };
    return { kind: 'hold', when, act };
  });
  start();
  return {
    kills,
    writes: gateway.log,
    errors: () => errors,
    quiet: () =>
      until('the operator has nothing to do', async () => isAwake && Date.now() - lastWork > QUIET_MILLISECONDS, 60),
    stop: async () => {
      stopped = true;
      await kill();
      await gateway.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * What a write is about: the same for the same step of the same run, however often it is tried. Of a status only what
 * changes from step to step counts, not times and figures.
 */
function nameOf({ method, path, body }: GatewayRequest): string {
  const place = `${method} ${path.split('/').slice(-3).join('/')}`;
  if (path.endsWith('/status')) return `${place} ${stepOf(recordAt(body, 'status'))}`;
  if (path.includes('/events')) return `${place} ${stringAt(body, 'type')} ${stringAt(body, 'reason')}`;
  const finalizers = recordAt(body, 'metadata')?.finalizers;
  if (finalizers !== undefined) return `${place} ${JSON.stringify(finalizers)}`;
  // Evidence is of the look that it was judged at, which is another after a kill.
  if (method === 'POST' || path.endsWith('-evidence')) return place;
  const operations = Array.isArray(body) ? body.filter((each) => !isPrecondition(each)) : body;
  const text = JSON.stringify(operations).replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time');
  return `${place} ${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
}

function isPrecondition(operation: unknown): boolean {
  return isRecord(operation) && operation.path === '/metadata/resourceVersion';
}

function stepOf(status: Record<string, unknown> | undefined): string {
  const conditions = recordsAt(status, 'conditions').map(({ type, status: value, reason }) => [type, value, reason]);
  const targets = recordsAt(status, 'targets').map(({ name, patched }) => [name, patched]);
  const { observedGeneration, verdict, mirroringSince, completionTime } = status ?? {};
  const since = [mirroringSince, completionTime].map((time) => time !== undefined);
  return JSON.stringify([observedGeneration, verdict, since, conditions, targets]);
}
