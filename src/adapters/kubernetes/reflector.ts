import { isRecord } from '../../api/structuralSchema.ts';
import type { KubernetesObject } from '../../core/kubernetes/object.ts';
import { type Backoff, backoffMilliseconds } from '../../engine/backoff.ts';
import type { MonotonicClock } from '../../engine/ports/clock.ts';
import { ClusterError } from '../../engine/ports/cluster.ts';
import type { Log } from '../../engine/ports/log.ts';
import { sleep } from '../../engine/sleep.ts';
import { startDeadline } from '../deadline.ts';
import type { ApiClient } from './apiClient.ts';
import { ApiError } from './apiError.ts';
import { deepFreeze } from './deepFreeze.ts';
import { listAll } from './listAll.ts';
import { toKubernetesObject } from './objects.ts';

export interface ReflectorOptions {
  readonly api: ApiClient;
  /** Path of the collection. */
  readonly path: string;
  readonly clock: MonotonicClock;
  readonly log: Log;
  readonly onEvent: (type: ChangeType, object: KubernetesObject) => void;
  readonly timing?: ReflectorTiming;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface ReflectorTiming {
  /** The server is asked to end each watch after this time: one that goes on for longer is dead. */
  readonly watchSeconds: number;
  /** How much longer. The sum is the time in which a connection that silently drops everything is noticed. */
  readonly slackMilliseconds: number;
  /** Everything is listed again after this time, in case an event was never sent. */
  readonly relistMilliseconds: number;
  readonly backoff: Backoff;
}

const defaultTiming: ReflectorTiming = {
  watchSeconds: 25,
  slackMilliseconds: 5000,
  relistMilliseconds: 30 * 60_000,
  backoff: { baseMilliseconds: 500, capMilliseconds: 30_000 },
};

/** A copy of a collection that follows it. */
export interface Reflector {
  /** The objects by namespace/name; frozen. */
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  /** True from the first complete list on. */
  synced(): boolean;
  /** When the API server last answered a list or watch, or sent an event (ms since the epoch); undefined: never. */
  lastContact(): number | undefined;
  /** Ends the watch; resolves when nothing is left of it. */
  stop(): Promise<void>;
}

/**
 * Lists, then watches from there, for ever: a watch that ends, breaks or goes silent is taken up where it was; when the
 * server has forgotten that point (410), or refuses, everything is listed again, which also tells what was deleted meanwhile.
 *
 * The client library's ListWatch is not used: it ends on most errors, starts a watch after stop() when that comes during a
 * list, and a token file that cannot be read becomes an unhandled rejection.
 */
export function startReflector(options: ReflectorOptions): Reflector {
  const { api, path, clock, log, onEvent, timing = defaultTiming } = options;
  const objects = new Map<string, KubernetesObject>();
  const stopping = new AbortController();
  let resourceVersion: string | undefined;
  /** Monotonic: the time of day may be set. */
  let relistAt = 0;
  let synced = false;
  let lastContact: number | undefined;
  let failures = 0;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (resourceVersion === undefined || clock.monotonic() >= relistAt) await relist();
        await follow();
        failures = 0;
      } catch (error) {
        if (stopping.signal.aborted) return;
        await recover(error);
      }
    }
  }

  async function recover(error: unknown): Promise<void> {
    // Whatever the server refuses, a new list is a sound start. A lost connection, and a server that is only busy, is
    // taken up where it was.
    if (error instanceof ApiError && error.code !== 429) resourceVersion = undefined;
    failures += 1;
    const asked = error instanceof ClusterError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const milliseconds = Math.max(asked, backoffMilliseconds(failures, timing.backoff, clock.random));
    const missing = error instanceof ApiError && error.kind === 'NotFound';
    const hint = missing ? '; install the resource definitions (crds/)' : '';
    log.warn(`watch of ${path} failed: ${error instanceof Error ? error.message : String(error)}${hint}`, {
      failures,
      retryMilliseconds: Math.round(milliseconds),
    });
    await sleep(clock, milliseconds, stopping.signal);
  }

  async function relist(): Promise<void> {
    const list = await listAll(api, path, stopping.signal);
    const found = new Map(list.items.map((object) => [keyOf(object), object]));
    const gone = [...objects].filter(([key]) => !found.has(key));
    const changed = [...found].filter(([key, object]) => versionOf(objects.get(key)) !== versionOf(object));
    const known = new Set(objects.keys());
    // The copy is complete before anybody hears of a change.
    for (const [key] of gone) objects.delete(key);
    for (const [key, object] of changed) objects.set(key, deepFreeze(object));
    resourceVersion = list.resourceVersion;
    relistAt = clock.monotonic() + timing.relistMilliseconds;
    synced = true;
    lastContact = clock.now();
    for (const [, object] of gone) onEvent('DELETED', object);
    for (const [key, object] of changed) onEvent(known.has(key) ? 'MODIFIED' : 'ADDED', object);
  }

  /** Returns when the server has ended the watch in its time. */
  async function follow(): Promise<void> {
    const begin = clock.monotonic();
    using deadline = startDeadline(timing.watchSeconds * 1000 + timing.slackMilliseconds, stopping.signal);
    const query = {
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(timing.watchSeconds),
      resourceVersion: resourceVersion ?? '',
    };
    try {
      for await (const line of api.lines({ method: 'GET', path, query, signal: deadline.signal })) {
        if (line !== '') apply(JSON.parse(line));
      }
    } catch (error) {
      if (deadline.expired()) throw new ClusterError('Unavailable', 'the connection has gone silent', { cause: error });
      throw error;
    }
    // A server that is going down ends watches early.
    if (clock.monotonic() - begin < timing.watchSeconds * 900)
      throw new ClusterError('Unavailable', 'ended by the server');
    lastContact = clock.now();
  }

  function apply(event: unknown): void {
    if (!isRecord(event) || !isRecord(event.object)) throw new ClusterError('Unavailable', 'an event is malformed');
    const { type, object } = event;
    if (type === 'ERROR') throw new ApiError('watch', typeof object.code === 'number' ? object.code : 500, object);
    if (type === 'BOOKMARK') {
      resourceVersion = versionOf(object) ?? resourceVersion;
    } else if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') {
      const changed = deepFreeze(toKubernetesObject(object));
      if (type === 'DELETED') objects.delete(keyOf(changed));
      else objects.set(keyOf(changed), changed);
      resourceVersion = changed.metadata.resourceVersion;
      onEvent(type, changed);
    }
    failures = 0;
    lastContact = clock.now();
  }

  const ended = run();
  return {
    objects,
    synced: () => synced,
    lastContact: () => lastContact,
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await ended;
    },
  };
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function versionOf(object: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const version = isRecord(object?.metadata) ? object.metadata.resourceVersion : undefined;
  return typeof version === 'string' ? version : undefined;
}
