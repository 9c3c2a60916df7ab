import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import type { LogLine } from './operator.ts';
import type { OperatorStage } from './operatorStage.ts';

const SWITCH_ACCOUNT = { namespace: 'mirror-experiment-system', name: 'mirror-experiment-dead-mans-switch' };

export interface SwitchProcess {
  readonly log: readonly LogLine[];
  errors(): string;
  /** SIGTERM. */
  terminate(): void;
  /** SIGKILL. */
  kill(): void;
  /** The exit code (null: it was killed) and when (ms since the epoch) it had ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly at: number }>;
}

/** One run of the dead man's switch, from source, as the ServiceAccount of deploy/ and without any identity of Azure's. */
export async function startSwitch(
  { server, azure }: Pick<OperatorStage, 'server' | 'azure'>,
  settings: Readonly<Record<string, string>>,
): Promise<SwitchProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'dead-mans-switch-'));
  const { KUBECONFIG = '', LEASE_NAMESPACE = '' } = await operatorEnvironment(
    server.kubeconfig,
    azure,
    directory,
    SWITCH_ACCOUNT,
  );
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'src', 'deadMansSwitch.ts')], {
    env: { PATH, HOME, KUBECONFIG, LEASE_NAMESPACE, POD_NAME: 'switch', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${output}${chunk}`.split('\n');
    output = lines.pop() ?? '';
    log.push(...lines.map((line): LogLine => JSON.parse(line)));
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const ended = once(child, 'close').then(async () => {
    const at = Date.now();
    await rm(directory, { recursive: true, force: true });
    return { code: child.exitCode, at };
  });
  return {
    log,
    errors: () => errors,
    terminate: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}
