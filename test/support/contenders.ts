import { runDeadMansSwitch, type SwitchOutcome } from '../../src/engine/deadMansSwitch.ts';
import { type Election, startElection } from '../../src/engine/election.ts';
import type { MonotonicClock } from '../../src/engine/ports/clock.ts';
import type { Cluster } from '../../src/engine/ports/cluster.ts';
import type { Experiments } from '../../src/engine/ports/experiments.ts';
import type { Lease } from '../../src/engine/ports/lease.ts';
import { createReconciler } from '../../src/engine/reconcile.ts';
import { createWork } from '../../src/engine/work.ts';
import { createFakeClock } from './fakeClock.ts';
import { Killed } from './memoryCluster.ts';
import { createMemoryLog, type MemoryLog } from './memoryLog.ts';
import { MemoryLease, TIMING } from './replicas.ts';
import type { Simulation } from './simulation.ts';

/** A process of the simulation: an operator, or one run of the dead man's switch. */
export interface Contender {
  readonly name: string;
  readonly log: MemoryLog;
  /** Writes to anything but the Lease. */
  readonly writes: () => number;
  /** How it ended; undefined while it runs, and when it was killed. */
  readonly outcome: () => SwitchOutcome | Error | undefined;
  isAlive(): boolean;
  /** As SIGKILL: nothing of it runs any more. */
  kill(): void;
  /** As SIGTERM. */
  terminate(): void;
}

const SWITCH_SETTINGS = {
  absentSeconds: 300,
  restartTimeoutSeconds: 300,
  rolloutPollMilliseconds: 1000,
  concurrency: 4,
  shutdownGraceSeconds: 20,
};

/**
 * Operators and runs of the dead man's switch that contend for one Lease over the objects of a simulation, in simulated
 * time. Throws, in the process that writes and out of `advance`, when a write is made while another process may write too.
 */
export function createContenders(lab: Simulation) {
  const time = createFakeClock();
  time.step(lab.now - time.now());
  const lease = new MemoryLease();
  const all: (Contender & { readonly mayWrite: () => boolean })[] = [];
  const violations: string[] = [];
  let count = 0;

  function begin(name: string) {
    count += 1;
    const identity = `${name}-${count}`;
    const log = createMemoryLog();
    const stopping = new AbortController();
    let isAlive = true;
    let writes = 0;
    let election: Election | undefined;
    let outcome: SwitchOutcome | Error | undefined;

    const clock: MonotonicClock = {
      now: time.now,
      monotonic: time.monotonic,
      random: time.random,
      setTimer: (milliseconds, callback) => time.setTimer(milliseconds, () => isAlive && callback()),
    };
    /** Of a process that has been killed no request goes out and no answer is heard. */
    async function ask<T>(act: () => T | Promise<T>): Promise<T> {
      const never = new Promise<never>(() => {});
      if (!isAlive) return never;
      try {
        const answer = await act();
        return isAlive ? answer : never;
      } catch (error) {
        if (error instanceof Killed) isAlive = false;
        if (!isAlive) return never;
        throw error;
      }
    }
    const write = <T>(act: () => Promise<T>): Promise<T> =>
      ask(async () => {
        if (election === undefined) throw new Error('a write before the election');
        election.guardWrite();
        const others = all.filter((each) => each.name !== identity && each.mayWrite()).map((each) => each.name);
        if (others.length > 0) violations.push(`${identity} writes while ${others} may`);
        writes += 1;
        return act();
      });
    const { cluster: stored } = lab;
    const cluster: Cluster = {
      read: (ref) => ask(() => stored.read(ref)),
      listPods: (namespace, selector) => ask(() => stored.listPods(namespace, selector)),
      patch: (ref, version, operations) => write(() => stored.patch(ref, version, operations)),
      createConfigMap: (configMap) => write(() => stored.createConfigMap(configMap)),
      writeStatus: (ref, version, status) => write(() => stored.writeStatus(ref, version, status)),
      recordEvent: (ref, event) => ask(() => stored.recordEvent(ref, event)),
    };
    const port: Lease = {
      name: 'system/operator',
      read: () => ask(() => lease.stored),
      write: (record, version) => ask(() => lease.write(record, version)),
    };
    const mayWrite = (): boolean => {
      try {
        return isAlive && election !== undefined && !election.guardWrite().aborted;
      } catch {
        return false;
      }
    };
    const contender: Contender & { readonly mayWrite: () => boolean } = {
      ...{ name: identity, log, mayWrite, writes: () => writes, outcome: () => outcome, isAlive: () => isAlive },
      kill: () => {
        isAlive = false;
      },
      terminate: () => stopping.abort(new Error('ended by SIGTERM')),
    };
    all.push(contender);
    return {
      ...{ identity, log, clock, cluster, port, contender, ask, write, signal: stopping.signal },
      isDead: () => !isAlive,
      elect: (begun: Election) => {
        election = begun;
      },
      end: (how: SwitchOutcome | Error) => {
        outcome = how;
        isAlive = false;
      },
    };
  }

  function startOperator(): Contender {
    const { identity, log, clock, cluster, port, contender, write, elect } = begin('operator');
    const withFinalizer: Experiments['withFinalizer'] = (object, restore) =>
      lab.cluster.withFinalizer(object, restore, write);
    const letGo: Experiments['letGo'] = (object) => lab.cluster.letGo(object, write);
    const reconcile = createReconciler(
      {
        ...{ cluster, clock, log, telemetry: lab.telemetry, onComplete: () => {} },
        experiments: { list: () => lab.cluster.list('MirrorExperiment'), withFinalizer, letGo },
      },
      {
        ...{ missingTargetGraceSeconds: 60, restartTimeoutSeconds: 600, clusterDomain: 'cluster.local' },
        rolloutPollMilliseconds: 2000,
      },
    );
    const work = createWork({
      work: reconcile,
      keys: () => lab.cluster.list('MirrorExperiment').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
      ...{ concurrency: 4, clock, endWithinMilliseconds: 20_000, onError: () => {} },
      backoff: { baseMilliseconds: 500, capMilliseconds: 15_000 },
    });
    elect(
      startElection({
        ...{ lease: port, identity, timing: TIMING, clock, log },
        ...{ onLead: work.begin, onLost: () => work.end(0) },
      }),
    );
    return contender;
  }

  function startSwitch(): Contender {
    const { identity, log, clock, cluster, port, contender, ask, write, elect, end, signal, isDead } = begin('switch');
    const settle = (how: SwitchOutcome | Error) => {
      if (!isDead()) end(how);
    };
    runDeadMansSwitch({
      ...{ lease: port, cluster, clock, log, identity, timing: TIMING, settings: SWITCH_SETTINGS, signal },
      onElection: elect,
      experiments: {
        list: () => ask(() => lab.cluster.list('MirrorExperiment')),
        withFinalizer: async (object, restore) =>
          isDeleted(object) ? lab.cluster.withFinalizer(object, restore, write) : 'continue',
        letGo: (object) => lab.cluster.letGo(object, write),
      },
    }).then(settle, (error: unknown) => settle(error instanceof Error ? error : new Error(String(error))));
    return contender;
  }

  return {
    lease,
    startOperator,
    startSwitch,
    switches: (): readonly Contender[] => all.filter(({ name }) => name.startsWith('switch')),
    /** Moves time on; the controllers of Deployments do their work, and a CronJob starts a switch each minute. */
    async advance(seconds: number, schedule: { cron?: boolean; until?: () => boolean } = {}): Promise<void> {
      for (let second = 0; second < seconds && schedule.until?.() !== true; second++) {
        const minute = Math.floor(time.now() / 60_000);
        await time.advance(1000);
        lab.cluster.settle();
        const isDue = Math.floor(time.now() / 60_000) > minute;
        const isRunning = all.some((each) => each.name.startsWith('switch') && each.isAlive());
        if (schedule.cron === true && isDue && !isRunning) startSwitch();
        if (violations.length > 0) throw new Error(violations.join('\n'));
        lab.now = time.now();
      }
    },
  };
}

function isDeleted({ metadata }: { readonly metadata: object }): boolean {
  return 'deletionTimestamp' in metadata;
}
