import { type Experiment, parseExperiment } from '../api/experiment.ts';
import type { KubernetesObject } from '../core/kubernetes/object.ts';
import { absenceOf } from '../core/lifecycle/absence.ts';
import { endWithoutOperator, mayNeedEnd, needsEnd } from '../core/lifecycle/endWithoutOperator.ts';
import { ownJournal, patchedRefs, refsToRestore } from '../core/lifecycle/run.ts';
import type { LifecycleSettings, World } from '../core/lifecycle/world.ts';
import { awaitAbsence, type Traces } from './awaitAbsence.ts';
import { type Election, startElection } from './election.ts';
import type { LeadershipTiming } from './leadership.ts';
import { readAll } from './observe.ts';
import type { MonotonicClock } from './ports/clock.ts';
import { type Cluster, ClusterError } from './ports/cluster.ts';
import type { Experiments } from './ports/experiments.ts';
import type { Lease, LeaseRecord } from './ports/lease.ts';
import type { Log } from './ports/log.ts';
import type { Telemetry } from './ports/telemetry.ts';
import { createReconciler } from './reconcile.ts';
import { createWork } from './work.ts';

export interface DeadMansSwitchOptions {
  readonly experiments: {
    readonly list: (signal: AbortSignal) => Promise<readonly KubernetesObject[]>;
    readonly withFinalizer: Experiments['withFinalizer'];
    readonly letGo: Experiments['letGo'];
  };
  /** Of the operator. */
  readonly lease: Lease;
  /** Its writes ask the guard of the election that `onElection` hands out. */
  readonly cluster: Cluster;
  readonly onElection: (election: Election) => void;
  readonly clock: MonotonicClock;
  readonly log: Log;
  /** Runs the work on an experiment, so that all that is logged meanwhile has these fields. */
  readonly inScope?: <T>(fields: ReturnType<typeof fieldsOf>, work: () => T) => T;
  /** Of this process and no other, before or after. */
  readonly identity: string;
  readonly timing: LeadershipTiming;
  readonly settings: DeadMansSwitchSettings;
  /** Asks it to end. */
  readonly signal: AbortSignal;
}

export interface DeadMansSwitchSettings {
  readonly absentSeconds: number;
  /** How long the restart of a workload that runs Envoy is awaited. */
  readonly restartTimeoutSeconds: number;
  readonly rolloutPollMilliseconds: number;
  readonly concurrency: number;
  /** How long work in hand may take to end. */
  readonly shutdownGraceSeconds: number;
}

export type SwitchOutcome =
  /** Nothing is to be ended, or an operator is at work. */
  | 'nothingToDo'
  /** Every experiment that had changed anything is ended and restored. */
  | 'ended'
  /** Something is left, which the log names; or nothing may be done, and the log says why. */
  | 'failed';

/**
 * Ends what an operator has begun that is not at work any more: no longer than it takes to see the Lease move when there is
 * one; otherwise it takes the Lease as any replica would, so that there is one writer whatever comes back meanwhile, ends
 * and restores the experiments by the operator's own life cycle, and releases the Lease.
 */
export async function runDeadMansSwitch(options: DeadMansSwitchOptions): Promise<SwitchOutcome> {
  const { experiments, lease, clock, log, timing, settings, signal } = options;
  const running = (await experiments.list(signal)).filter(mayBeLeft);
  if (running.length === 0) {
    log.info('no experiment has anything to restore');
    return 'nothingToDo';
  }
  const presence = await awaitAbsence({
    ...{ lease, clock, log, signal, absentSeconds: settings.absentSeconds },
    ...{ leaseSeconds: timing.leaseSeconds, retrySeconds: timing.retrySeconds },
    traces: async () => statusesOf(await experiments.list(signal)),
  });
  if (presence.kind === 'present') {
    log.info('an operator is at work', { lease: lease.name, experiments: running.length });
    return 'nothingToDo';
  }
  if (presence.kind === 'elsewhere') {
    log.error(
      'the status of experiments is written by somebody who does not hold the Lease, so nothing is done: does the operator ' +
        'run with LEADER_ELECTION=false, or with another LEASE_NAME or LEASE_NAMESPACE?',
      { lease: lease.name },
    );
    return 'failed';
  }
  const left = new Map<string, string>();
  for (const object of await experiments.list(signal))
    if (await isLeft(object, options)) left.set(keyOf(object), object.metadata.uid);
  if (left.size === 0) {
    log.info('no operator is at work, and no experiment has anything to restore', { lease: lease.name });
    return 'nothingToDo';
  }
  return takeOver(options, left, presence.record);
}

async function takeOver(
  options: DeadMansSwitchOptions,
  uids: ReadonlyMap<string, string>,
  last: LeaseRecord | undefined,
): Promise<SwitchOutcome> {
  const { experiments, lease, cluster, clock, log, identity, timing, settings, signal } = options;
  const { inScope = (_, run) => run() } = options;
  const keys = [...uids.keys()];
  const absence = absenceOf(lease.name, settings.absentSeconds, last);
  log.warn('no operator is at work: its experiments are ended', { reason: absence, experiments: keys.length });
  const over = Promise.withResolvers<'done' | 'returned' | 'late'>();
  const settled = new Set<string>();
  const reconcile = createReconciler(
    {
      ...{ cluster, clock, log, telemetry: NO_TELEMETRY, onComplete: () => {} },
      experiments: { ...experiments, list: () => [] },
    },
    { ...LIFECYCLE, ...settings },
    {
      observe: (experiment) => readWorld(experiment, options),
      decide: (world) => endWithoutOperator(world, absence),
    },
  );
  const work = createWork({
    work: async (key, given) => {
      const outcome = await inScope(fieldsOf(key, uids), () => reconcile(key, given));
      if (outcome.requeueAfterMilliseconds === undefined) settled.add(key);
      if (settled.size === keys.length) over.resolve('done');
      return outcome;
    },
    keys: () => keys,
    concurrency: settings.concurrency,
    clock,
    backoff: { baseMilliseconds: 500, capMilliseconds: 15_000 },
    endWithinMilliseconds: settings.shutdownGraceSeconds * 1000,
    onError: (key, error, retry) => {
      const fields = fieldsOf(key, uids);
      if (work.isActive())
        log.error('the experiment could not be ended; it is tried again', { ...fields, error, ...retry });
    },
  });
  const election = startElection({
    lease: noticing(lease, (record) => {
      if (record.holder !== identity && record.renewTime !== last?.renewTime) over.resolve('returned');
    }),
    ...{ identity, timing, clock, log, onLead: work.begin, onLost: () => work.end(0) },
  });
  options.onElection(election);
  election.ended.catch(over.reject);
  const patience = timing.leaseSeconds + settings.restartTimeoutSeconds + SLACK_SECONDS;
  const cancel = clock.setTimer(patience * 1000, () => over.resolve('late'));
  const giveUp = () => over.reject(signal.reason);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  let isIdle = false;
  try {
    const how = await over.promise;
    if (how === 'returned') {
      log.info('an operator is back, and goes on itself', { lease: lease.name });
      return 'nothingToDo';
    }
  } finally {
    cancel();
    signal.removeEventListener('abort', giveUp);
    try {
      await work.end(0);
      isIdle = true;
    } finally {
      await election.stop({ release: isIdle });
    }
  }
  return (await nameLeft(options, keys)) ? 'failed' : 'ended';
}

/** Says of each experiment what is still not as it was; true when there is any. */
async function nameLeft({ cluster, log }: DeadMansSwitchOptions, keys: readonly string[]): Promise<boolean> {
  let isAny = false;
  for (const key of keys) {
    const [namespace = '', name = ''] = key.split('/');
    const object = await cluster.read({ kind: 'MirrorExperiment', namespace, name });
    const parsed = object === undefined ? undefined : parseExperiment(object);
    const identity = parsed?.kind === 'experiment' ? parsed.experiment : parsed?.identity;
    if (identity === undefined) continue;
    const found = await unlessForbidden(() => readAll(patchedRefs(identity), cluster));
    if (typeof found === 'string') {
      isAny = true;
      log.error('the experiment is not restored', { namespace, experiment: name, uid: identity.uid, message: found });
      continue;
    }
    const objects = found.filter((each) => ownJournal(identity, each) !== undefined);
    const mirroring = identity.status.conditions?.find(({ type }) => type === 'Mirroring');
    const isUncertain = mirroring?.status !== 'False' && mirroring !== undefined;
    if (objects.length === 0 && !isUncertain && !mayNeedEnd(identity)) continue;
    isAny = true;
    log.error('the experiment is not restored', {
      ...{
        namespace,
        experiment: name,
        uid: identity.uid,
        objects: objects.map((each) => `${each.kind}/${each.metadata.name}`),
      },
      ...{ reason: mirroring?.reason, message: mirroring?.message },
    });
  }
  return isAny;
}

function mayBeLeft(object: KubernetesObject): boolean {
  const parsed = parseExperiment(object);
  const identity = parsed.kind === 'experiment' ? parsed.experiment : parsed.identity;
  return identity !== undefined && mayNeedEnd(identity);
}

async function isLeft(object: KubernetesObject, options: DeadMansSwitchOptions): Promise<boolean> {
  if (!mayBeLeft(object)) return false;
  const parsed = parseExperiment(object);
  if (parsed.kind === 'invalid') return true;
  const world = await unlessForbidden(() => readWorld(parsed.experiment, options));
  // One that may not be looked at keeps no other from being restored: what becomes of it is told in the end.
  return typeof world === 'string' || needsEnd(world);
}

/** What `read` gives, or why the API server refuses it. */
async function unlessForbidden<T extends object>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ClusterError && error.kind === 'Forbidden')) throw error;
    return error.message;
  }
}

async function readWorld(experiment: Experiment, { cluster, clock, settings }: DeadMansSwitchOptions): Promise<World> {
  return {
    now: clock.now(),
    experiment,
    objects: await readAll(refsToRestore(experiment), cluster),
    others: [],
    answers: {},
    settings: { ...LIFECYCLE, ...settings },
  };
}

/** Only operators write a status: users' roles have no right to. */
function statusesOf(objects: readonly KubernetesObject[]): Traces {
  return new Map(objects.map(({ metadata, status }) => [metadata.uid, status]));
}

function noticing(lease: Lease, notice: (record: LeaseRecord) => void): Lease {
  return {
    ...lease,
    read: async (signal) => {
      const stored = await lease.read(signal);
      if (stored !== undefined) notice(stored.record);
      return stored;
    },
  };
}

/** Of a key, for the log. */
function fieldsOf(key: string, uids: ReadonlyMap<string, string>) {
  const [namespace = '', experiment = ''] = key.split('/');
  const uid = uids.get(key);
  return { namespace, experiment, ...(uid !== undefined && { uid }) };
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** For the writes, beside the wait for a restart. */
const SLACK_SECONDS = 60;

/** Not needed to end anything. */
const LIFECYCLE: Pick<LifecycleSettings, 'missingTargetGraceSeconds' | 'clusterDomain'> = {
  missingTargetGraceSeconds: 0,
  clusterDomain: 'cluster.local',
};

const refuse = async (): Promise<never> => {
  throw new Error('the dead man’s switch asks no telemetry');
};
const NO_TELEMETRY: Telemetry = { probe: refuse, firstCopy: refuse, read: refuse, trace: refuse };
