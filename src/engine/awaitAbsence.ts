import { isDeepStrictEqual } from 'node:util';
import { type Observation, observe } from './leadership.ts';
import type { MonotonicClock } from './ports/clock.ts';
import { ClusterError } from './ports/cluster.ts';
import type { Lease, LeaseRecord } from './ports/lease.ts';
import type { Log } from './ports/log.ts';
import { sleep } from './sleep.ts';

export interface AbsenceOptions {
  readonly lease: Pick<Lease, 'name' | 'read'>;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** For how long the Lease stands still when its holder is taken to be gone. */
  readonly absentSeconds: number;
  /** Of the operator: within this time, one that reaches the API server renews, and another takes over. */
  readonly leaseSeconds: number;
  /** Between two looks at the Lease. */
  readonly retrySeconds: number;
  /** What an operator writes when it works, whichever Lease it holds, by the object that it writes to. */
  readonly traces: () => Promise<Traces>;
  readonly signal: AbortSignal;
}

export type Traces = ReadonlyMap<string, unknown>;

export type Presence =
  /** Somebody renews, takes or releases the Lease. */
  | { readonly kind: 'present' }
  /** `record` undefined: there is no Lease. */
  | { readonly kind: 'absent'; readonly record: LeaseRecord | undefined }
  /** The Lease stands still, and yet somebody does an operator's work. */
  | { readonly kind: 'elsewhere' };

/**
 * Watches the Lease until it moves or has stood still for `absentSeconds`, measured by this process on its own monotonic
 * clock. No time that stands in the Lease is reckoned with: it is of another machine's clock. Only time in which the Lease
 * can be read counts: after an outage of the API server its holder has as long as ever to renew it. Throws a ClusterError
 * when the API server refuses, and the reason of the signal when that fires.
 */
export async function awaitAbsence(options: AbsenceOptions): Promise<Presence> {
  const { lease, clock, log, signal, traces } = options;
  const longestGap = options.leaseSeconds * 1000;
  let seen: Observation | undefined;
  let before: Traces | undefined;
  let since: number | undefined;
  let last = 0;
  for (;;) {
    // When it was asked, not when it answered: that is how long the Lease has stood still for certain.
    let askedAt = clock.monotonic();
    const stored = await patiently(options, () => {
      askedAt = clock.monotonic();
      return lease.read(signal);
    });
    const next = observe(seen, stored, clock.monotonic());
    if (since !== undefined && next?.record !== seen?.record) return { kind: 'present' };
    seen = next;
    if (since === undefined || askedAt - last > longestGap) {
      if (since !== undefined) log.info('the Lease could not be read for a while: it is watched anew');
      since = clock.monotonic();
      before = undefined;
    }
    last = Math.max(since, askedAt);
    // A holder that is started with other settings says so.
    const runsOutAfter = Math.max(options.leaseSeconds, seen?.record.durationSeconds ?? 0) * 1000;
    // Whoever held the Lease may have had work in hand until it ran out.
    if (before === undefined && last - since >= runsOutAfter) {
      log.info('the Lease stands still', { lease: lease.name, holder: seen?.record.holder ?? 'there is no Lease' });
      before = await patiently(options, traces);
    } else if (before !== undefined && last - since >= options.absentSeconds * 1000) {
      const isWritten = hasChanged(before, await patiently(options, traces));
      return isWritten ? { kind: 'elsewhere' } : { kind: 'absent', record: seen?.record };
    }
    await sleep(clock, options.retrySeconds * 1000, signal);
  }
}

/** What is gone was deleted by somebody. */
function hasChanged(before: Traces, after: Traces): boolean {
  return [...after].some(([key, trace]) => !isDeepStrictEqual(trace, before.get(key)));
}

/** Asks again while the API server is away. */
async function patiently<T>({ clock, log, retrySeconds, signal }: AbsenceOptions, ask: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ClusterError && error.kind === 'Unavailable')) throw error;
      if (failures === 0) log.warn(`the API server does not answer and is asked again: ${error.message}`);
      await sleep(clock, Math.max(retrySeconds, error.retryAfterSeconds ?? 0) * 1000, signal);
    }
  }
}
