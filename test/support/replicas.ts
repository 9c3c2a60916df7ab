import { startElection } from '../../src/engine/election.ts';
import type { MonotonicClock } from '../../src/engine/ports/clock.ts';
import { ClusterError } from '../../src/engine/ports/cluster.ts';
import type { Lease, LeaseRecord, StoredLease } from '../../src/engine/ports/lease.ts';
import type { FakeClock } from './fakeClock.ts';
import { createMemoryLog } from './memoryLog.ts';
import type { Random } from './random.ts';

export const TIMING = { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2 };
const REQUEST_TIMEOUT = 5000;

/** A Lease in memory with the API server's rules. */
export class MemoryLease {
  stored: StoredLease | undefined;
  #version = 0;

  write(record: LeaseRecord, resourceVersion: string | undefined): StoredLease {
    if (this.stored?.resourceVersion !== resourceVersion) throw new ClusterError('Conflict', 'it has changed');
    this.#version += 1;
    this.stored = { record, resourceVersion: String(this.#version) };
    return this.stored;
  }
}

/** What goes wrong between one replica and the world. */
export interface Faults {
  /** Nothing of it runs, as after SIGSTOP. */
  stopped: boolean;
  /** No request arrives and no answer. */
  cutOff: boolean;
  /** Longest time that a request is under way, and its answer. */
  delay: number;
  /** Milliseconds by which its time of day is wrong. */
  offset: number;
  /** Its work does not end when it should. */
  isBusy: boolean;
}

export type SimulatedReplica = ReturnType<typeof simulateReplica>;

/** An election among others on one lease, in simulated time. */
export function simulateReplica(identity: string, lease: MemoryLease, time: FakeClock, random: Random) {
  const faults: Faults = { stopped: false, cutOff: false, delay: 0, offset: 0, isBusy: false };
  const held: (() => void)[] = [];
  const run = (callback: () => void) => {
    if (faults.stopped) held.push(callback);
    else callback();
  };
  const clock: MonotonicClock = {
    now: () => time.now() + faults.offset,
    monotonic: time.monotonic,
    random: random.uniform,
    setTimer: (milliseconds, callback) => {
      let isCancelled = false;
      const cancel = time.setTimer(milliseconds, () => run(() => isCancelled || callback()));
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };

  /** A request that is given up may be carried out all the same. */
  function request<T>(act: () => T, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => run(() => reject(error));
      signal.addEventListener('abort', () => fail(signal.reason));
      time.setTimer(REQUEST_TIMEOUT, () => fail(new ClusterError('Unavailable', 'no answer')));
      time.setTimer(random.uniform() * faults.delay, () => {
        if (faults.cutOff) return;
        try {
          const answer = act();
          time.setTimer(random.uniform() * faults.delay, () => faults.cutOff || run(() => resolve(answer)));
        } catch (error) {
          fail(error);
        }
      });
    });
  }

  const port: Lease = {
    name: 'test/lease',
    read: (signal) => request(() => lease.stored, signal),
    write: (record, version, signal) => request(() => lease.write(record, version), signal),
  };
  const log = createMemoryLog();
  const terms = { begun: 0, ended: 0 };
  const election = startElection({
    lease: port,
    identity,
    timing: TIMING,
    clock,
    log,
    onLead: () => {
      terms.begun += 1;
    },
    onLost: async () => {
      terms.ended += 1;
      if (faults.isBusy) throw new Error(`${identity} goes on working`);
    },
  });
  const mayWrite = (): boolean => {
    try {
      return !election.guardWrite().aborted;
    } catch {
      return false;
    }
  };
  return {
    identity,
    faults,
    election,
    terms,
    log,
    /** Whether a write would go out now: never from a process that stands still. */
    mayWrite: () => !faults.stopped && mayWrite(),
    /** SIGCONT; the first thing that it does is a write, before any timer fires. */
    resume: (): boolean => {
      faults.stopped = false;
      const wrote = mayWrite();
      for (const callback of held.splice(0)) callback();
      return wrote;
    },
  };
}
