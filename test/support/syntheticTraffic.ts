import type { AzureMonitor, RequestRow } from '../../demo/azure-monitor/index.ts';
import { type Behaviour, V2 } from './lab.ts';
import { seededRandom } from './random.ts';

export interface TrafficOptions {
  readonly azure: AzureMonitor;
  readonly liveVersion: string;
  readonly mirrorVersion: string;
  /** Custom dimension that carries the version; default VersionTag. */
  readonly versionProperty?: string;
  /** Whether the proxies copy requests now. */
  readonly isMirroring: () => Promise<boolean>;
  /** Operation names; each gets the same share. */
  readonly routes: readonly string[];
  /** Of live; default 60. */
  readonly requestsPerSecond?: number;
  /** What live's requests suffer while they are copied; default nothing. */
  readonly whileMirrored?: Behaviour;
  /** What the candidate does with a copy; default as live. */
  readonly behaviour?: Behaviour;
  readonly silent?: { readonly live?: boolean; readonly mirror?: boolean };
  /** How much later than it happened telemetry shows a request; default 0. */
  readonly ingestionMilliseconds?: number;
  /** The same for the candidate only; default as for both. */
  readonly mirrorIngestionMilliseconds?: number;
  /** How wrong the services' clocks are; default 0. */
  readonly clockMilliseconds?: number;
}

type TrafficChanges = Pick<
  TrafficOptions,
  | 'behaviour'
  | 'silent'
  | 'requestsPerSecond'
  | 'mirrorVersion'
  | 'ingestionMilliseconds'
  | 'mirrorIngestionMilliseconds'
>;

export interface Traffic {
  /** Changes what happens from now on. */
  change(options: Partial<TrafficChanges>): void;
  stop(): Promise<void>;
}

const TICK_MILLISECONDS = 500;

/**
 * The telemetry of a live service, and of its candidate while the proxies copy requests to it, as if their SDKs sent it:
 * log-normal latencies around 15 ms, the same instants on both sides.
 */
export function startTraffic(first: TrafficOptions): Traffic {
  let options = first;
  const random = seededRandom(7);
  const pending = new Set<Promise<void>>();
  const held = new Set<NodeJS.Timeout>();
  let last = Date.now();
  let failure: unknown;
  let index = 0;

  async function tick(from: number, to: number): Promise<void> {
    const mirrors = await options.isMirroring();
    const count = Math.round(((options.requestsPerSecond ?? 60) * (to - from)) / 1000);
    const requests = Array.from({ length: count }, (_, position) => {
      index += 1;
      const at = from + ((position + 0.5) * (to - from)) / count;
      return { at, route: options.routes[index % options.routes.length] ?? '' };
    });
    const { ingestionMilliseconds = 0, mirrorIngestionMilliseconds = ingestionMilliseconds, silent } = options;
    const suffered = (mirrors && options.whileMirrored) || V2;
    const live = requests.map(({ at, route }) => row(options.liveVersion, route, at, suffered(route, random.uniform)));
    const mirror = requests.map(({ at, route }) => {
      return row(options.mirrorVersion, route, at, (options.behaviour ?? V2)(route, random.uniform));
    });
    await Promise.all([
      silent?.live !== true && arrive(live, ingestionMilliseconds),
      silent?.mirror !== true && mirrors && arrive(mirror, mirrorIngestionMilliseconds),
    ]);
  }

  async function arrive(rows: readonly RequestRow[], milliseconds: number): Promise<void> {
    await ingestion(milliseconds);
    if (rows.length > 0) await options.azure.insertRequests(rows);
  }

  function ingestion(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        held.delete(timer);
        resolve();
      }, milliseconds);
      held.add(timer);
    });
  }

  function row(version: string, name: string, at: number, more: number | null): RequestRow {
    return {
      timestamp: new Date(at + (options.clockMilliseconds ?? 0)),
      name,
      durationMilliseconds: 15 * Math.exp(0.2 * random.normal()) + (more ?? 0),
      success: more !== null,
      resultCode: more === null ? '500' : '200',
      properties: { [options.versionProperty ?? 'VersionTag']: version },
    };
  }

  const timer = setInterval(() => {
    const now = Date.now();
    const work = tick(last, now)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => pending.delete(work));
    last = now;
    pending.add(work);
  }, TICK_MILLISECONDS);

  return {
    change: (changes) => {
      options = { ...options, ...changes };
    },
    stop: async () => {
      clearInterval(timer);
      // What is held back is not waited for.
      if (held.size === 0) await Promise.all(pending);
      for (const each of held) clearTimeout(each);
      if (failure !== undefined) throw failure;
    },
  };
}
