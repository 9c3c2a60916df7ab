import { type Experiment, type ExperimentIdentity, parseExperiment } from '../api/experiment.ts';
import { finalizer } from '../api/names.ts';
import type { MirrorExperimentStatus } from '../api/types.generated.ts';
import type { KubernetesObject, ObjectRef } from '../core/kubernetes/object.ts';
import { decide } from '../core/lifecycle/decide.ts';
import type { Decision, Inquiry } from '../core/lifecycle/decision.ts';
import { hasEnded } from '../core/lifecycle/hasEnded.ts';
import { mayGo } from '../core/lifecycle/mayGo.ts';
import { readRefused } from '../core/lifecycle/readRefused.ts';
import { rejectInvalid } from '../core/lifecycle/rejectInvalid.ts';
import { patchedRefs, refOf, sameRef } from '../core/lifecycle/run.ts';
import type { Answer, Answers, LifecycleSettings, RestoreWorld, World } from '../core/lifecycle/world.ts';
import { writeRefused } from '../core/lifecycle/writeRefused.ts';
import { printableStatus } from '../core/status/printable.ts';
import { tellsNews, tellsNewsOfRun } from '../core/status/tellsNews.ts';
import { transitions } from '../core/status/transitions.ts';
import { withoutFigures } from '../core/status/withoutFigures.ts';
import { askTelemetry } from './askTelemetry.ts';
import { createDrafts, type PackStatus } from './drafts.ts';
import { keepEvidence } from './keepEvidence.ts';
import { observe, parsed, readAll } from './observe.ts';
import type { Clock } from './ports/clock.ts';
import { type Cluster, ClusterError, type ExperimentRef, type KnownObjects } from './ports/cluster.ts';
import type { Experiments } from './ports/experiments.ts';
import type { Log } from './ports/log.ts';
import type { Telemetry } from './ports/telemetry.ts';
import type { Aside, Outcome } from './queue.ts';

export interface ReconcilerPorts {
  readonly cluster: Cluster;
  /** What a look that changes nothing rests on. Absent: every look reads everything anew. */
  readonly known?: KnownObjects;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Log;
  readonly experiments: Pick<Experiments, 'list' | 'withFinalizer' | 'letGo'>;
  /** gzip, as base64. Absent: no evidence is kept. */
  readonly compress?: (text: string) => string;
  /** Absent: what is decided and not stored is kept as it is. */
  readonly pack?: PackStatus;
  /** Called when telemetry was read for a look that was due; seconds since then. */
  readonly onLooked?: (secondsLate: number) => void;
  /** Called when an experiment is complete, with what has been stored: others may have waited for it. */
  readonly onComplete: (namespace: string, name: string, status: MirrorExperimentStatus) => void;
}

/** A decision leads to a write, a question or an end; more than this in one reconcile means that it does not converge. */
const MAX_DECISIONS = 32;

/** Milliseconds between two tries of what the API server refuses for good. */
const REFUSED_POLL = 15_000;

/** What is read of the world for an experiment with a valid spec, and what is decided from it. */
export interface Life {
  readonly observe: typeof observe;
  readonly decide: (world: World) => Decision;
}

/** What a glance has found out, and a look need not ask again. */
interface Glance {
  /** Of the experiment. */
  readonly resourceVersion: string;
  readonly answers: Answers;
}

/**
 * Brings one experiment one step further: read the world, decide, act, write the status once.
 *
 * Most looks find that nothing is to be done but to wait. They begin with a glance at what is known of the world, which may
 * lag behind a little; only when that leads to anything but waiting with what telemetry says, everything is read from the API
 * server and decided anew. So whatever is written but figures, gates and routes rests on what was read just before.
 */
export function createReconciler(
  ports: ReconcilerPorts,
  settings: LifecycleSettings,
  life: Life = { observe, decide },
) {
  const { cluster, known, telemetry, clock, experiments, onComplete } = ports;
  const drafts = createDrafts(ports.pack);

  return async function reconcile(key: string, signal: AbortSignal, aside: Aside = (task) => task()): Promise<Outcome> {
    const [namespace = '', name = ''] = key.split('/');
    const ref: ObjectRef = { kind: 'MirrorExperiment', namespace, name };
    const seen = known === undefined ? undefined : await glance(known, ref, signal, aside);
    return seen !== undefined && 'outcome' in seen ? seen.outcome : look(ref, seen, signal, aside);
  };

  /** The outcome, when there is nothing to do but to wait; undefined: there may be, and nothing was asked. */
  async function glance(
    reader: KnownObjects,
    ref: ObjectRef,
    signal: AbortSignal,
    aside: Aside,
  ): Promise<{ readonly outcome: Outcome } | Glance | undefined> {
    const object = await reader.read(ref);
    const stored = object === undefined ? undefined : parsed(object);
    if (stored === undefined || stored.deletionTimestamp !== undefined) return undefined;
    if (hasEnded(stored)) {
      drafts.forget(stored.uid);
      return mayGo(stored) ? undefined : { outcome: {} };
    }
    if (!stored.finalizers.includes(finalizer)) return undefined;
    const { namespace, name, uid, resourceVersion } = stored;
    const log = ports.log.child({ namespace, experiment: name, uid });
    const experiment = { ...stored, status: drafts.statusOf(stored) };
    try {
      const others = () => experiments.list(namespace);
      const seen = await life.observe(experiment, others, reader, clock.now(), settings);
      const figuresStand = drafts.figuresStand(stored, clock.now());
      const first = await ask({ ...seen, figuresStand }, life.decide, log, signal, aside);
      const isNews = tellsNews(stored.status, printableStatus(first.decision.status));
      // Beside news figures are new as well.
      const anew = { ...first.world, experiment, figuresStand: false };
      const { decision, world } = figuresStand && isNews ? await ask(anew, life.decide, log, signal, aside) : first;
      const { status, next } = decision;
      const isCalm = next.kind === 'wait' && !tellsNewsOfRun(stored.status, printableStatus(status));
      if (!isCalm) return { resourceVersion, answers: world.answers ?? {} };
      await store(stored, status, log);
      return { outcome: outcomeOf(decision) };
    } catch (error) {
      // What is refused, and what has changed meanwhile, is a look's to deal with.
      if (error instanceof ClusterError && (error.kind === 'Forbidden' || error.kind === 'Conflict')) return undefined;
      throw error;
    }
  }

  async function look(ref: ObjectRef, seen: Glance | undefined, signal: AbortSignal, aside: Aside): Promise<Outcome> {
    const { namespace, name } = ref;
    const object = await cluster.read(ref);
    if (object === undefined) return {};
    const log = ports.log.child({ namespace, experiment: name, uid: object.metadata.uid });
    const answers = seen?.resourceVersion === object.metadata.resourceVersion ? seen.answers : {};
    const { experiment, act } = await prepare(object, answers, log, signal, aside);
    let pending: Outcome = {};
    if (hasEnded(experiment) || experiment.deletionTimestamp !== undefined) drafts.forget(experiment.uid);
    // Whenever an experiment ends, all others of its namespace are looked at: most of them have long ended too.
    if (hasEnded(experiment) && experiment.deletionTimestamp === undefined) {
      if (mayGo(experiment)) await experiments.letGo(object);
      return {};
    }
    const outcome = await experiments.withFinalizer(object, async () => {
      const decision = await act();
      if (decision.next.kind !== 'release') {
        await store(experiment, decision.status, log);
        pending = outcomeOf(decision);
        return 'pending';
      }
      await tell(experiment, printableStatus(decision.status), log);
      log.info('everything that can be is restored; the experiment may go');
      return 'restored';
    });
    if (outcome === 'pending') return pending;
    // The finalizer has just been set: the resource version is another one now.
    if (outcome === 'handled') return experiment.deletionTimestamp === undefined ? { requeueAfterMilliseconds: 0 } : {};
    const decision = await act();
    await store(experiment, await withEvidence(experiment, decision, log), log);
    // Its finalizer is left to the next look, which reads what has been stored.
    return hasEnded({ ...experiment, status: decision.status }) ? { requeueAfterMilliseconds: 0 } : outcomeOf(decision);
  }

  /** What a new verdict rests on is kept before the verdict is. */
  async function withEvidence(
    experiment: ExperimentIdentity | Experiment,
    { status, next }: Decision,
    log: Log,
  ): Promise<MirrorExperimentStatus> {
    const { compress } = ports;
    const isNew = status.verdict !== undefined && experiment.status.verdict === undefined;
    if (!isNew || compress === undefined || !('spec' in experiment)) return status;
    const evidence = next.kind === 'save' ? next.evidence : undefined;
    return keepEvidence({ cluster, compress, log }, experiment, printableStatus(status), evidence);
  }

  /** What is to be done about the experiment as it is now: its life, or its end when its spec cannot be read. */
  async function prepare(
    object: KubernetesObject,
    answers: Answers,
    log: Log,
    signal: AbortSignal,
    aside: Aside,
  ): Promise<{ experiment: ExperimentIdentity; act: () => Promise<Decision> }> {
    const result = parseExperiment(object);
    if (result.kind === 'experiment') {
      const { experiment } = result;
      const others = () => experiments.list(experiment.namespace);
      const status = drafts.statusOf(experiment);
      const begin = () => life.observe({ ...experiment, status }, others, cluster, clock.now(), settings);
      const act = async () => follow({ ...(await begin()), answers }, life.decide, log, signal, aside);
      return { experiment, act: () => unlessUnreadable(experiment, act, log) };
    }
    const { identity, errors } = result;
    if (identity === undefined)
      throw new Error(`the API server sent an experiment without valid metadata: ${object.metadata.name}`);
    const begin = async () => ({
      now: clock.now(),
      experiment: identity,
      objects: await readAll(patchedRefs(identity), cluster),
    });
    const act = async () => follow(await begin(), (world) => rejectInvalid(world, errors), log, signal, aside);
    return { experiment: identity, act: () => unlessUnreadable(identity, act, log) };
  }

  /** Reads are refused until somebody changes the operator's rights: the experiment has to say so. */
  async function unlessUnreadable(
    experiment: ExperimentIdentity,
    act: () => Promise<Decision>,
    log: Log,
  ): Promise<Decision> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof ClusterError && error.kind === 'Forbidden')) throw error;
      log.error('the API server refuses to let the operator read', { error: error.message });
      const status = readRefused({ now: clock.now(), experiment }, experiment.status, error.message);
      return { status, next: { kind: 'wait', milliseconds: REFUSED_POLL } };
    }
  }

  /** Decides and acts until the decision is to store the status, to wait or to stop. */
  async function follow<W extends AskedWorld>(
    first: W,
    decideOn: (world: W) => Decision,
    log: Log,
    signal: AbortSignal,
    aside: Aside,
  ): Promise<Decision> {
    let before = first;
    for (let count = 0; count < MAX_DECISIONS; count++) {
      const { decision, world } = await ask(before, decideOn, log, signal, aside);
      const { next, status } = decision;
      if (next.kind !== 'patch') return decision;
      log.info(next.purpose, { object: `${next.ref.kind}/${next.ref.name}` });
      try {
        const written = await cluster.patch(next.ref, next.resourceVersion, next.operations);
        const objects = world.objects.map((each) => (sameRef(refOf(each), next.ref) ? written : each));
        before = { ...world, objects, now: clock.now(), experiment: { ...first.experiment, status } };
      } catch (error) {
        return await refusedForGood(error, world, status, next.purpose, log);
      }
    }
    throw restless();
  }

  /** Decides and asks telemetry until the decision is anything else; `world` is the one that it was made on. */
  async function ask<W extends AskedWorld>(
    first: W,
    decideOn: (world: W) => Decision,
    log: Log,
    signal: AbortSignal,
    aside: Aside,
  ): Promise<{ readonly decision: Decision; readonly world: W }> {
    let world = first;
    for (let count = 0; count < MAX_DECISIONS; count++) {
      signal.throwIfAborted();
      const decision = decideOn(world);
      const { next, status } = decision;
      if (next.kind !== 'ask') return { decision, world };
      const late = lateAnswer(world.answers);
      const inquiries = next.also === undefined ? [next] : [next, next.also];
      for (const { ask } of inquiries) {
        log.debug(late === undefined ? 'asking telemetry' : 'not asking telemetry, which is late', { ...ask });
      }
      const answers =
        late === undefined
          ? await aside(() => Promise.all(inquiries.map((each) => inquire(each, signal))))
          : inquiries.map(({ ask }): Answers => ({ [ask.what]: late }));
      world = {
        ...world,
        answers: Object.assign({}, world.answers, ...answers),
        now: clock.now(),
        experiment: { ...first.experiment, status },
      };
    }
    throw restless();
  }

  async function inquire({ ask, question }: Inquiry, signal: AbortSignal): Promise<Answers> {
    const answers = await askTelemetry(telemetry, ask, question, signal);
    if (ask.what === 'read' && ask.due !== undefined) ports.onLooked?.((clock.now() - ask.due) / 1000);
    return answers;
  }

  /** A write that will be refused again is told in the status; anything else is tried again. */
  async function refusedForGood(
    error: unknown,
    world: RestoreWorld,
    status: MirrorExperimentStatus,
    purpose: string,
    log: Log,
  ): Promise<Decision> {
    const final = error instanceof ClusterError && (error.kind === 'Forbidden' || error.kind === 'Invalid');
    if (!final) throw error;
    log.error(`the API server refuses to ${purpose}`, { error: error.message });
    const told = writeRefused(world, status, `the API server refuses to ${purpose}: ${error.message}`);
    if (told.verdict !== status.verdict) return { status: told, next: { kind: 'save' } };
    return { status: told, next: { kind: 'wait', milliseconds: REFUSED_POLL } };
  }

  /** A figure that the API server refuses must not keep the life cycle from going on: mirroring would never end. */
  async function writeStatus(
    ref: ExperimentRef,
    resourceVersion: string,
    status: MirrorExperimentStatus,
    log: Log,
  ): Promise<void> {
    try {
      await cluster.writeStatus(ref, resourceVersion, status);
    } catch (error) {
      if (!(error instanceof ClusterError && error.kind === 'Invalid')) throw error;
      log.error('the API server refuses the status; it is written without figures', { error: error.message });
      await cluster.writeStatus(ref, resourceVersion, withoutFigures(status));
    }
  }

  async function store(experiment: ExperimentIdentity, decided: MirrorExperimentStatus, log: Log): Promise<void> {
    const status = printableStatus(decided);
    const { namespace, name, uid, resourceVersion } = experiment;
    if (!drafts.mustStore(experiment, status, clock.now())) return;
    await writeStatus({ namespace, name, uid }, resourceVersion, status, log);
    await tell(experiment, status, log);
    if (status.completionTime !== undefined && experiment.status.completionTime === undefined)
      onComplete(namespace, name, status);
  }

  async function tell(
    { namespace, name, uid, status: before }: ExperimentIdentity,
    status: MirrorExperimentStatus,
    log: Log,
  ): Promise<void> {
    for (const transition of transitions(before, status)) {
      log.info(transition.message, { reason: transition.reason });
      await cluster.recordEvent({ namespace, name, uid }, transition);
    }
  }
}

type AskedWorld = RestoreWorld & { readonly answers?: Answers };

/** A source that has not answered in time is not waited for again in the same look. */
function lateAnswer(answers: Answers = {}): Extract<Answer<never>, { ok: false }> | undefined {
  return Object.values(answers).find((answer: Answer<unknown>) => !answer.ok && answer.isLate === true);
}

function restless(): Error {
  return new Error(`the experiment does not come to rest after ${MAX_DECISIONS} decisions`);
}

function outcomeOf({ next }: Decision): Outcome {
  if (next.kind === 'save') return { requeueAfterMilliseconds: 0 };
  return next.kind === 'wait' ? { requeueAfterMilliseconds: next.milliseconds } : {};
}
