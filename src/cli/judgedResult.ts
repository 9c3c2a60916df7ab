import { exitCodeOf } from '../api/exitCodes.ts';
import type { ExperimentRecord } from '../core/evidence/record.ts';
import type { Interval } from '../core/stats/interval.ts';
import { evidenceShares } from '../core/status/evidenceShares.ts';
import { explain } from '../core/status/explain.ts';
import { count, milliseconds, percent, signed } from '../core/status/format.ts';
import type { Evaluation, GateEvaluation } from '../core/verdict/evaluation.ts';
import type { EvidenceAnalysis, EvidenceDocument, EvidenceRoute } from '../core/verdict/evidence.ts';
import { groupsOf } from '../core/verdict/groups.ts';
import {
  documentEstimates,
  documentIntervals,
  type ErrorEstimate,
  type LatencyEstimate,
} from '../core/verdict/intervals.ts';
import { losesCopies } from '../core/verdict/losesCopies.ts';
import { intervalText, shareCells } from './experimentResult.ts';
import type { GateRow, Result } from './output/result.ts';

/** The form of a result line: exactly that of `evaluate`, with intervals only when they are asked for. */
export function evaluationLine(document: EvidenceDocument, evaluation: Evaluation, intervals: boolean): object {
  const { verdict, reason, routes } = evaluation;
  if (!intervals) return { verdict, reason, routes };
  return { verdict, reason, routes: routes.map((route, index) => ({ ...route, ...figuresAt(document, index) })) };
}

/** For the outputs that tell a verdict in words. */
export function judgedResult(
  subject: string,
  document: EvidenceDocument,
  evaluation: Evaluation,
  options: { readonly intervals: boolean; readonly record?: ExperimentRecord | undefined },
): Result {
  const { record, intervals } = options;
  const own = {
    verdict: evaluation.verdict,
    reason: reasonOf(document, evaluation),
    summary: explain(document, evaluation),
  };
  const { verdict, reason, summary } = recorded(own, record) ?? own;
  const { routes } = evaluationLine(document, evaluation, intervals) as { routes: readonly unknown[] };
  return {
    subject,
    verdict,
    reason,
    summary,
    exitCode: exitCodeOf(verdict, reason),
    gates: gateRows(document, evaluation, intervals),
    figures: { routes },
  };
}

/** As the operator reports it: the evaluation's LostCopies also covers gates that are open for want of time alone. */
function reasonOf(document: EvidenceDocument, evaluation: Evaluation): string {
  if (evaluation.verdict !== 'Inconclusive') return evaluation.reason;
  if (document.routes.every(({ live }) => live.items === 0)) return 'NoLiveTelemetry';
  if (document.routes.every(({ mirror }) => mirror.items === 0)) return 'NoMirrorTelemetry';
  return losesCopies(document, evaluation) ? 'LostCopies' : 'NotEnoughEvidence';
}

type Told = Pick<Result, 'verdict' | 'reason' | 'summary'>;

/** Reasons that rest on the evidence alone. */
const EVIDENT: ReadonlySet<string> = new Set([
  'WithinTolerance',
  'Latency',
  'Errors',
  'LostCopies',
  'NotEnoughEvidence',
]);

/**
 * The verdict of the record, where it rests on more than the evidence document: a run that was ended for another reason, or
 * one whose evidence was within tolerance before minDurationSeconds were over. Undefined: the evidence decides.
 */
function recorded(own: Told, record: ExperimentRecord | undefined): Told | undefined {
  const { verdict, summary = '', conditions = [] } = record?.status ?? {};
  const reason = conditions.find(({ type }) => type === 'Passed')?.reason;
  if (verdict === undefined || reason === undefined) return undefined;
  const restsOnMore = !EVIDENT.has(reason) || (verdict === 'Inconclusive' && own.verdict !== 'Fail');
  return restsOnMore ? { verdict, reason, summary } : undefined;
}

/** What the operator recorded, when the replay comes to another verdict: one sentence; undefined: they agree. */
export function disagreement(result: Result, record: ExperimentRecord | undefined): string | undefined {
  const verdict = record?.status.verdict;
  if (verdict === undefined || verdict === result.verdict) return undefined;
  const lost = record?.leftOut.join('; ') ?? '';
  return `The operator recorded ${verdict} (${record?.status.summary ?? ''})${lost === '' ? '' : `; of the evidence: ${lost}`}`;
}

function figuresAt(document: EvidenceDocument, index: number) {
  const { latency, errors } = documentIntervals(document, index);
  return { latency, errors };
}

function gateRows(document: EvidenceDocument, evaluation: Evaluation, intervals: boolean): GateRow[] {
  const groups = groupsOf(document);
  const order = { Fail: 0, Inconclusive: 1, Running: 1, Pass: 2 };
  const rows = evaluation.routes.flatMap((route, index) => {
    const group = groups[index];
    if (group === undefined) return [];
    const estimates = intervals ? documentIntervals(document, index) : documentEstimates(document, index);
    return route.gates.map((gate) => gateRow(document, group.route, gate, estimates));
  });
  return rows.sort((a, b) => order[a.verdict as Evaluation['verdict']] - order[b.verdict as Evaluation['verdict']]);
}

function gateRow(
  { analysis, mirrorPercent = 100 }: EvidenceDocument,
  route: EvidenceRoute,
  gate: GateEvaluation,
  estimates: Estimates,
): GateRow {
  return {
    verdict: gate.verdict,
    route: route.name,
    gate: gate.gate,
    ...(gate.gate === 'coverage'
      ? coverageCells(route, analysis, mirrorPercent / 100)
      : gate.gate === 'errors'
        ? errorCells(estimates.errors, analysis)
        : latencyCells(gate.gate, estimates, analysis)),
    ...shareCells(evidenceShares(analysis, gate)),
  };
}

interface Estimates {
  readonly latency: readonly (LatencyEstimate & { readonly deltaInterval?: Interval })[];
  readonly errors: ErrorEstimate & { readonly deltaInterval?: Interval };
}

type Cells = Pick<GateRow, 'live' | 'mirror' | 'delta' | 'tolerated'>;

function latencyCells(gate: string, estimates: Estimates, analysis: EvidenceAnalysis): Cells {
  const estimate = estimates.latency.find(({ percentile }) => `p${percentile}` === gate);
  const setting = analysis.latency.find(({ percentile }) => `p${percentile}` === gate);
  const { liveMilliseconds = null, mirrorMilliseconds = null, deltaMilliseconds = null } = estimate ?? {};
  const tolerated =
    setting === undefined || liveMilliseconds === null
      ? '-'
      : `+${milliseconds(Math.max((liveMilliseconds * setting.maxIncreasePercent) / 100, setting.maxIncreaseMilliseconds))} ms`;
  const known = (value: number | null) => (value === null ? '-' : `${milliseconds(value)} ms`);
  const delta = deltaMilliseconds === null ? '-' : signed(deltaMilliseconds, milliseconds, 'ms');
  return {
    live: known(liveMilliseconds),
    mirror: known(mirrorMilliseconds),
    delta: delta + intervalText(estimate?.deltaInterval, milliseconds),
    tolerated,
  };
}

function errorCells(errors: Estimates['errors'], analysis: EvidenceAnalysis): Cells {
  const known = (value: number | null) => (value === null ? '-' : `${percent(value)} %`);
  const { deltaPercentagePoints: delta } = errors;
  return {
    live: known(errors.livePercent),
    mirror: known(errors.mirrorPercent),
    delta: (delta === null ? '-' : signed(delta, percent, 'pp')) + intervalText(errors.deltaInterval, percent),
    tolerated: `+${percent(analysis.errors.maxIncreaseBasisPoints / 100)} pp`,
  };
}

function coverageCells({ live, mirror }: EvidenceRoute, { coverage }: EvidenceAnalysis, fraction: number): Cells {
  const expected = live.requests * fraction;
  const lost = 100 * (1 - mirror.requests / expected);
  return {
    live: count(live.requests),
    mirror: count(mirror.requests),
    delta: expected > 0 ? `${percent(Math.max(0, lost))} % lost` : '-',
    tolerated: `${percent(coverage.maxLossPercent)} % lost`,
  };
}
