import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The cluster of the kubeconfig, through the kubectl of PATH. */
export interface Cluster {
  /** A kubeconfig with the one context that is used. */
  readonly kubeconfig: string;
  /** For files of this run; removed with close(). */
  readonly directory: string;
  /** Runs kubectl and gives its standard output; throws when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  /** Runs kubectl; a failure is an answer. */
  tryKubectl(args: readonly string[], input?: string): Promise<Answer>;
  /** The parsed answer of kubectl get with these arguments; undefined when there is no such object. */
  get(...args: string[]): Promise<unknown>;
  close(): Promise<void>;
}

/** kubectl is given up after this time; its own --timeout is to be shorter. */
const KUBECTL_MILLISECONDS = 11 * 60_000;

export async function connect(context: string | undefined): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-e2e-'));
  const chosen = context === undefined ? [] : ['--context', context];
  const view = await run(['config', 'view', '--raw', '--minify', '--flatten', ...chosen], '', process.env);
  if (view.code !== 0) throw new Error(`kubectl has no cluster to work on; set KUBECONFIG. ${view.stderr}`);
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, view.stdout, { mode: 0o600 });
  const environment = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(directory, 'cache') };
  const tryKubectl: Cluster['tryKubectl'] = (args, input = '') => run(args, input, environment);
  const kubectl: Cluster['kubectl'] = async (args, input) => {
    const { code, stdout, stderr } = await tryKubectl(args, input);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}${stdout}`);
    return stdout;
  };
  return {
    kubeconfig,
    directory,
    tryKubectl,
    kubectl,
    get: async (...args) => {
      const output = await kubectl(['get', ...args, '--ignore-not-found', '-o', 'json']);
      return output.trim() === '' ? undefined : JSON.parse(output);
    },
    close: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Asks again and again until there is an answer; throws with `what` when there is none in time. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined>,
  everyMilliseconds = 1000,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await sleep(everyMilliseconds);
  }
}

async function run(args: readonly string[], input: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  const child = spawn('kubectl', [...args], { env, timeout: KUBECTL_MILLISECONDS, killSignal: 'SIGKILL' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`kubectl cannot be run: ${error.message}`)));
    child.on('close', resolve);
  });
  // kubectl may end without reading what it is given.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  child.stdin.end(input);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
