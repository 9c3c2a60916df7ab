import { setTimeout as delay } from 'node:timers/promises';
import type { Load, LoadResult, RequestKind } from '../live/load.ts';
import { mirrored, restored } from './mirrorPlans.ts';
import type { FrontProxy } from './proxy.ts';
import type { Behaviour, Service } from './service.ts';

/** What live requests are measured beside. */
export interface Phase {
  readonly title: string;
  /** undefined: nothing is copied. */
  readonly candidate?: Behaviour;
  /** The mirror is switched on and off this often. */
  readonly switches?: boolean;
}

/** `off` twice: the second says how much two runs of the same differ. */
export const PHASES: readonly Phase[] = [
  { title: 'off' },
  { title: 'on, candidate healthy', candidate: 'healthy' },
  { title: 'on, candidate slow (5 s)', candidate: 'slow' },
  { title: 'on, candidate failing (500)', candidate: 'failing' },
  { title: 'off, again' },
  { title: 'on, candidate down (connection refused)', candidate: 'down' },
  { title: 'on, candidate never reading', candidate: 'neverReading' },
  { title: 'switched on and off', candidate: 'healthy', switches: true },
];

export interface PhaseResult {
  readonly load: LoadResult;
  /** Requests that Envoy has tried to copy; of a phase that switches: null, as the count ends with each switch. */
  readonly copied: number | null;
  /** By the candidate. */
  readonly received: number;
}

export interface Stage {
  readonly proxy: FrontProxy;
  readonly load: Load;
  readonly candidate: Service;
  readonly candidatePort: number;
}

export interface PhaseOptions {
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly requestsPerSecond: number;
  /** How often the mirror is switched on, and off again, in a phase that switches. */
  readonly switches: number;
}

/** One in five is a write with a body of 16 KiB. */
const MIX: readonly RequestKind[] = [
  { method: 'GET', path: '/api/reviews/1', bodyBytes: 0 },
  { method: 'GET', path: '/api/books', bodyBytes: 0 },
  { method: 'GET', path: '/api/reviews/2', bodyBytes: 0 },
  { method: 'POST', path: '/api/books', bodyBytes: 16_384 },
  { method: 'GET', path: '/api/books/3', bodyBytes: 0 },
];

export async function runPhase(stage: Stage, phase: Phase, options: PhaseOptions): Promise<PhaseResult> {
  const { proxy, candidate, candidatePort, load } = stage;
  await candidate.behave(phase.candidate ?? 'healthy');
  const on = mirrored(proxy.configMap, candidatePort);
  const off = restored(on);
  const isOn = phase.candidate !== undefined && phase.switches !== true;
  if (isOn) await proxy.apply(on);
  // Envoy goes on counting where a cluster of this name is not quite gone yet.
  const before = isOn ? await attempts(proxy) : 0;
  const running = load.run({
    url: proxy.url,
    requestsPerSecond: options.requestsPerSecond,
    seconds: options.warmupSeconds + options.seconds,
    warmupSeconds: options.warmupSeconds,
    keepAlive: true,
    timeoutMilliseconds: 10_000,
    mix: MIX,
  });
  if (phase.switches === true) {
    await delay(options.warmupSeconds * 1000);
    await switchOften(proxy, on, off, options);
  }
  const result = await running;
  const copied = isOn ? (await attempts(proxy)) - before : null;
  const received = await candidate.received();
  // Cuts the copies that are still under way.
  await candidate.behave('healthy');
  if (isOn) await proxy.apply(off);
  return { load: result, copied: phase.candidate === undefined ? 0 : copied, received };
}

/** Evenly over the phase; each waits for Envoy to have taken it. */
async function switchOften(
  proxy: FrontProxy,
  on: FrontProxy['configMap'],
  off: FrontProxy['configMap'],
  { seconds, switches }: PhaseOptions,
): Promise<void> {
  const start = performance.now();
  for (let index = 0; index < 2 * switches; index++) {
    await proxy.apply(index % 2 === 0 ? on : off);
    await delay(Math.max(0, start + ((index + 1) * seconds * 1000) / (2 * switches) - performance.now()));
  }
}

async function attempts(proxy: FrontProxy): Promise<number> {
  const [sent, refused] = await Promise.all([
    proxy.mirrorStat('upstream_rq_total'),
    proxy.mirrorStat('upstream_rq_pending_failure_eject'),
  ]);
  return sent + refused;
}
