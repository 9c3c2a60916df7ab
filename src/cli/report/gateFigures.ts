import { count, milliseconds, percent } from '../../core/status/format.ts';
import type { GateEvaluation } from '../../core/verdict/evaluation.ts';
import type { EvidenceDocument } from '../../core/verdict/evidence.ts';
import { mirrorFraction } from '../../core/verdict/groups.ts';
import { between, ms, NONE, points, rise, share } from './figures.ts';
import { type RouteModel, toleratedMilliseconds } from './model.ts';

/** One gate of one route in figures that people read. */
export interface GateFigures {
  /** "p50", "errors", "coverage". */
  readonly gate: string;
  readonly live: string;
  readonly candidate: string;
  readonly change: string;
  /** Where the change lies, at the certainty of the verdict; empty when there is no interval. */
  readonly interval: string;
  /** Largest change that is tolerated. */
  readonly tolerated: string;
  /** The candidate's value at that change; empty when it would say nothing more. */
  readonly limit: string;
  readonly verdict: GateEvaluation['verdict'];
}

export function gateFigures(evidence: EvidenceDocument, route: RouteModel, gate: GateEvaluation): GateFigures {
  const common = { gate: gate.gate, verdict: gate.verdict };
  if (gate.gate === 'errors') return { ...common, ...errorFigures(evidence, route) };
  if (gate.gate === 'coverage') return { ...common, ...coverageFigures(evidence, route) };
  return { ...common, ...latencyFigures(evidence, route, gate.gate) };
}

function latencyFigures(evidence: EvidenceDocument, { intervals, detail }: RouteModel, gate: string) {
  const latency = intervals.latency.find(({ percentile }) => `p${percentile}` === gate);
  const live = latency?.liveMilliseconds ?? null;
  const tolerated = latency && live !== null ? toleratedMilliseconds(evidence, latency.percentile, live) : null;
  return {
    live: ms(live),
    candidate: ms(latency?.mirrorMilliseconds ?? null),
    change: rise(latency?.deltaMilliseconds ?? null),
    interval: latency && detail === 'full' ? between(latency.deltaInterval, milliseconds, 'ms') : '',
    tolerated: tolerated === null || live === null ? NONE : rise(tolerated - live),
    limit: tolerated === null ? '' : `up to ${ms(tolerated)}`,
  };
}

function errorFigures({ analysis }: EvidenceDocument, { intervals, detail }: RouteModel) {
  const { livePercent, mirrorPercent, deltaPercentagePoints, deltaInterval } = intervals.errors;
  return {
    live: share(livePercent),
    candidate: share(mirrorPercent),
    change: points(deltaPercentagePoints),
    interval: detail === 'full' ? between(deltaInterval, percent, 'pp') : '',
    tolerated: points(analysis.errors.maxIncreaseBasisPoints / 100),
    limit: '',
  };
}

function coverageFigures(document: EvidenceDocument, { evidence }: RouteModel) {
  const copied = evidence.live.requests * mirrorFraction(document);
  const lost = copied > 0 ? Math.max(0, 100 * (1 - evidence.mirror.requests / copied)) : null;
  return {
    live: `${count(copied)} copied`,
    candidate: `${count(evidence.mirror.requests)} seen`,
    change: lost === null ? NONE : `${share(lost)} lost`,
    interval: '',
    tolerated: `${share(document.analysis.coverage.maxLossPercent)} lost`,
    limit: '',
  };
}
