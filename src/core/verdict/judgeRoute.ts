import { coverageEvidence } from '../stats/coverageEvidence.ts';
import { errorFailEvidence, errorPassEvidence } from '../stats/errorEvidence.ts';
import { kishSize } from '../stats/kishSize.ts';
import { quantileEvidence } from '../stats/quantileEvidence.ts';
import { compareRoute, type RouteComparison } from './comparison.ts';
import type { GateEvaluation, RouteEvaluation, Verdict } from './evaluation.ts';
import type { EvidenceAnalysis, EvidenceRoute } from './evidence.ts';

const BLOCKS_FOR_FAIL = 2;
/** The over-dispersion is estimated from the blocks: fewer than these say too little for a Pass. */
export const BLOCKS_FOR_PASS = 10;

export interface JudgeSettings {
  readonly analysis: EvidenceAnalysis;
  /** The false-alarm rate of each gate of this route. */
  readonly alpha: number;
  /** Share of live requests that is copied, 0 … 1. */
  readonly fraction: number;
  readonly deadline: boolean;
}

/** All gates of one route, or of the sum of all. */
export function judgeRoute(route: EvidenceRoute, settings: JudgeSettings): RouteEvaluation {
  const comparison = compareRoute(route, settings.analysis, settings.fraction);
  const gates = [
    ...latencyGates(comparison, settings),
    errorGate(comparison, settings),
    coverageGate(route, comparison, settings),
  ];
  return { name: route.name, verdict: overall(gates), gates };
}

function latencyGates({ live, mirror, latency, blocks }: RouteComparison, settings: JudgeSettings): GateEvaluation[] {
  return latency.map((comparison) => {
    const { logFail, logPass } = quantileEvidence(comparison);
    const gate = {
      gate: comparison.gate,
      logEvidenceFail: logFail,
      logEvidencePass: logPass,
      threshold: Math.log(1 / settings.alpha),
      effectiveLive: live.effectiveSize,
      effectiveMirror: mirror.effectiveSize,
      phi: comparison.phi,
    };
    return judged(gate, settings, blocks, comparison.setting.failOnly ?? false);
  });
}

function errorGate({ errors, blocks }: RouteComparison, settings: JudgeSettings): GateEvaluation {
  const gate = {
    gate: 'errors',
    logEvidenceFail: errorFailEvidence(errors.forFail, errors.delta),
    logEvidencePass: errorPassEvidence(errors.forPass, errors.delta),
    threshold: Math.log(1 / settings.alpha),
    effectiveLive: errors.effectiveLive,
    effectiveMirror: errors.effectiveMirror,
    phi: errors.phi,
  };
  return judged(gate, settings, blocks, false);
}

function coverageGate(
  { live, mirror }: EvidenceRoute,
  { errors, blocks }: RouteComparison,
  { analysis, alpha, fraction, deadline }: JudgeSettings,
): GateEvaluation {
  const requests = live.requests + mirror.requests;
  const size = kishSize(requests, live.sumSquaredWeights + mirror.sumSquaredWeights);
  const mirrorSize = requests > 0 ? (size * mirror.requests) / requests : 0;
  const maxLoss = analysis.coverage.maxLossPercent / 100;
  const logEvidenceFail = coverageEvidence(size - mirrorSize, mirrorSize, fraction, maxLoss);
  const threshold = Math.log(1 / alpha);
  let verdict = undecided(deadline);
  // until then, one arm's late telemetry would look like loss
  if (errors.effectiveLive >= analysis.minRequests && blocks >= BLOCKS_FOR_PASS) {
    if (logEvidenceFail >= threshold && mirror.requests < 0.5 * fraction * live.requests) verdict = 'Fail';
    else if (mirror.requests >= (1 - maxLoss) * fraction * live.requests) verdict = 'Pass';
  }
  return {
    gate: 'coverage',
    verdict,
    logEvidenceFail,
    logEvidencePass: 0,
    threshold,
    effectiveLive: errors.effectiveLive,
    effectiveMirror: errors.effectiveMirror,
    phi: 1,
  };
}

function judged(
  gate: Omit<GateEvaluation, 'verdict'>,
  { analysis, deadline }: JudgeSettings,
  blocks: number,
  failOnly: boolean,
): GateEvaluation {
  const { gate: name, ...numbers } = gate;
  const alphaPass = analysis.falseAlarmPercent / 100; // a Pass needs every gate, so it needs no correction for their number
  let verdict = undecided(deadline);
  if (Math.min(gate.effectiveLive, gate.effectiveMirror) >= analysis.minRequests) {
    if (blocks >= BLOCKS_FOR_FAIL && gate.logEvidenceFail >= gate.threshold) verdict = 'Fail';
    else if (blocks >= BLOCKS_FOR_PASS && (failOnly || gate.logEvidencePass >= Math.log(1 / alphaPass))) {
      verdict = 'Pass';
    }
  }
  return { gate: name, verdict, ...numbers };
}

function overall(gates: readonly GateEvaluation[]): Verdict {
  const verdicts = gates.map((gate) => gate.verdict);
  if (verdicts.includes('Fail')) return 'Fail';
  if (verdicts.every((verdict) => verdict === 'Pass')) return 'Pass';
  return verdicts.includes('Running') ? 'Running' : 'Inconclusive';
}

function undecided(deadline: boolean): Verdict {
  return deadline ? 'Inconclusive' : 'Running';
}
