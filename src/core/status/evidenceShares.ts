import type { GateEvaluation } from '../verdict/evaluation.ts';
import type { EvidenceAnalysis } from '../verdict/evidence.ts';

export interface EvidenceShares {
  /** Whole percent of what a Fail needs, 0 … 100. */
  readonly towardsFailPercent: number;
  /** Whole percent of what a Pass needs; absent where a Pass needs none (coverage, failOnly). */
  readonly towardsPassPercent?: number;
}

/**
 * How far a gate's evidence is from a decision. It grows with the logarithm of the e-value, so it goes up evenly with the
 * requests. Rounded down: 100 is enough evidence, and what the gate then still waits for are requests or intervals.
 */
export function evidenceShares(analysis: EvidenceAnalysis, gate: GateEvaluation): EvidenceShares {
  const failOnly = analysis.latency.some(
    ({ percentile, failOnly }) => failOnly === true && `p${percentile}` === gate.gate,
  );
  const towardsFailPercent = share(gate.logEvidenceFail, gate.threshold);
  if (failOnly || gate.gate === 'coverage') return { towardsFailPercent };
  return {
    towardsFailPercent,
    towardsPassPercent: share(gate.logEvidencePass, Math.log(100 / analysis.falseAlarmPercent)),
  };
}

function share(logEvidence: number, enough: number): number {
  return Math.max(0, Math.min(100, Math.floor((100 * logEvidence) / enough)));
}
