import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AzureMonitor } from '../../demo/azure-monitor/index.ts';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { startApiServer } from '../../tools/apiServer.ts';
import { kubectl } from '../../tools/kubectl.ts';

export type Azure = Pick<
  AzureMonitor,
  'queryEndpoint' | 'authorityHost' | 'tenantId' | 'clientId' | 'caFile' | 'connectionString' | 'workspaceId'
>;

export interface Stage {
  readonly kubeconfig: string;
  readonly azure: Azure;
  /** Throws when kubectl fails. */
  run(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * A real API server with deploy/ applied, the operator, and Azure Monitor's stand-in, each a process.
 * @param built the operator as it ships (dist/), or else from source
 */
export async function setStage(built: boolean): Promise<Stage> {
  const operator = join(ROOT, ...(built ? ['dist', 'main.js'] : ['src', 'main.ts']));
  await access(operator).catch((cause: unknown) => {
    throw new Error(`${operator} is not there: run npm run build`, { cause });
  });
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'bench-switching-'));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    const server = await startApiServer({ crds: false });
    closers.push(() => server.stop());
    const { kubeconfig } = server;
    const run = async (args: readonly string[], input?: string): Promise<string> => {
      const result = await kubectl(kubeconfig, args, { timeout: 120_000, ...(input !== undefined && { input }) });
      if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}${result.stdout}`);
      return result.stdout;
    };
    await run(['apply', '-k', join(ROOT, 'deploy')]);
    const azure = await startAzure(closers);
    await startOperator(operator, await operatorEnvironment(kubeconfig, azure, directory), closers);
    return { kubeconfig, azure, run, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAzure(closers: (() => Promise<unknown>)[]): Promise<Azure> {
  const child = spawn(process.execPath, [join(ROOT, 'demo', 'azure-monitor', 'serve.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => end(child));
  return JSON.parse(await firstLine(child, 'the stand-in for Azure Monitor', () => true));
}

async function startOperator(
  program: string,
  environment: Readonly<Record<string, string>>,
  closers: (() => Promise<unknown>)[],
): Promise<void> {
  const { PATH = '', HOME = '' } = process.env;
  const addresses = { HEALTH_ADDRESS: '127.0.0.1', HEALTH_PORT: '0', METRICS_PORT: '0' };
  const child = spawn(process.execPath, [program], {
    env: { PATH, HOME, ...addresses, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => end(child));
  await firstLine(child, 'the operator', (line) => line.includes('the operator has started'));
}

/** The first line that it is; what follows is read and thrown away. */
async function firstLine(child: ChildProcess, what: string, isIt: (line: string) => boolean): Promise<string> {
  if (child.stdout === null) throw new Error(`${what} has no output`);
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => isIt(line) && resolve(line));
    child.once('exit', (code) => reject(new Error(`${what} ended with ${code}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const kill = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(kill);
}
