import {
  claim,
  type LeadershipTiming,
  millisecondsLeft,
  millisecondsUntilFree,
  type Observation,
  observe,
  release,
  retryMilliseconds,
} from './leadership.ts';
import type { MonotonicClock } from './ports/clock.ts';
import { ClusterError } from './ports/cluster.ts';
import type { Lease, StoredLease } from './ports/lease.ts';
import type { Log } from './ports/log.ts';
import { sleep } from './sleep.ts';

export interface ElectionOptions {
  readonly lease: Lease;
  /** Of this process and no other, before or after. */
  readonly identity: string;
  readonly timing: LeadershipTiming;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** This replica leads from now on. */
  readonly onLead: () => void;
  /** It does not lead any more: end all work. The replica becomes a candidate again when this has resolved. */
  readonly onLost: () => Promise<void>;
}

export interface Election {
  /**
   * To be called immediately before a write is sent. Throws a ClusterError when this replica may not write: it does not
   * lead, or its last renewal was sent longer ago than the renew deadline, even if no timer has fired since, as after
   * SIGSTOP. The signal fires when it ceases to lead: give up the write.
   */
  guardWrite(): AbortSignal;
  leads(): boolean;
  /** Whether the Lease could be read, or written, at the last try: a replica that cannot will not take over. */
  follows(): boolean;
  /**
   * Ceases to be a candidate, and to lead. With `release` the next takes over at once: only when no work is left; otherwise
   * the lease runs out. Does not call onLost.
   */
  stop(options: { readonly release: boolean }): Promise<void>;
  /** Rejects when the election cannot go on: onLead or onLost has thrown. Resolves after stop(). */
  readonly ended: Promise<void>;
}

interface Term {
  held: StoredLease;
  /** Monotonic time when the last successful renewal was sent. */
  renewedAt: number;
  readonly controller: AbortController;
  cancelTimer: () => void;
}

/**
 * Acquires the lease, renews it, and becomes a candidate again when it is lost. controller-runtime ends the process then,
 * because nothing there keeps a write of the lost term back. Here guardWrite() does: an outage of the API server that is
 * longer than the deadline costs neither the watch's copy nor a restart with growing back-off of every replica.
 */
export function startElection(options: ElectionOptions): Election {
  const { lease, identity, timing, clock, log } = options;
  const stopping = new AbortController();
  let term: Term | undefined;
  let seen: Observation | undefined;
  let failures = 0;
  let isHeard = false;
  /** A claim may have been carried out without an answer that says so. */
  let unanswered = false;

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const begun = await campaign();
      if (begun === undefined) return;
      options.onLead();
      await renewWhileHeld(begun);
      if (stopping.signal.aborted) return;
      await options.onLost();
    }
  }

  /** Until the lease is held, or stop(). */
  async function campaign(): Promise<Term | undefined> {
    while (!stopping.signal.aborted) {
      let milliseconds = retryMilliseconds(timing, clock.random);
      try {
        const stored = await look(stopping.signal);
        const free = millisecondsUntilFree(seen, identity, timing, clock.monotonic());
        if (free === 0) {
          const sentAt = clock.monotonic();
          return begin(await write(stored, stopping.signal), sentAt);
        }
        milliseconds = Math.min(milliseconds, free);
      } catch (error) {
        milliseconds = failed(error, 'acquire', milliseconds);
      }
      await sleep(clock, milliseconds, stopping.signal);
    }
    return undefined;
  }

  async function look(signal: AbortSignal): Promise<StoredLease | undefined> {
    const stored = await lease.read(signal);
    isHeard = true;
    const before = seen?.record.holder;
    seen = observe(seen, stored, clock.monotonic());
    const holder = seen?.record.holder;
    if (holder !== before && holder !== undefined && holder !== '' && holder !== identity)
      log.info('standing by: another replica leads', { lease: lease.name, leader: holder });
    return stored;
  }

  async function write(before: StoredLease | undefined, signal: AbortSignal): Promise<StoredLease> {
    // A lease that was deleted goes on counting from what it was.
    const record = claim(before?.record ?? seen?.record, identity, timing, clock.now());
    unanswered = true;
    const written = await lease.write(record, before?.resourceVersion, signal);
    unanswered = false;
    isHeard = true;
    failures = 0;
    seen = observe(seen, written, clock.monotonic());
    return written;
  }

  function begin(held: StoredLease, renewedAt: number): Term {
    const begun: Term = { held, renewedAt, controller: new AbortController(), cancelTimer: () => {} };
    term = begun;
    armTimer(begun);
    log.info('leading', { lease: lease.name, identity, transitions: held.record.transitions });
    return begun;
  }

  /** Returns when the term has ended, or on stop(). */
  async function renewWhileHeld(current: Term): Promise<void> {
    const ending = AbortSignal.any([current.controller.signal, stopping.signal]);
    let known: StoredLease | undefined = current.held;
    let milliseconds = retryMilliseconds(timing, clock.random);
    for (;;) {
      await sleep(clock, milliseconds, ending);
      if (ending.aborted) return;
      milliseconds = retryMilliseconds(timing, clock.random);
      const isRemembered = known !== undefined;
      try {
        known ??= await look(ending);
        if (ending.aborted) return;
        const holder = known?.record.holder ?? identity;
        if (holder !== identity) {
          endTerm(current, `${holder === '' ? 'nobody' : holder} holds the lease`);
          return;
        }
        const sentAt = clock.monotonic();
        const written = await write(known, ending);
        if (ending.aborted) return;
        known = written;
        current.held = written;
        current.renewedAt = sentAt;
        armTimer(current);
      } catch (error) {
        if (ending.aborted) return;
        // The write may have been carried out nevertheless, or another's: look again before the next.
        known = undefined;
        const conflict = error instanceof ClusterError && error.kind === 'Conflict';
        milliseconds = conflict && isRemembered ? 0 : failed(error, 'renew', milliseconds);
      }
    }
  }

  function armTimer(current: Term): void {
    current.cancelTimer();
    const left = millisecondsLeft(current.renewedAt, timing, clock.monotonic());
    current.cancelTimer = clock.setTimer(left, () => {
      if (isOver(current)) expire(current);
      else armTimer(current);
    });
  }

  function isOver({ renewedAt }: Term): boolean {
    return millisecondsLeft(renewedAt, timing, clock.monotonic()) === 0;
  }

  function expire(current: Term): void {
    endTerm(current, `the lease was not renewed for ${timing.renewDeadlineSeconds} s`);
  }

  function endTerm(current: Term, reason: string): void {
    if (term !== current) return;
    term = undefined;
    current.cancelTimer();
    current.controller.abort(notLeading(reason));
    log.warn(`no longer leading: ${reason}`, { lease: lease.name, identity });
  }

  /** Milliseconds until the next try. The first of several failures is told; then only that it works again. */
  function failed(error: unknown, what: string, milliseconds: number): number {
    if (stopping.signal.aborted) return 0;
    if (!(error instanceof ClusterError)) throw error;
    // Another candidate was faster.
    if (error.kind === 'Conflict') return milliseconds;
    isHeard = false;
    failures += 1;
    if (failures === 1) log.warn(`cannot ${what} the lease: ${error.message}`, { lease: lease.name, identity });
    return Math.max(milliseconds, Math.min(error.retryAfterSeconds ?? 0, timing.retrySeconds) * 1000);
  }

  function guardWrite(): AbortSignal {
    const current = term;
    if (current !== undefined && isOver(current)) expire(current);
    if (current === undefined || term === undefined) throw notLeading('this replica does not lead');
    return current.controller.signal;
  }

  async function stop(how: { readonly release: boolean }): Promise<void> {
    stopping.abort(new Error('the operator is stopping'));
    const last = term;
    if (last !== undefined) {
      term = undefined;
      last.cancelTimer();
      last.controller.abort(notLeading('the operator is stopping'));
    }
    // Whatever it ended with, the caller of `ended` has heard.
    await ended.catch(() => {});
    if (how.release && (last !== undefined || unanswered)) await giveUp();
  }

  /** What was carried out unheard counts too, so that the lease is read first. */
  async function giveUp(): Promise<void> {
    const { signal } = new AbortController();
    try {
      const stored = await lease.read(signal);
      if (stored?.record.holder !== identity) return;
      await lease.write(release(stored.record, clock.now()), stored.resourceVersion, signal);
      log.info('released the lease', { lease: lease.name, identity });
    } catch (error) {
      log.warn(`the lease was not released; it runs out: ${error instanceof Error ? error.message : String(error)}`, {
        lease: lease.name,
      });
    }
  }

  const ended = run();
  return { guardWrite, leads: () => term !== undefined, follows: () => isHeard, stop, ended };
}

function notLeading(reason: string): ClusterError {
  return new ClusterError('Unavailable', `nothing is written: ${reason}`);
}
