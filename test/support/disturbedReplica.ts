import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { type ApiGateway, startApiGateway } from './apiGateway.ts';
import { type OperatorProcess, startOperator } from './operator.ts';
import type { OperatorStage } from './operatorStage.ts';
import { startTelemetryGateway, type TelemetryGateway } from './telemetryGateway.ts';

/** One of several replicas, with a gateway of its own to the API server and one to Azure, which stay when it is killed. */
export interface DisturbedReplica {
  readonly api: ApiGateway;
  readonly telemetry: TelemetryGateway;
  /** The process that runs now. */
  process(): OperatorProcess;
  /** SIGKILL, and a new process. */
  kill(): Promise<void>;
  /** SIGTERM, and a new process; the exit code of the old. */
  terminate(): Promise<number | null>;
  /** Sets the time of day, to this far from the right one. */
  setClock(offsetMilliseconds: number): Promise<void>;
  /** What all its processes have written to standard error. */
  errors(): string;
  stop(): Promise<void>;
}

export async function startDisturbedReplica(
  { server, azure }: OperatorStage,
  settings: Readonly<Record<string, string>>,
): Promise<DisturbedReplica> {
  const directory = await mkdtemp(join(tmpdir(), 'disturbed-replica-'));
  const [api, telemetry] = await Promise.all([startApiGateway(server), startTelemetryGateway(azure)]);
  const environment = await operatorEnvironment(server.kubeconfig, telemetry.azure, directory);
  const KUBECONFIG = await api.kubeconfig(environment.KUBECONFIG ?? '');
  const NODE_COMPILE_CACHE = join(directory, 'compiled');
  const start = () => startOperator({ ...environment, KUBECONFIG, NODE_COMPILE_CACHE, ...settings }, { probed: true });
  let current = await start();
  let offset = 0;
  let errors = '';
  async function replace(): Promise<void> {
    errors += current.errors();
    offset = 0;
    current = await start();
  }
  return {
    api,
    telemetry,
    process: () => current,
    kill: async () => {
      await current.kill();
      await replace();
    },
    terminate: async () => {
      const { code } = await current.terminate();
      await replace();
      return code;
    },
    setClock: async (milliseconds) => {
      await current.step(milliseconds - offset);
      offset = milliseconds;
    },
    errors: () => errors + current.errors(),
    stop: async () => {
      await current.kill();
      await Promise.all([api.close(), telemetry.close()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
