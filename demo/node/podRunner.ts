import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CoreV1Api, V1ContainerStatus, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import { ContainerRunner } from './container.ts';
import { hostPort } from './hostPorts.ts';
import type { Images } from './images.ts';
import type { Reaper } from './reaper.ts';
import { mountVolumes, type PodVolumes } from './volumes.ts';

export interface PodRunnerOptions {
  readonly core: CoreV1Api;
  readonly pod: V1Pod;
  readonly images: Images;
  /** Holds the pods' directories and `logs/`. */
  readonly directory: string;
  readonly backoff: { readonly firstMilliseconds: number; readonly mostMilliseconds: number };
  readonly reaper: Reaper;
  onChange(): void;
}

const mountRetryMilliseconds = 500;
/** The kubelet gives a container at least this long after SIGTERM, even when preStop used up the grace period. */
const leastGraceMilliseconds = 2000;

/** One pod: its volumes, its containers, its end. */
export class PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #stop = new AbortController();
  readonly #startTime = new Date();
  readonly #started: Promise<void>;
  #containers: readonly ContainerRunner[] = [];
  #volumes: PodVolumes | undefined;
  #problem: string | undefined;
  #readySince: Date | undefined;
  #terminating = false;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
    this.#started = this.#start();
  }

  get pod(): V1Pod {
    return this.#options.pod;
  }

  get terminating(): boolean {
    return this.#terminating;
  }

  get containers(): readonly ContainerRunner[] {
    return this.#containers;
  }

  /** All containers are ready. A terminating pod stays ready while its containers are, but gets no more connections. */
  get ready(): boolean {
    return this.#containers.length > 0 && this.#containers.every((container) => container.ready);
  }

  get directory(): string {
    return join(this.#options.directory, this.pod.metadata?.name ?? '');
  }

  /** Host port of a container port, given by number or name; the first container that has it. */
  hostPort(port: number | string): number | undefined {
    for (const container of this.pod.spec?.containers ?? []) {
      const found = hostPort(this.pod, container, port);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async syncVolumes(): Promise<void> {
    await this.#volumes?.sync();
  }

  /** preStop, SIGTERM, and SIGKILL when the grace period is over. Resolves when every process has ended. */
  async terminate(graceSeconds: number): Promise<void> {
    this.#terminating = true;
    this.#stop.abort();
    this.#options.onChange();
    await this.#started;
    const deadline = performance.now() + graceSeconds * 1000;
    await Promise.all(
      this.#containers.map(async (container, index) => {
        const preStop = this.pod.spec?.containers[index]?.lifecycle?.preStop?.sleep?.seconds ?? 0;
        if (container.pid !== undefined) await delay(Math.min(preStop, graceSeconds) * 1000);
        await container.stop(Math.max(leastGraceMilliseconds, deadline - performance.now()));
      }),
    );
  }

  /** SIGTERM without preStop and SIGKILL after the grace: the node ends, or the pod was deleted by force. */
  async kill(graceMilliseconds: number): Promise<void> {
    this.#terminating = true;
    this.#stop.abort();
    await this.#started;
    await Promise.all(this.#containers.map((container) => container.stop(graceMilliseconds)));
  }

  status(): V1PodStatus {
    const containers = this.pod.spec?.containers ?? [];
    const statuses: V1ContainerStatus[] =
      this.#containers.length > 0
        ? this.#containers.map((container) => container.status())
        : containers.map(({ name, image = '' }) => ({
            name,
            image,
            imageID: '',
            ready: false,
            started: false,
            restartCount: 0,
            state: { waiting: { reason: 'ContainerCreating', ...(this.#problem && { message: this.#problem }) } },
          }));
    const everRan = statuses.every(
      ({ state, lastState }) => state?.running ?? state?.terminated ?? lastState?.terminated,
    );
    this.#readySince = this.ready ? (this.#readySince ?? new Date()) : undefined;
    const condition = (type: string, holds: boolean, reason: string, since: Date) => ({
      type,
      status: holds ? 'True' : 'False',
      lastTransitionTime: since,
      ...(holds ? {} : { reason, message: `containers with unready status: [${unready(statuses)}]` }),
    });
    const since = this.#readySince ?? this.#startTime;
    return {
      phase: everRan ? 'Running' : 'Pending',
      hostIP: '127.0.0.1',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      startTime: this.#startTime,
      conditions: [
        condition('Initialized', true, '', this.#startTime),
        condition('Ready', this.ready, 'ContainersNotReady', since),
        condition('ContainersReady', this.ready, 'ContainersNotReady', since),
        condition('PodScheduled', true, '', this.#startTime),
      ],
      containerStatuses: statuses,
    };
  }

  async #start(): Promise<void> {
    const { core, pod, onChange } = this.#options;
    const { signal } = this.#stop;
    // Pods are made by constructor: let it return first.
    await Promise.resolve();
    if ((pod.spec?.initContainers ?? []).length > 0) {
      this.#problem = 'init containers are not supported here';
      onChange();
      return;
    }
    while (!signal.aborted && this.#volumes === undefined) {
      try {
        this.#volumes = await mountVolumes(core, pod, join(this.directory, 'volumes'));
      } catch (error) {
        this.#problem = error instanceof Error ? error.message : String(error);
        onChange();
        await delay(mountRetryMilliseconds, undefined, { signal }).catch(() => {});
      }
    }
    if (signal.aborted || this.#volumes === undefined) return;
    const volumes = this.#volumes.directories;
    const name = pod.metadata?.name ?? '';
    this.#containers = (pod.spec?.containers ?? []).map(
      (container) =>
        new ContainerRunner({
          ...this.#options,
          container,
          volumes,
          directory: join(this.directory, 'containers', container.name),
          logFile: join(this.#options.directory, 'logs', `${name}_${container.name}.log`),
        }),
    );
    for (const container of this.#containers) container.start();
    onChange();
  }
}

function unready(statuses: readonly { name: string; ready: boolean }[]): string {
  return statuses
    .filter(({ ready }) => !ready)
    .map(({ name }) => name)
    .join(' ');
}
