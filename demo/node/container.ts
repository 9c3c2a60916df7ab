import { mkdir } from 'node:fs/promises';
import type { CoreV1Api, V1Container, V1ContainerStatus, V1Pod, V1Probe } from '@kubernetes/client-node';
import { environmentOf, expand } from './environment.ts';
import { hostPort, portMap } from './hostPorts.ts';
import { findImage, type Images, type ProgramImage } from './images.ts';
import { type MemoryLimit, watchMemory } from './memoryLimit.ts';
import { exitCodeOf, type RunningProcess, startProcess } from './process.ts';
import { type Readiness, watchReadiness } from './readiness.ts';
import type { Reaper } from './reaper.ts';

export interface ContainerOptions {
  readonly core: CoreV1Api;
  readonly pod: V1Pod;
  readonly container: V1Container;
  readonly images: Images;
  /** Directories of the pod's volumes by name. */
  readonly volumes: ReadonlyMap<string, string>;
  readonly directory: string;
  readonly logFile: string;
  readonly backoff: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  readonly reaper: Reaper;
  /** The status or the readiness changed. */
  onChange(): void;
}

/** One container: started, probed, started again with backoff when it ends, until it is stopped. */
export class ContainerRunner {
  readonly #options: ContainerOptions;
  #state: V1ContainerStatus['state'] = { waiting: { reason: 'ContainerCreating' } };
  #lastState: V1ContainerStatus['lastState'];
  #ready = false;
  #restarts = 0;
  /** Ends in a row, for the backoff. */
  #failures = 0;
  #process: RunningProcess | undefined;
  #readiness: Readiness | undefined;
  #retry: NodeJS.Timeout | undefined;
  #starting: Promise<void> | undefined;
  #stopping = false;

  constructor(options: ContainerOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  status(): V1ContainerStatus {
    const { name, image = '' } = this.#options.container;
    return {
      name,
      image,
      imageID: this.#process === undefined ? '' : `local/${image}`,
      ready: this.#ready,
      started: this.#process !== undefined,
      restartCount: this.#restarts,
      state: this.#state ?? {},
      ...(this.#lastState && { lastState: this.#lastState }),
    };
  }

  start(): void {
    this.#starting = this.#start().catch((error: unknown) => {
      this.#wait(reasonOf(error), error instanceof Error ? error.message : String(error));
      this.#failures += 1;
      this.#startAgainLater();
    });
  }

  /** SIGTERM, then SIGKILL after the grace. Resolves when the process has ended. */
  async stop(graceMilliseconds: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    await this.#starting;
    this.#readiness?.stop();
    const running = this.#process;
    if (running === undefined) return;
    running.signal('SIGTERM');
    const kill = setTimeout(() => running.signal('SIGKILL'), graceMilliseconds);
    await running.exited;
    clearTimeout(kill);
  }

  async #start(): Promise<void> {
    const { container, images, core, pod } = this.#options;
    const image = findImage(images, container.image ?? '');
    if (image === undefined) {
      this.#wait('ImagePullBackOff', `Back-off pulling image "${container.image}": this node has no such image`);
      return;
    }
    if (image === 'instant') {
      this.#run();
      this.#setReady(true);
      return;
    }
    const env = await environmentOf(core, pod, container);
    const argv = await this.#argv(image, env);
    if (this.#stopping) return;
    const process = await startProcess(
      { argv, env: this.#processEnv(image, env), directory: this.#options.directory, logFile: this.#options.logFile },
      this.#options.reaper,
    );
    this.#process = process;
    const startedAt = Date.now();
    const memory = watchMemory(process, container.resources?.limits?.memory);
    this.#run();
    process.exited.then((exit) => {
      this.#readiness?.stop();
      memory.stop();
      this.#process = undefined;
      const exitCode = exitCodeOf(exit);
      const terminated = {
        exitCode,
        reason: reasonOfEnd(exitCode, memory),
        startedAt: new Date(startedAt),
        finishedAt: new Date(),
      };
      if (this.#stopping) {
        this.#state = { terminated };
        this.#setReady(false);
        return;
      }
      this.#lastState = { terminated };
      // As the kubelet: a container that ran for ten minutes starts with a fresh backoff.
      this.#failures = Date.now() - startedAt > 600_000 ? 1 : this.#failures + 1;
      this.#wait('CrashLoopBackOff', `back-off restarting failed container ${container.name}`);
      this.#startAgainLater(() => {
        this.#restarts += 1;
      });
    });
    this.#readiness = watchReadiness({
      probe: container.readinessProbe ?? imageProbe(image, container),
      hostPort: (port) => hostPort(this.#options.pod, container, port),
      onChange: (ready) => this.#setReady(ready),
    });
  }

  async #argv(image: ProgramImage, env: Record<string, string>): Promise<readonly string[]> {
    const { container, directory } = this.#options;
    if (container.command !== undefined && container.command.length > 0) {
      throw new Error('command is not supported here: the entry point is that of the image; use args');
    }
    await mkdir(directory, { recursive: true });
    const hostPaths = this.#hostPaths();
    const args = (container.args ?? []).map((arg) => hostPaths(expand(arg, env)));
    const ports = portMap(this.#options.pod, container);
    return [...image.command, ...((await image.prepare?.({ args, ports, directory, hostPaths })) ?? args)];
  }

  #processEnv(image: ProgramImage, env: Record<string, string>): Record<string, string> {
    const { container, directory } = this.#options;
    const hostPaths = this.#hostPaths();
    const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, hostPaths(value)]));
    const ports = [...portMap(this.#options.pod, container)];
    const [first] = ports;
    return {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      TMPDIR: directory,
      ...image.env,
      ...own,
      // Containers have an address each and may all use one port; processes share an address, so each gets its own.
      ...(first && { PORT: String(first[1]) }),
      ...Object.fromEntries(ports.map(([containerPort, port]) => [`PORT_${containerPort}`, String(port)])),
    };
  }

  #hostPaths(): (text: string) => string {
    const { container, volumes } = this.#options;
    const mounts = (container.volumeMounts ?? [])
      .filter(({ name }) => !name.startsWith('kube-api-access-'))
      .map(({ mountPath, name, subPath }) => {
        const directory = volumes.get(name);
        if (directory === undefined || subPath) throw new Error(`volumeMount ${name}: no such volume, or a subPath`);
        return { mountPath: mountPath.replace(/\/+$/, ''), directory };
      });
    return (text) => replaceMountPaths(text, mounts);
  }

  #run(): void {
    this.#state = { running: { startedAt: new Date() } };
    this.#options.onChange();
  }

  #wait(reason: string, message: string): void {
    this.#state = { waiting: { reason, message } };
    this.#ready = false;
    this.#options.onChange();
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return;
    this.#ready = ready;
    this.#options.onChange();
  }

  /** The first time at once, then with backoff, as the kubelet does. */
  #startAgainLater(beforeStart = () => {}): void {
    if (this.#stopping) return;
    const { firstMilliseconds, mostMilliseconds } = this.#options.backoff;
    const wait = this.#failures <= 1 ? 0 : Math.min(mostMilliseconds, firstMilliseconds * 2 ** (this.#failures - 2));
    this.#retry = setTimeout(() => {
      beforeStart();
      this.start();
    }, wait);
  }
}

/** Replaces each mount path, where it stands as a path of its own or begins one, by its directory. */
export function replaceMountPaths(
  text: string,
  mounts: readonly { readonly mountPath: string; readonly directory: string }[],
): string {
  const byPath = new Map(mounts.map(({ mountPath, directory }) => [mountPath, directory]));
  if (byPath.size === 0) return text;
  const paths = [...byPath.keys()]
    .sort((a, b) => b.length - a.length)
    .map((path) => path.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = new RegExp(`(?<![\\w./-])(?:${paths.join('|')})(?![\\w.-])`, 'g');
  return text.replaceAll(pattern, (path) => byPath.get(path) ?? path);
}

function imageProbe(image: ProgramImage, container: V1Container): V1Probe | undefined {
  const port = container.ports?.[0]?.containerPort;
  if (image.readiness === undefined || port === undefined) return undefined;
  return { httpGet: { path: image.readiness.path, port }, periodSeconds: 1 };
}

function reasonOfEnd(exitCode: number, memory: MemoryLimit): string {
  if (memory.isExceeded()) return 'OOMKilled';
  return exitCode === 0 ? 'Completed' : 'Error';
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.name === 'ContainerConfigError'
    ? 'CreateContainerConfigError'
    : 'CreateContainerError';
}
