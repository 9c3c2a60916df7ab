import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { binaries } from '../../tools/binaries.ts';

/** Path of the real Envoy: ENVOY_BIN where set, else the one that `npm run setup` provides. Throws when there is none. */
function envoyBinary(): string {
  return binaries().envoy;
}

/** What Envoy says against a bootstrap; empty when it would start with it. */
export async function validateBootstrap(path: string): Promise<string> {
  const args = ['--mode', 'validate', '-c', path, '-l', 'error', '--disable-hot-restart'];
  try {
    const { stdout } = await promisify(execFile)(envoyBinary(), args, { timeout: 30_000 });
    return stdout.trim().endsWith('OK') ? '' : `no OK: ${stdout}`;
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  }
}

export interface RunningEnvoy {
  /** Body of an admin endpoint, such as `/ready`. */
  admin(path: string): Promise<string>;
  /** One statistic; undefined when Envoy does not have it. */
  stat(name: string): Promise<string | undefined>;
  /** Port of a listener that was configured with port 0. */
  listenerPort(name: string): Promise<number>;
  /** What it has logged (warnings and worse). */
  log(): string;
  stop(): Promise<void>;
}

/** Starts Envoy with a bootstrap that has an admin address, and waits until it is ready. */
export async function startEnvoy(bootstrap: string): Promise<RunningEnvoy> {
  const directory = await mkdtemp(join(tmpdir(), 'envoy-'));
  const addressPath = join(directory, 'admin');
  const args = ['-c', bootstrap, '--admin-address-path', addressPath, '--disable-hot-restart'];
  const child = spawn(envoyBinary(), [...args, '--concurrency', '1', '-l', 'warn'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    log += chunk;
  });
  const stop = async (): Promise<void> => {
    await stopChild(child);
    await rm(directory, { recursive: true, force: true });
  };
  const admin = async (path: string): Promise<string> => {
    const response = await fetch(`http://${(await readFile(addressPath, 'utf8')).trim()}${path}`);
    return response.text();
  };
  try {
    await until('Envoy is ready', async () => {
      if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}: ${log}`);
      return (await admin('/ready').catch(() => '')).startsWith('LIVE');
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    admin,
    stat: async (name) => {
      const lines = (await admin(`/stats?filter=${encodeURIComponent(`^${name.replaceAll('.', '\\.')}$`)}`)).split(
        '\n',
      );
      const line = lines.find((candidate) => candidate.startsWith(`${name}: `));
      return line?.slice(name.length + 2).replace(/^"(.*)"$/, '$1');
    },
    listenerPort: async (name) => {
      const { listener_statuses: listeners } = JSON.parse(await admin('/listeners?format=json'));
      const port: unknown = listeners?.find((listener: { name: string }) => listener.name === name)?.local_address
        ?.socket_address?.port_value;
      if (typeof port !== 'number') throw new Error(`Envoy has no listener ${name}`);
      return port;
    },
    log: () => log,
    stop,
  };
}

/** Waits for a condition by asking again and again; the error names what never came true. */
export async function until(what: string, isTrue: () => Promise<boolean>, seconds = 15): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(timer);
}
