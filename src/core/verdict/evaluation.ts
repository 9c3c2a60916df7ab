export type Verdict = 'Pass' | 'Fail' | 'Running' | 'Inconclusive';

export type VerdictReason = 'WithinTolerance' | 'Latency' | 'Errors' | 'LostCopies' | 'NotEnoughEvidence';

export interface Evaluation {
  readonly verdict: Verdict;
  readonly reason: VerdictReason;
  /** With more than one route the first is "(all)", the sum; then the document's routes in their order. */
  readonly routes: readonly RouteEvaluation[];
}

export interface RouteEvaluation {
  readonly name: string;
  readonly verdict: Verdict;
  readonly gates: readonly GateEvaluation[];
}

export interface GateEvaluation {
  /** `p<percentile>`, `errors` or `coverage`. */
  readonly gate: string;
  readonly verdict: Verdict;
  /** Natural logarithm of the e-value; compared with `threshold`. */
  readonly logEvidenceFail: number;
  /** Compared with ln(100 / falseAlarmPercent); 0 for coverage, which has none. */
  readonly logEvidencePass: number;
  readonly threshold: number;
  /** Effective number of live requests (of successful ones for latency). */
  readonly effectiveLive: number;
  readonly effectiveMirror: number;
  /** Over-dispersion that deflated the counts; at least 1. */
  readonly phi: number;
}

/** The reason that a failing gate gives. */
export function reasonOf(gate: string): VerdictReason {
  if (gate === 'errors') return 'Errors';
  return gate === 'coverage' ? 'LostCopies' : 'Latency';
}
