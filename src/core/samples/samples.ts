import type { EvidenceArm } from '../verdict/evidence.ts';

/** What a telemetry source returns for one window: sums, never single requests. The `(other)` folding is done by the source. */
export interface Samples {
  /** In the order of the first live request (ties: by name); at most 50, the last of which may be `(other)`. */
  readonly routes: readonly RouteSamples[];
  /** The queries that were asked, word for word. */
  readonly queries: readonly string[];
}

export interface RouteSamples {
  readonly name: string;
  readonly live: ArmSamples;
  readonly mirror: ArmSamples;
  /** Ascending; blocks without rows are left out. */
  readonly blocks: readonly BlockSamples[];
  readonly pairs: PairSamples | null;
}

/** Telemetry rows are unweighted, `requests` and squares are weighted by itemCount. Durations in ms. */
export interface ArmSamples extends EvidenceArm {
  /** Over successful rows, weighted: sum of duration, and of duration squared. For the mean only. */
  readonly sumMilliseconds: number;
  readonly sumSquaredMilliseconds: number;
  /** Weight per result code, for reports. */
  readonly resultCodes: Readonly<Record<string, number>>;
}

export interface BlockSamples {
  /** Seconds since the window's start. */
  readonly start: number;
  readonly live: BlockArmSamples;
  readonly mirror: BlockArmSamples;
}

export interface BlockArmSamples {
  readonly items: number;
  readonly errorItems: number;
  /** Percentile -> successful rows at or below the bucket of live's percentile over the whole window. */
  readonly atOrBelow: Readonly<Record<string, number>>;
}

export interface PairSamples {
  readonly count: number;
  readonly onlyMirrorFailed: number;
  readonly onlyLiveFailed: number;
  readonly slower: number;
}
