import type { MirrorExperimentSpec, MirrorExperimentStatus } from '../../api/types.generated.ts';

export const RECORD_VERSION = 'mirroring.dev/record/v1';

/**
 * Keys of the ConfigMap `<experiment>-evidence`; each holds one JSON document. What is too large as text is compressed
 * (gzip) and stands in binaryData under the key with GZIP_SUFFIX.
 */
export const EVIDENCE_KEY = 'evidence.json';
export const RECORD_KEY = 'record.json';
export const GZIP_SUFFIX = '.gz';

/** What a finished experiment leaves behind, for reports: everything but the evidence document, which has a key of its own. */
export interface ExperimentRecord {
  readonly apiVersion: typeof RECORD_VERSION;
  readonly experiment: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
  };
  readonly spec: MirrorExperimentSpec;
  /** As it was stored with the verdict, before everything was restored. */
  readonly status: MirrorExperimentStatus;
  /** Of event time, RFC 3339; null: no window was analysed. */
  readonly window: { readonly start: string; readonly end: string } | null;
  /** The queries on which the verdict rests, word for word. */
  readonly queries: readonly RecordedQuery[];
  /** Weight per result code, in the order of the evidence's routes. */
  readonly resultCodes: readonly RecordedCodes[];
  /** How the evidence grew; null: it could not be read. */
  readonly trace: EvidenceTrace | null;
  /** What was left out to stay within the size of a ConfigMap, in words; empty: nothing. */
  readonly leftOut: readonly string[];
}

export interface RecordedQuery {
  /** What it was asked for: sums, blocks, pairs, trace. */
  readonly purpose: 'sums' | 'blocks' | 'pairs' | 'trace';
  readonly kql: string;
}

export interface RecordedCodes {
  readonly route: string;
  readonly live: Readonly<Record<string, number>>;
  readonly mirror: Readonly<Record<string, number>>;
}

/** The evidence at several times of the window, computed from all that was settled then. */
export interface EvidenceTrace {
  /** Seconds from the window's start, ascending. */
  readonly seconds: readonly number[];
  readonly gates: readonly GateTrace[];
}

export interface GateTrace {
  readonly route: string;
  /** As in the evaluation: `p<percentile>`, `errors` or `coverage`. */
  readonly gate: string;
  /** Natural logarithms of the e-values at each of the times. */
  readonly logEvidenceFail: readonly number[];
  readonly logEvidencePass: readonly number[];
  /** What logEvidenceFail, and logEvidencePass, is compared with; pass: null where there is none. */
  readonly thresholds: { readonly fail: number; readonly pass: number | null };
}
