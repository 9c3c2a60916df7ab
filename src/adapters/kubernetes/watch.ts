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
import { toKubernetesObject } from './objects.ts';

export interface WatchOptions {
  readonly api: ApiClient;
  /** Path of the collection. */
  readonly path: string;
  readonly clock: MonotonicClock;
  readonly log: Log;
  readonly timing?: WatchTiming;
  /** Only what is in `metadata` is sent of each object. */
  readonly metadataOnly?: boolean;
  /**
   * Called before the first watch, and whenever what was watched cannot be gone on with: the resourceVersion from which to
   * watch. Empty: the server tells of everything that there is first, as ADDED.
   */
  readonly begin: (signal: AbortSignal) => Promise<string>;
  readonly onEvent: (type: ChangeType, object: KubernetesObject) => void;
}

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchTiming {
  /** The server is asked to end each watch after this time: one that goes on for longer is dead. */
  readonly watchSeconds: number;
  /** How much longer. The sum is the time in which a connection that silently drops everything is noticed. */
  readonly slackMilliseconds: number;
  /** It begins anew after this time, in case an event was never sent. */
  readonly relistMilliseconds: number;
  readonly backoff: Backoff;
}

const defaultTiming: WatchTiming = {
  watchSeconds: 25,
  slackMilliseconds: 5000,
  relistMilliseconds: 30 * 60_000,
  backoff: { baseMilliseconds: 500, capMilliseconds: 30_000 },
};

export interface Watch {
  /** False before the server has begun to tell, and from a failure until it tells again. */
  isFollowing(): boolean;
  /** When the API server last answered, or sent an event (ms since the epoch); undefined: never. */
  lastContact(): number | undefined;
  /** Ends the watch; resolves when nothing is left of it. */
  stop(): Promise<void>;
}

/** The media type of objects without their spec, status and data. */
const METADATA = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * Watches for ever: a watch that ends, breaks or goes silent is taken up where it was; when the server has forgotten that
 * point (410), or refuses, it begins anew.
 *
 * The client library's ListWatch is not used: it ends on most errors, starts a watch after stop() when that comes during a
 * list, and a token file that cannot be read becomes an unhandled rejection.
 */
export function startWatch(options: WatchOptions): Watch {
  const { api, path, clock, log, onEvent, timing = defaultTiming } = options;
  const stopping = new AbortController();
  let resourceVersion: string | undefined;
  /** Monotonic: the time of day may be set. */
  let beginAt = 0;
  let isFollowing = false;
  let lastContact: number | undefined;
  let failures = 0;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if (resourceVersion === undefined || clock.monotonic() >= beginAt) await begin();
        await follow();
        failures = 0;
      } catch (error) {
        isFollowing = false;
        if (stopping.signal.aborted) return;
        await recover(error);
      }
    }
  }

  async function begin(): Promise<void> {
    resourceVersion = await options.begin(stopping.signal);
    beginAt = clock.monotonic() + timing.relistMilliseconds;
    if (resourceVersion !== '') lastContact = clock.now();
  }

  async function recover(error: unknown): Promise<void> {
    // Whatever the server refuses, to begin anew is sound. A lost connection, and a server that is only busy, is taken up
    // where it was.
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

  /** Returns when the server has ended the watch in its time. */
  async function follow(): Promise<void> {
    const start = clock.monotonic();
    using deadline = startDeadline(timing.watchSeconds * 1000 + timing.slackMilliseconds, stopping.signal);
    const request = {
      method: 'GET' as const,
      path,
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(timing.watchSeconds),
        resourceVersion: resourceVersion ?? '',
      },
      ...(options.metadataOnly === true && { accept: METADATA }),
      onOpen: () => {
        isFollowing = true;
      },
    };
    try {
      for await (const line of api.lines({ ...request, signal: deadline.signal })) {
        if (line !== '') apply(JSON.parse(line));
      }
    } catch (error) {
      if (deadline.expired()) throw new ClusterError('Unavailable', 'the connection has gone silent', { cause: error });
      throw error;
    }
    // A server that is going down ends watches early.
    if (clock.monotonic() - start < timing.watchSeconds * 900)
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
      const changed = toKubernetesObject(object);
      resourceVersion = changed.metadata.resourceVersion;
      onEvent(type, changed);
    }
    failures = 0;
    lastContact = clock.now();
  }

  const ended = run();
  return {
    isFollowing: () => isFollowing,
    lastContact: () => lastContact,
    stop: async () => {
      stopping.abort(new Error('stopped'));
      await ended;
    },
  };
}

function versionOf(object: Readonly<Record<string, unknown>>): string | undefined {
  const version = isRecord(object.metadata) ? object.metadata.resourceVersion : undefined;
  return typeof version === 'string' ? version : undefined;
}
