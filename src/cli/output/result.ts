import type { ExitCode } from '../../api/exitCodes.ts';

/** What every output format shows of a verdict, whether an experiment's or judge's. */
export interface Result {
  /** What was judged: namespace/name, or a file. */
  readonly subject: string;
  readonly verdict: 'Pass' | 'Fail' | 'Inconclusive' | 'Running';
  /** Reason of the condition Passed. */
  readonly reason: string;
  readonly summary: string;
  readonly exitCode: ExitCode;
  /** Per gate, or per route where no more is known; worst first. */
  readonly gates: readonly GateRow[];
  /** The machine-readable rest, by field. */
  readonly figures: Readonly<Record<string, unknown>>;
}

export interface GateRow {
  readonly verdict: string;
  readonly route: string;
  /** `p95`, `errors`, `coverage`; of a route as a whole: what decided it, or `-`. */
  readonly gate: string;
  readonly live: string;
  readonly mirror: string;
  readonly delta: string;
  readonly tolerated: string;
  /** Evidence as a share of what is needed, as `80 %`; empty: not known. */
  readonly towardsPass: string;
  readonly towardsFail: string;
}
