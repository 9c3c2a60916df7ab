import { type ContainerHealth, containersOf, timeAt } from './containers.ts';
import { recordAt, recordsAt, stringAt } from './fields.ts';
import type { KubernetesObject } from './object.ts';

/** What keeps pods from serving, in the order in which it is told. */
export type PodProblem = 'OutOfMemory' | 'CrashLoop' | 'ImagePullFailed' | 'NotScheduled' | 'NotReady';

export interface Diagnosis {
  readonly problem: PodProblem;
  /** Names the pod, the container, what happened and where to look. */
  readonly message: string;
  /** It has been so for long enough that waiting will not cure it. */
  readonly isFinal: boolean;
}

/** Restarts of a container before a run, which are not the run's. */
export interface KnownRestarts {
  readonly pod: string;
  readonly container: string;
  readonly restarts: number;
}

export interface DiagnoseOptions {
  /** Now, in ms since the epoch. */
  readonly now: number;
  /** When the run began, in ms since the epoch: what happened before is not its candidate's. */
  readonly since: number;
  readonly before: readonly KnownRestarts[];
}

/** A container that waits in CrashLoopBackOff after as many restarts has ended three times in a row: no accident. */
const RESTARTS_IN_BACK_OFF = 2;

/** Restarts that are a loop also when the container happens to run at the moment ... */
const RESTARTS = 3;

/** ... unless they are further apart on average: then the kubelet too takes each for an accident and forgets its back-off. */
const LOOP_INTERVAL_MILLISECONDS = 600_000;

/** Kills for lack of memory: one may be a spike at the start, the second says that the limit does not suffice. */
const KILLS = 2;

/** A container that was killed once and does not come back for so long: a kubelet restarts at once after a first end. */
const NOT_BACK_MILLISECONDS = 60_000;

/** The kubelet pulls after 0, 10, 30 and 70 s: within a minute three tries have failed, which is no hiccup of a registry. */
const PULL_MILLISECONDS = 60_000;

/** As long as an autoscaler takes to add a node. */
const SCHEDULE_MILLISECONDS = 300_000;

/** Pods of a run that failed as a whole (mostly evicted) and were replaced: the same count as for restarts. */
const FAILED_PODS = 3;

/**
 * The worst that is wrong with pods, by what their kubelet reports; undefined: nothing. A single restart is not a problem
 * by itself. Pods that are being deleted must be left out by the caller.
 */
export function diagnose(pods: readonly KubernetesObject[], options: DiagnoseOptions): Diagnosis | undefined {
  const [failed, present] = [pods.filter(hasFailed), pods.filter((pod) => !hasFailed(pod) && !hasSucceeded(pod))];
  const found = [
    ...present.flatMap((pod) => containersOf(pod).flatMap((each) => diagnoseContainer(each, pod, options) ?? [])),
    ...present.flatMap((pod) => diagnosePod(pod, options) ?? []),
    ...diagnoseFailed(failed, options),
  ];
  return found.sort((a, b) => Number(b.isFinal) - Number(a.isFinal) || rank(a) - rank(b))[0];
}

/** True when a pod takes requests. */
export function isReady(pod: KubernetesObject): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** The restarts that containers have had so far, without those that had none; at most `most`. */
export function restartsOf(pods: readonly KubernetesObject[], most: number): readonly KnownRestarts[] {
  return pods
    .flatMap(containersOf)
    .filter(({ restarts }) => restarts > 0)
    .slice(0, most)
    .map(({ pod, container, restarts }) => ({ pod, container, restarts }));
}

const ORDER: readonly PodProblem[] = ['OutOfMemory', 'CrashLoop', 'ImagePullFailed', 'NotScheduled', 'NotReady'];

function rank({ problem }: Diagnosis): number {
  return ORDER.indexOf(problem);
}

function diagnoseContainer(
  health: ContainerHealth,
  pod: KubernetesObject,
  options: DiagnoseOptions,
): Diagnosis | undefined {
  return diagnoseEnds(health, pod, options) ?? diagnoseStart(health, pod, options);
}

function diagnoseEnds(health: ContainerHealth, pod: KubernetesObject, options: DiagnoseOptions): Diagnosis | undefined {
  const { end, isDown, waiting } = health;
  const finished = end?.finishedAt ?? options.since;
  // An init container that is done is not down.
  const isDone = end?.reason === 'Completed' && waiting === undefined;
  if (end === undefined || finished < options.since || isDone) return undefined;
  const restarts = restartsSince(health, options.before);
  const ends = restarts + (isDown ? 1 : 0);
  if (end.reason === 'OOMKilled' && (isDown || ends >= KILLS)) {
    const isFinal = ends >= KILLS || options.now - finished >= NOT_BACK_MILLISECONDS;
    return { problem: 'OutOfMemory', isFinal, message: describeEnds(health, pod, ends) };
  }
  const began = Math.max(timeAt(pod.metadata, 'creationTimestamp') ?? options.since, options.since);
  const isOften = restarts >= RESTARTS && (finished - began) / restarts <= LOOP_INTERVAL_MILLISECONDS;
  const isBackingOff = waiting === 'CrashLoopBackOff' && restarts >= RESTARTS_IN_BACK_OFF;
  if (!isOften && !isBackingOff && waiting !== 'CrashLoopBackOff') return undefined;
  return { problem: 'CrashLoop', isFinal: isOften || isBackingOff, message: describeEnds(health, pod, ends) };
}

/** Names that the kubelet does not try again, or tries in vain. */
const WRONG_IMAGE = ['InvalidImageName', 'ErrImageNeverPull'];
const PULL_FAILS = ['ErrImagePull', 'ImagePullBackOff', 'ImageInspectError', 'RegistryUnavailable', ...WRONG_IMAGE];
const NOT_CREATED = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError', 'PreStartHookError'];

function diagnoseStart(
  { container, waiting, waitingMessage }: ContainerHealth,
  pod: KubernetesObject,
  { now, since }: DiagnoseOptions,
): Diagnosis | undefined {
  if (waiting === undefined) return undefined;
  const { name, namespace } = pod.metadata;
  const taken = timeAt(recordAt(pod, 'status'), 'startTime') ?? timeAt(pod.metadata, 'creationTimestamp') ?? now;
  const isLong = now - Math.max(taken, since) >= PULL_MILLISECONDS;
  const where = `container ${container} of pod ${name}: ${waiting}${waitingMessage === undefined ? '' : `: ${short(waitingMessage)}`}`;
  if (PULL_FAILS.includes(waiting)) {
    const message = `the image of ${where}; correct the image or give the pods the right to pull it (kubectl describe pod ${name} -n ${namespace})`;
    return { problem: 'ImagePullFailed', isFinal: isLong || WRONG_IMAGE.includes(waiting), message };
  }
  if (!NOT_CREATED.includes(waiting)) return undefined;
  return {
    problem: 'NotReady',
    isFinal: isLong,
    message: `${where}; see kubectl describe pod ${name} -n ${namespace}`,
  };
}

function diagnosePod(pod: KubernetesObject, { now, since }: DiagnoseOptions): Diagnosis | undefined {
  const { name, namespace } = pod.metadata;
  const scheduled = conditionOf(pod, 'PodScheduled');
  if (scheduled?.status === 'False') {
    const from = Math.max(timeAt(pod.metadata, 'creationTimestamp') ?? now, since);
    const message = `no node takes pod ${name}: ${short(stringAt(scheduled, 'message') ?? stringAt(scheduled, 'reason') ?? 'no reason given')}; see kubectl describe pod ${name} -n ${namespace}`;
    return { problem: 'NotScheduled', isFinal: now - from >= SCHEDULE_MILLISECONDS, message };
  }
  if (isReady(pod)) return undefined;
  const said = stringAt(conditionOf(pod, 'Ready'), 'message');
  const message = `pod ${name} is not ready${said === undefined ? '' : ` (${short(said)})`}; see kubectl describe pod ${name} -n ${namespace}`;
  return { problem: 'NotReady', isFinal: false, message };
}

function diagnoseFailed(failed: readonly KubernetesObject[], { since }: DiagnoseOptions): readonly Diagnosis[] {
  const ofRun = failed.filter((pod) => (timeAt(pod.metadata, 'creationTimestamp') ?? 0) >= since);
  const last = ofRun.at(-1);
  if (last === undefined || ofRun.length < FAILED_PODS) return [];
  const { name, namespace } = last.metadata;
  const status = recordAt(last, 'status');
  const why = [stringAt(status, 'reason'), stringAt(status, 'message')].filter((text) => text !== undefined);
  const message = `${ofRun.length} pods failed one after another, the last ${name}: ${short(why.join(': ') || 'no reason given')}; see kubectl describe pod ${name} -n ${namespace}`;
  return [{ problem: 'NotReady', isFinal: true, message }];
}

function restartsSince({ pod, container, restarts }: ContainerHealth, before: readonly KnownRestarts[]): number {
  const known = before.find((each) => each.pod === pod && each.container === container)?.restarts ?? 0;
  // A pod of a StatefulSet keeps its name when it is made anew.
  return restarts >= known ? restarts - known : restarts;
}

function describeEnds({ container, end }: ContainerHealth, pod: KubernetesObject, ends: number): string {
  const { name, namespace } = pod.metadata;
  const code = end?.exitCode === undefined ? '' : `exit code ${end.exitCode}, `;
  const times = ends === 1 ? 'ended once' : `ended ${ends} times`;
  return `container ${container} of pod ${name} ${times}, the last time with ${code}${end?.reason ?? 'Error'}; see kubectl logs -p ${name} -c ${container} -n ${namespace}`;
}

function conditionOf(pod: KubernetesObject, type: string): Record<string, unknown> | undefined {
  return recordsAt(recordAt(pod, 'status'), 'conditions').find((each) => each.type === type);
}

function hasFailed(pod: KubernetesObject): boolean {
  return recordAt(pod, 'status')?.phase === 'Failed';
}

function hasSucceeded(pod: KubernetesObject): boolean {
  return recordAt(pod, 'status')?.phase === 'Succeeded';
}

/** A registry or a scheduler may say a lot. */
function short(text: string): string {
  const characters = [...text];
  return characters.length <= 300 ? text : `${characters.slice(0, 299).join('')}…`;
}
