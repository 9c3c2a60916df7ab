import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JudgedWindow } from '../evidence/recordOf.ts';
import type { JsonPatchOperation, ObjectRef } from '../kubernetes/object.ts';
import type { TelemetryQuestion } from '../query/question.ts';

/** The status as it should be, and the one thing to do next. */
export interface Decision {
  readonly status: MirrorExperimentStatus;
  readonly next: Next;
}

export type Next =
  /** Write to one object, then decide again. */
  | {
      readonly kind: 'patch';
      readonly ref: ObjectRef;
      readonly resourceVersion: string;
      readonly operations: readonly JsonPatchOperation[];
      /** For the log: what the write is for. */
      readonly purpose: string;
    }
  /** Ask telemetry, then decide again. */
  | ({
      readonly kind: 'ask';
      /** To be asked at the same time. */
      readonly also?: Inquiry;
    } & Inquiry)
  /** The status has to be stored before anything else happens; then decide again. */
  | {
      readonly kind: 'save';
      /** With a verdict that rests on telemetry: what it rests on. */
      readonly evidence?: JudgedWindow;
    }
  /** Store the status and look again after a while. */
  | { readonly kind: 'wait'; readonly milliseconds: number }
  /** Nothing is left to do until the experiment changes. */
  | { readonly kind: 'done' }
  /** Everything is restored: the finalizer may go. */
  | { readonly kind: 'release' };

export interface Inquiry {
  readonly ask: Ask;
  readonly question: TelemetryQuestion;
}

export type Ask =
  | { readonly what: 'probe' }
  | { readonly what: 'firstCopy'; readonly since: number }
  | {
      readonly what: 'read' | 'confirm' | 'guard' | 'confirmGuard';
      readonly start: number;
      readonly end: number;
      /** When the look that needs it was due, in ms since the epoch; absent: it is the first, or none that was due. */
      readonly due?: number;
    }
  | { readonly what: 'trace'; readonly start: number; readonly end: number; readonly routes: readonly string[] };

/** A step of the life cycle: it decides, or it is behind us and hands the status on. */
export type Step = Decision | { readonly status: MirrorExperimentStatus; readonly next?: undefined };
