import { getCondition, timestamp } from '../../api/conditions.ts';
import type { ReasonOf } from '../../api/reasons.ts';
import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JudgedWindow } from '../evidence/recordOf.ts';
import { tracedRoutes } from '../evidence/trace.ts';
import { blockSeconds } from '../query/blocksQuery.ts';
import { analysedSeconds } from '../samples/analysedSeconds.ts';
import { evidenceDocument } from '../samples/evidenceDocument.ts';
import type { Samples } from '../samples/samples.ts';
import { nextIntervalAt, type Window, windowAt } from '../schedule.ts';
import { explain } from '../status/explain.ts';
import { resultsOf } from '../status/results.ts';
import { evaluate } from '../verdict/evaluate.ts';
import type { Evaluation } from '../verdict/evaluation.ts';
import type { EvidenceDocument } from '../verdict/evidence.ts';
import { type LastingLoss, lastingLoss } from '../verdict/lastingLoss.ts';
import { losesCopies } from '../verdict/losesCopies.ts';
import { surplusOf } from '../verdict/surplus.ts';
import { conclude, type Verdict } from './conclude.ts';
import type { Decision, Step } from './decision.ts';
import { dueAt, reportPunctuality } from './punctual.ts';
import { isCondition, isPastDeadline, progress, report, waitWithin } from './report.ts';
import { questionOf } from './run.ts';
import type { WindowSamples, World } from './world.ts';

/**
 * Compares the whole settled window whenever it has grown. A verdict is given only when a second, independent read of the
 * window leads to the same one.
 */
export function analyse(world: World, status: MirrorExperimentStatus): Step {
  const { analysis } = world.experiment.spec;
  const since = Date.parse(status.mirroringSince ?? '');
  const window = windowAt(world.now, since, analysis, isPastDeadline(world, status));
  if (window === undefined) return awaitWindow(world, status, since);
  const read = world.answers.read;
  if (read === undefined && isAnalysed(world, status, window)) {
    return { status, next: untilNextInterval(world, status, since) };
  }
  if (read === undefined) return ask(world, status, 'read', window, dueAt(world, status));
  if (!read.ok) return telemetryFailed(world, status, read.message, read.retryAfterSeconds);

  const judged = judge(world, read.value);
  const shown = reportPunctuality(world, status, show(world, status, judged));
  const first = conclusionOf(world, status, judged);
  if (first === undefined) return { status: goOn(world, shown, judged), next: untilNextInterval(world, status, since) };

  const confirm = world.answers.confirm;
  if (confirm === undefined) return ask(world, shown, 'confirm', read.value);
  if (!confirm.ok) return telemetryFailed(world, shown, confirm.message, confirm.retryAfterSeconds);
  const again = judge(world, confirm.value);
  const confirmed = reportPunctuality(world, status, show(world, status, again));
  const second = conclusionOf(world, status, again);
  const agree =
    second?.verdict === first.verdict && (second.isEarly === first.isEarly || isPastDeadline(world, status));
  const isFinal = (second !== undefined && agree) || isPastDeadline(world, status);
  if (isFinal && world.answers.trace === undefined && again.samples.routes.length > 0) {
    return askTrace(world, confirmed, again);
  }
  const evidence = evidenceOf(world, again);
  const ended = withoutRunning(confirmed);
  if (second !== undefined && agree) {
    const message = explanation(world, ended, second, again);
    return conclude(world, ended, second.verdict, second.reason, message, evidence);
  }
  if (isPastDeadline(world, status)) {
    return conclude(world, ended, 'Inconclusive', 'NotEnoughEvidence', DISAGREEMENT, evidence);
  }
  return { status: goOn(world, confirmed, again), next: untilNextInterval(world, status, since) };
}

/** A route, or a gate, that was undecided when another one failed the experiment stays so. */
function withoutRunning(status: MirrorExperimentStatus): MirrorExperimentStatus {
  const { routes, progress: gates } = status;
  return {
    ...status,
    ...(routes !== undefined && { routes: routes.map(decided) }),
    ...(gates !== undefined && { progress: gates.map(decided) }),
  };
}

function decided<T extends { verdict: string }>(each: T): T {
  return each.verdict === 'Running' ? { ...each, verdict: 'Inconclusive' } : each;
}

const DISAGREEMENT =
  'the deadline came, and two reads of the same window lead to different verdicts: telemetry still arrives after settleSeconds; raise it';

interface Judged {
  readonly window: WindowSamples;
  readonly document: EvidenceDocument;
  readonly evaluation: Evaluation;
  readonly samples: Samples;
  /** What counts for minDurationSeconds. */
  readonly seconds: number;
  readonly loss: LastingLoss | undefined;
  /** What to say of requests that are no copies; a Pass waits until they are few. */
  readonly surplus: string | undefined;
  /** As the status shows them, with the intervals. */
  readonly results: () => ReturnType<typeof resultsOf>;
}

interface Conclusion {
  readonly verdict: Verdict;
  readonly reason: ReasonOf<'Passed'>;
  /** An Inconclusive that does not wait for the deadline. */
  readonly isEarly?: boolean;
}

/** One look decides several times about the windows that it has read: each is judged once, which is most of its cost. */
function judge(world: World, window: WindowSamples): Judged {
  const { analysis, traffic } = world.experiment.spec;
  const deadline = isPastDeadline(world, world.experiment.status);
  const by = JSON.stringify([analysis, traffic.percent, deadline]);
  const known = JUDGED.get(window);
  if (known?.by === by) return known.judged;
  const judged = judgeAnew(world, window, deadline);
  JUDGED.set(window, { by, judged });
  return judged;
}

/** `by`: what else a judgement rests on. */
const JUDGED = new WeakMap<WindowSamples, { readonly by: string; readonly judged: Judged }>();

function judgeAnew(world: World, window: WindowSamples, deadline: boolean): Judged {
  const { analysis, traffic } = world.experiment.spec;
  const { samples } = window;
  const document = evidenceDocument(samples, analysis, {
    mirrorPercent: traffic.percent,
    elapsedSeconds: (window.end - window.start) / 1000,
    deadline,
  });
  const seconds = analysedSeconds(window, analysis.intervalSeconds);
  const evaluation = evaluate(document);
  const loss = lastingLoss(document, evaluation, blockSeconds(analysis.intervalSeconds, window));
  const surplus = surplusOf(document, evaluation);
  let results: ReturnType<typeof resultsOf> | undefined;
  return {
    ...{ window, document, evaluation, samples, seconds, loss, surplus },
    results: () => {
      results ??= resultsOf(samples, document, evaluation);
      return results;
    },
  };
}

/** The verdict that the evidence supports now; undefined: the experiment goes on. */
function conclusionOf(world: World, status: MirrorExperimentStatus, judged: Judged): Conclusion | undefined {
  const { evaluation, seconds, loss, surplus } = judged;
  if (evaluation.verdict === 'Fail') return { verdict: 'Fail', reason: evaluation.reason };
  if (loss !== undefined) return { verdict: 'Inconclusive', reason: loss.reason, isEarly: true };
  const longEnough = seconds >= world.experiment.spec.analysis.minDurationSeconds;
  const passes = evaluation.verdict === 'Pass' && longEnough && surplus === undefined;
  // A candidate in trouble may have answered well so far; the next look at its pods or its copies decides.
  if (passes && isCondition(status, 'CandidateReady', 'True')) return { verdict: 'Pass', reason: evaluation.reason };
  if (!isPastDeadline(world, status)) return undefined;
  return { verdict: 'Inconclusive', reason: passes ? 'CandidateUnavailable' : openReason(judged) };
}

function openReason({ document, evaluation, samples, surplus }: Judged): ReasonOf<'Passed'> {
  if (samples.routes.every((route) => route.live.items === 0)) return 'NoLiveTelemetry';
  if (samples.routes.every((route) => route.mirror.items === 0)) return 'NoMirrorTelemetry';
  if (surplus !== undefined) return 'ForeignRequests';
  return losesCopies(document, evaluation) ? 'LostCopies' : 'NotEnoughEvidence';
}

function explanation(
  world: World,
  status: MirrorExperimentStatus,
  { verdict, reason }: Conclusion,
  { evaluation, document, seconds, loss, surplus }: Judged,
): string {
  if (verdict === 'Inconclusive' && loss !== undefined) return loss.message;
  if (reason === 'ForeignRequests' && surplus !== undefined) return surplus;
  if (reason === 'NoLiveTelemetry' || reason === 'NoMirrorTelemetry') {
    return getCondition(status.conditions, 'TelemetryFlowing')?.message ?? explain(document, evaluation);
  }
  if (reason === 'CandidateUnavailable') return `within tolerance, but when the deadline came ${notReady(status)}`;
  if (verdict === evaluation.verdict || evaluation.verdict !== 'Pass') return explain(document, evaluation);
  const { minDurationSeconds } = world.experiment.spec.analysis;
  return `within tolerance, but only ${seconds} s with requests were analysed when the deadline came, and a Pass needs ${minDurationSeconds} s (minDurationSeconds); raise deadlineSeconds`;
}

function notReady({ conditions }: MirrorExperimentStatus): string {
  return `the candidate was not ready: ${getCondition(conditions, 'CandidateReady')?.message ?? 'it is not known why'}`;
}

function show(world: World, status: MirrorExperimentStatus, judged: Judged): MirrorExperimentStatus {
  const { samples, document, evaluation, loss } = judged;
  const seen: MirrorExperimentStatus = {
    ...status,
    lastAnalysisTime: timestamp(world.now),
    ...(world.figuresStand === true ? resultsOf(samples, document, evaluation, status) : judged.results()),
  };
  const silent = (arm: 'live' | 'mirror') => samples.routes.every((route) => route[arm].items === 0);
  const { versionProperty } = world.experiment.spec.telemetry.logAnalytics;
  if (silent('live')) {
    const message = `no request with ${versionProperty} "${world.experiment.spec.live.version}" in the window; check spec.live.version, that live has traffic and sends telemetry with this property, and that its clock is right`;
    return report(world, seen, 'TelemetryFlowing', 'False', 'NoLiveTelemetry', message);
  }
  if (silent('mirror')) {
    const message = `no request with ${versionProperty} "${world.experiment.spec.mirror.version}" in the window, although copies were seen before`;
    return report(world, seen, 'TelemetryFlowing', 'False', 'NoMirrorTelemetry', message);
  }
  if (loss?.reason === 'NoMirrorTelemetry') {
    return report(world, seen, 'TelemetryFlowing', 'False', 'NoMirrorTelemetry', loss.message);
  }
  return report(world, seen, 'TelemetryFlowing', 'True', 'Flowing', 'both versions report requests');
}

function goOn(
  world: World,
  status: MirrorExperimentStatus,
  { document, evaluation, seconds, surplus }: Judged,
): MirrorExperimentStatus {
  if (surplus !== undefined) return progress(world, status, 'Analysing', `a Pass waits: ${surplus}`);
  if (evaluation.verdict === 'Pass') {
    const left = world.experiment.spec.analysis.minDurationSeconds - seconds;
    if (left <= 0 && !isCondition(status, 'CandidateReady', 'True')) {
      return progress(world, status, 'Analysing', `within tolerance so far, but a Pass waits: ${notReady(status)}`);
    }
    return progress(
      world,
      status,
      'Analysing',
      `within tolerance so far; a Pass waits for ${Math.max(left, 0)} more seconds (minDurationSeconds)`,
    );
  }
  return progress(world, status, 'Analysing', explain(document, evaluation));
}

function awaitWindow(world: World, status: MirrorExperimentStatus, since: number): Decision {
  if (isPastDeadline(world, status)) {
    const message = 'the deadline came before one interval was analysed; raise deadlineSeconds';
    return conclude(world, status, 'Inconclusive', 'NotEnoughEvidence', message);
  }
  const { warmupSeconds, settleSeconds } = world.experiment.spec.analysis;
  const message = `copies flow; requests of the first ${warmupSeconds} s (warm-up) and of the last ${settleSeconds} s (settling) are left out`;
  return {
    status: progress(world, status, 'WarmingUp', message),
    next: untilLookAtPods(world, status, since),
  };
}

function telemetryFailed(
  world: World,
  status: MirrorExperimentStatus,
  message: string,
  retryAfterSeconds: number | undefined,
): Decision {
  const failing = report(world, status, 'TelemetryFlowing', 'False', 'TelemetryError', message);
  if (isPastDeadline(world, status)) {
    return conclude(world, failing, 'Inconclusive', 'TelemetryError', `telemetry could not be read: ${message}`);
  }
  const seconds = retryAfterSeconds ?? world.experiment.spec.analysis.intervalSeconds;
  return {
    status: progress(world, failing, 'Analysing', `telemetry could not be read: ${message}`),
    next: waitWithin(world, status, seconds * 1000),
  };
}

function ask(
  world: World,
  status: MirrorExperimentStatus,
  what: 'read' | 'confirm',
  { start, end }: Window,
  due?: number,
): Decision {
  const asked = { what, start, end, ...(due !== undefined && { due }) };
  return { status, next: { kind: 'ask', ask: asked, question: questionOf(world.experiment) } };
}

/** Nothing can have changed in the window but rows that came late, which the next look counts. */
function isAnalysed(world: World, status: MirrorExperimentStatus, window: Window): boolean {
  if (isPastDeadline(world, status)) return false;
  const { settleSeconds } = world.experiment.spec.analysis;
  const last = Date.parse(status.lastAnalysisTime ?? '');
  const flowing = getCondition(status.conditions, 'TelemetryFlowing');
  const isAsWanted = flowing?.status === 'True' && flowing.observedGeneration === world.experiment.generation;
  // A Pass may wait for the candidate.
  const isReady = isCondition(status, 'CandidateReady', 'True');
  return isAsWanted && isReady && last >= window.end + settleSeconds * 1000 && last <= world.now;
}

/** Until there is a window, but no longer than a candidate that has begun to crash should go unseen. */
function untilLookAtPods(world: World, status: MirrorExperimentStatus, since: number) {
  const next = nextIntervalAt(world.now, since, world.experiment.spec.analysis) - world.now;
  return waitWithin(world, status, Math.min(next, PODS_POLL));
}

const PODS_POLL = 30_000;

/** How the evidence came about is shown, not judged: when it cannot be read, the verdict stands without. */
function askTrace(world: World, status: MirrorExperimentStatus, { window, evaluation }: Judged): Decision {
  const { start, end } = window;
  const routes = tracedRoutes(evaluation);
  return {
    status,
    next: { kind: 'ask', ask: { what: 'trace', start, end, routes }, question: questionOf(world.experiment) },
  };
}

function evidenceOf({ answers }: World, { window, document, samples }: Judged): JudgedWindow {
  const trace = answers.trace?.ok === true ? answers.trace.value : undefined;
  return { start: window.start, end: window.end, document, samples, trace };
}

/** The candidate's pods and live are looked at then, and the window when it has grown by enough. */
function untilNextInterval(world: World, status: MirrorExperimentStatus, since: number) {
  return waitWithin(world, status, nextIntervalAt(world.now, since, world.experiment.spec.analysis) - world.now);
}
