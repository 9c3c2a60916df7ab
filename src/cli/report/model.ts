import { CONDITIONS } from '../../api/reasons.ts';
import type { ExperimentRecord } from '../../core/evidence/record.ts';
import { explain } from '../../core/status/explain.ts';
import { evaluate, isRequired } from '../../core/verdict/evaluate.ts';
import type { Evaluation, GateEvaluation, RouteEvaluation, Verdict } from '../../core/verdict/evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument, type EvidenceRoute } from '../../core/verdict/evidence.ts';
import { groupsOf } from '../../core/verdict/groups.ts';
import {
  documentEstimates,
  documentIntervals,
  type RouteEstimates,
  type RouteIntervals,
} from '../../core/verdict/intervals.ts';
import { whatWouldHelp } from '../../core/verdict/whatWouldHelp.ts';
import { worstGate } from '../../core/verdict/worstGate.ts';

export interface ReportInput {
  readonly evidence: EvidenceDocument;
  readonly record: ExperimentRecord;
  /** When the report is made, ms since the epoch; absent: the report does not say. */
  readonly now?: number;
}

/** All that a report says, before it has a form. */
export interface ReportModel extends ReportInput {
  readonly verdict: 'Pass' | 'Fail' | 'Inconclusive';
  /** Of the condition Passed; null when the record has none. */
  readonly reason: string | null;
  /** What the reason means, in a sentence. */
  readonly meaning: string | null;
  /** Without the verdict's word. */
  readonly sentence: string;
  readonly evaluation: Evaluation;
  /** On which the verdict hangs; null when no gate was decisive. */
  readonly decisive: DecisiveGate | null;
  readonly advice: readonly string[];
  /** Null without routes. */
  readonly sum: RouteModel | null;
  /** Worst first, without the sum; a single route is here and is the sum. */
  readonly routes: readonly RouteModel[];
  /** What a reader has to know about the report itself. */
  readonly notes: readonly string[];
}

export interface DecisiveGate {
  readonly route: RouteModel;
  readonly gate: GateEvaluation;
}

export interface RouteModel {
  readonly name: string;
  /** The name, or words for the sum. */
  readonly title: string;
  readonly evidence: EvidenceRoute;
  readonly evaluation: RouteEvaluation;
  readonly intervals: RouteIntervals;
  /** False: too small to be asked for a Pass of its own. */
  readonly required: boolean;
  /** In brief there are no intervals, and less is drawn. */
  readonly detail: 'full' | 'brief';
}

/** Of more routes than evidence from this operator has, those after the first ten that did not fail are shown in brief. */
const SHOWN_IN_FULL = 51;
const FIRST = 10;

/** @throws RangeError when the evidence has a histogram bucket that is no integer, or a block lacks a percentile */
export function reportModel(input: ReportInput): ReportModel {
  const { evidence, record } = input;
  const evaluation = evaluate(evidence);
  const groups = groupsOf(evidence);
  const judged = evaluation.routes.map((route, index) => ({ route, index }));
  const [all] = judged;
  const sorted = worstFirst(judged.length > 1 ? judged.slice(1) : judged);
  const modelOf = ({ route, index }: Judged, detail: RouteModel['detail']): RouteModel => {
    const group = groups[index];
    if (group === undefined) throw new RangeError(`the evaluation has no route at ${index}`);
    return {
      name: route.name,
      title: route.name === ALL_ROUTES ? 'All routes together' : route.name,
      evidence: group.route,
      evaluation: route,
      intervals:
        detail === 'full' ? documentIntervals(evidence, index) : withoutBounds(estimatesOf(evidence, group.route)),
      required: isRequired(evidence, group),
      detail,
    };
  };
  const routes = sorted.map((each, place) => {
    const isFull = sorted.length < SHOWN_IN_FULL || place < FIRST || each.route.verdict === 'Fail';
    return modelOf(each, isFull ? 'full' : 'brief');
  });
  const sum = all === undefined ? null : judged.length > 1 ? modelOf(all, 'full') : (routes[0] ?? null);
  const models = sum === null || routes.includes(sum) ? routes : [sum, ...routes];
  const verdict = record.status.verdict ?? finalVerdict(evaluation.verdict);
  const reason = record.status.conditions?.find(({ type }) => type === 'Passed')?.reason ?? null;
  const summary = record.status.summary ?? explain(evidence, evaluation);
  return {
    ...input,
    verdict,
    reason,
    meaning: meaningOf(reason),
    sentence: sentenceOf(summary),
    evaluation,
    decisive: decisiveGate(evidence, verdict, evaluation, models),
    advice: verdict === 'Inconclusive' && sum !== null ? whatWouldHelp(evidence, evaluation) : [],
    sum,
    routes,
    notes: notesOf(input, evaluation),
  };
}

/** How a verdict of a route or gate of a finished experiment reads. */
export function wordFor(verdict: Verdict): 'Pass' | 'Fail' | 'Undecided' {
  return verdict === 'Pass' || verdict === 'Fail' ? verdict : 'Undecided';
}

/** ln of what the evidence for a Pass has to reach. */
export function passThreshold({ analysis }: EvidenceDocument): number {
  return Math.log(100 / analysis.falseAlarmPercent);
}

/** What a percentile of the candidate may be, for live's value in milliseconds. */
export function toleratedMilliseconds(evidence: EvidenceDocument, percentile: number, live: number): number | null {
  const tolerance = evidence.analysis.latency.find((each) => each.percentile === percentile);
  if (tolerance === undefined) return null;
  return live + Math.max((live * tolerance.maxIncreasePercent) / 100, tolerance.maxIncreaseMilliseconds);
}

function finalVerdict(verdict: Verdict): ReportModel['verdict'] {
  return verdict === 'Running' ? 'Inconclusive' : verdict;
}

function meaningOf(reason: string | null): string | null {
  const meanings: Readonly<Record<string, string>> = CONDITIONS.Passed;
  return reason !== null && Object.hasOwn(meanings, reason) ? (meanings[reason] ?? null) : null;
}

/** "Fail: p50 of …" without its first word, and as a sentence begins. */
function sentenceOf(summary: string): string {
  const rest = summary.replace(/^(Pass|Fail|Inconclusive): /, '');
  return /^(errors|within|the|two|no|telemetry|live|copies)\b/.test(rest)
    ? rest.slice(0, 1).toUpperCase() + rest.slice(1)
    : rest;
}

/** Of a Fail the worst gate; of a Pass the one that passed with the least to spare. */
function decisiveGate(
  evidence: EvidenceDocument,
  verdict: ReportModel['verdict'],
  evaluation: Evaluation,
  models: readonly RouteModel[],
): DecisiveGate | null {
  if (verdict !== evaluation.verdict) return null;
  const worst = worstGate(evaluation);
  if (worst !== null) {
    const route = models.find(({ name }) => name === worst.route);
    return route === undefined ? null : { route, gate: worst.gate };
  }
  if (verdict !== 'Pass') return null;
  const [closest] = models
    .filter(({ required }) => required)
    .flatMap((route) => route.evaluation.gates.map((gate) => ({ route, gate })))
    .filter(({ gate }) => needsProof(evidence, gate.gate))
    .sort((a, b) => a.gate.logEvidencePass - b.gate.logEvidencePass);
  return closest ?? null;
}

/** False for gates that can fail the experiment but have no evidence towards a Pass. */
export function needsProof({ analysis }: EvidenceDocument, gate: string): boolean {
  return gate !== 'coverage' && !analysis.latency.some((each) => `p${each.percentile}` === gate && each.failOnly);
}

interface Judged {
  readonly route: RouteEvaluation;
  /** In the evaluation. */
  readonly index: number;
}

/** Fails by how clear they are, then what is undecided, then what passes; each by its evidence towards a Fail. */
function worstFirst(routes: readonly Judged[]): readonly Judged[] {
  const order = { Fail: 0, Inconclusive: 1, Running: 1, Pass: 2 };
  const excess = ({ route }: Judged) => Math.max(...route.gates.map((gate) => gate.logEvidenceFail - gate.threshold));
  return [...routes].sort((a, b) => order[a.route.verdict] - order[b.route.verdict] || excess(b) - excess(a));
}

/** Estimates of one route do not depend on the others, which would be summed again for each. */
function estimatesOf(evidence: EvidenceDocument, route: EvidenceRoute): RouteEstimates {
  return documentEstimates({ ...evidence, routes: [route] }, 0);
}

/** Intervals cost a hundred times what estimates do. */
function withoutBounds({ name, latency, errors }: RouteEstimates): RouteIntervals {
  const deltaInterval = { lower: null, upper: null };
  return {
    name,
    latency: latency.map((estimate) => ({ ...estimate, deltaInterval })),
    mean: null,
    errors: { ...errors, deltaInterval },
  };
}

function notesOf({ evidence, record }: ReportInput, evaluation: Evaluation): readonly string[] {
  const notes = [...record.leftOut];
  const recorded = record.status.verdict;
  const replayed = finalVerdict(evaluation.verdict);
  if (evidence.routes.length === 0) {
    notes.push('No telemetry was compared, so that this report has no figures.');
  } else if (recorded !== undefined && recorded !== replayed && recorded !== 'Inconclusive') {
    notes.push(`The recorded verdict is ${recorded}, and the evidence, judged by this version, gives ${replayed}.`);
  }
  if (evidence.routes.length > 0 && record.trace === null) {
    notes.push('How the evidence grew could not be read; only where it ended is shown.');
  }
  return notes;
}
