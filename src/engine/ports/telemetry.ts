import type { TelemetryQuestion } from '../../core/query/question.ts';
import type { Samples } from '../../core/samples/samples.ts';
import type { TraceSamples } from '../../core/samples/traceSlices.ts';

/** A source of request telemetry. Every method throws a TelemetryError, or the reason of its signal when that is aborted. */
export interface Telemetry {
  /** Proves that the source can be read with the operator's identity; costs next to nothing. */
  probe(question: TelemetryQuestion, signal?: AbortSignal): Promise<void>;
  /** Time (ms since the epoch) of the first request that the candidate recorded at or after `since`; undefined: none yet. */
  firstCopy(question: TelemetryQuestion, since: number, signal?: AbortSignal): Promise<number | undefined>;
  /** Everything that the verdict needs about the requests of a window. */
  read(question: TelemetryQuestion, window: TelemetryWindow, signal?: AbortSignal): Promise<Samples>;
  /** How what `read` gives for the window came about, for some routes and the sum of the others. */
  trace(
    question: TelemetryQuestion,
    window: TelemetryWindow,
    routes: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ readonly samples: TraceSamples; readonly kql: string }>;
}

/** Half-open window in event time, ms since the epoch: [start, end). */
export interface TelemetryWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * Configuration: the source or the query is wrong and stays wrong until somebody changes it (400, 404). Unauthorized: no
 * token, or no right to read (401, 403, token failure; a new role can take an hour). Throttled: 429. Partial: the answer
 * is incomplete. Malformed: an answer that is not what the API promises. Unavailable: 5xx, timeout, connection.
 */
export type TelemetryErrorKind =
  | 'Configuration'
  | 'Unauthorized'
  | 'Throttled'
  | 'Partial'
  | 'Malformed'
  | 'Unavailable';

export class TelemetryError extends Error {
  readonly kind: TelemetryErrorKind;
  readonly retryAfterSeconds: number | undefined;
  /** Unavailable, because there was no answer in time. */
  readonly isLate: boolean;

  constructor(
    kind: TelemetryErrorKind,
    message: string,
    options?: { cause?: unknown; retryAfterSeconds?: number; isLate?: boolean },
  ) {
    super(message, { cause: options?.cause });
    this.name = 'TelemetryError';
    this.kind = kind;
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.isLate = options?.isLate ?? false;
  }
}
