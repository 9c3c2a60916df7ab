import { isDeepStrictEqual } from 'node:util';
import type { LeaseRecord, StoredLease } from './ports/lease.ts';

/**
 * Who leads, decided from a Lease as in client-go's leaderelection. No time in a Lease is ever compared with the local time
 * of day: each replica measures, on its own monotonic clock, for how long it has seen no change. That is later than the
 * renewal, and a holder counts from before it, so that the holder has always stopped when another begins. What remains to
 * be assumed: that monotonic clocks run alike, to within (lease - renew deadline) / lease.
 */
export interface LeadershipTiming {
  /** A lease that is not renewed for this long goes to another. Whole seconds. */
  readonly leaseSeconds: number;
  /** A leader that could not renew for this long stops writing. Less than the lease. */
  readonly renewDeadlineSeconds: number;
  /** Longest wait between two tries to renew or to acquire. Less than the renew deadline. */
  readonly retrySeconds: number;
}

/** A lease as this replica has seen it. */
export interface Observation {
  readonly record: LeaseRecord;
  /** Monotonic time when this record was first seen. */
  readonly since: number;
}

/** `now` is the monotonic time after the lease was read; a lease that is gone was last what it was before. */
export function observe(
  before: Observation | undefined,
  stored: StoredLease | undefined,
  now: number,
): Observation | undefined {
  if (stored === undefined) return before;
  if (before !== undefined && isDeepStrictEqual(before.record, stored.record)) return before;
  return { record: stored.record, since: now };
}

/** Milliseconds until `identity` may take the lease; 0: now. */
export function millisecondsUntilFree(
  seen: Observation | undefined,
  identity: string,
  timing: LeadershipTiming,
  now: number,
): number {
  if (seen === undefined || seen.record.holder === '' || seen.record.holder === identity) return 0;
  // The holder's own word counts: it may have been started with other settings.
  return Math.max(0, seen.since + (seen.record.durationSeconds ?? timing.leaseSeconds) * 1000 - now);
}

/** The record by which `identity` takes or renews the lease; `wallTime` in milliseconds since the epoch. */
export function claim(
  before: LeaseRecord | undefined,
  identity: string,
  timing: LeadershipTiming,
  wallTime: number,
): LeaseRecord {
  const same = before?.holder === identity;
  return {
    holder: identity,
    durationSeconds: timing.leaseSeconds,
    acquireTime: same ? before.acquireTime : wallTime,
    // Others notice a renewal by its time, which must therefore differ even when the time of day was set back.
    renewTime: wallTime === before?.renewTime ? wallTime + 1 : wallTime,
    transitions: before === undefined ? 0 : before.transitions + (same ? 0 : 1),
  };
}

/** The record by which a holder lets others take the lease at once; the shortest duration that the API server takes. */
export function release(held: LeaseRecord, wallTime: number): LeaseRecord {
  return { ...held, holder: '', durationSeconds: 1, renewTime: wallTime };
}

/** Milliseconds for which the holder may go on to write; `renewedAt`: monotonic time when the renewal was SENT. */
export function millisecondsLeft(renewedAt: number, timing: LeadershipTiming, now: number): number {
  return Math.max(0, renewedAt + timing.renewDeadlineSeconds * 1000 - now);
}

/** Milliseconds until the next try: jittered, so that standbys do not ask together, and never more than retrySeconds. */
export function retryMilliseconds(timing: LeadershipTiming, random: () => number): number {
  return timing.retrySeconds * 1000 * (0.75 + 0.25 * random());
}
