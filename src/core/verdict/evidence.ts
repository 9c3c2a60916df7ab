export const EVIDENCE_VERSION = 'mirroring.dev/evidence/v1';

/** Name of the sum over all routes. No route may have it. */
export const ALL_ROUTES = '(all)';

/** Everything that a verdict rests on. All of it covers the same window of event time: end of warm-up to now − settle. */
export interface EvidenceDocument {
  readonly apiVersion: typeof EVIDENCE_VERSION;
  readonly analysis: EvidenceAnalysis;
  /** Share of live requests that is copied, in percent; absent: 100. */
  readonly mirrorPercent?: number;
  /** Length of the window; information only. */
  readonly elapsedSeconds: number;
  /** True: what is undecided becomes Inconclusive. */
  readonly deadline: boolean;
  /** In the order of the first live request (ties: by name). The order decides each route's share of the false-alarm rate. */
  readonly routes: readonly EvidenceRoute[];
}

/** The part of the experiment's spec.analysis that the verdict needs. */
export interface EvidenceAnalysis {
  readonly falseAlarmPercent: number;
  readonly minRequests: number;
  readonly latency: readonly LatencyTolerance[];
  readonly errors: { readonly maxIncreaseBasisPoints: number };
  readonly coverage: { readonly maxLossPercent: number };
  /** `include`: the declared routes. */
  readonly routes?: { readonly include?: readonly string[]; readonly exclude?: readonly string[] };
}

export interface LatencyTolerance {
  /** 1 … 99. */
  readonly percentile: number;
  readonly maxIncreasePercent: number;
  readonly maxIncreaseMilliseconds: number;
  /** True: this gate can fail the experiment, but need not be proven for a Pass. */
  readonly failOnly?: boolean;
}

export interface EvidenceRoute {
  readonly name: string;
  readonly live: EvidenceArm;
  readonly mirror: EvidenceArm;
  /** One per interval in which either arm has rows, by ascending start. */
  readonly blocks: readonly EvidenceBlock[];
  /** Requests that both arms recorded exactly once; null or absent when they cannot be joined. */
  readonly pairs?: EvidencePairs | null;
}

/** One arm of one route over the whole window. An arm without telemetry has zeros and an empty histogram. */
export interface EvidenceArm {
  /** Rows, failed ones included. */
  readonly items: number;
  /** Rows with success == false. */
  readonly errorItems: number;
  /** Σ itemCount of all rows. */
  readonly requests: number;
  /** Σ itemCount of failed rows. */
  readonly errors: number;
  /** Σ itemCount² of all rows. */
  readonly sumSquaredWeights: number;
  /** Σ itemCount² of successful rows. */
  readonly successSumSquaredWeights: number;
  /** Bucket → Σ itemCount of successful rows. Keys are integers as strings; bucket i covers (1.02^(i−1), 1.02^i] ms. */
  readonly histogram: Readonly<Record<string, number>>;
}

export interface EvidenceBlock {
  /** Seconds since the window began. */
  readonly start: number;
  readonly live: EvidenceBlockArm;
  readonly mirror: EvidenceBlockArm;
}

/** Rows, unweighted. The successes of a block are items − errorItems. */
export interface EvidenceBlockArm {
  readonly items: number;
  readonly errorItems: number;
  /** Percentile → successful rows at or below the bucket that holds live's percentile over the whole window. */
  readonly atOrBelow: Readonly<Record<string, number>>;
}

/** Request pairs by operation id, unweighted. */
export interface EvidencePairs {
  readonly count: number;
  readonly onlyMirrorFailed: number;
  readonly onlyLiveFailed: number;
  /** Both succeeded and mirror was slower than tolerated; information only. */
  readonly slower: number;
}
