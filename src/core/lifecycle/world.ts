import type { Experiment, ExperimentIdentity } from '../../api/experiment.ts';
import type { KubernetesObject, TargetKind } from '../kubernetes/object.ts';
import type { Samples } from '../samples/samples.ts';
import type { TraceSamples } from '../samples/traceSlices.ts';

/** What a restore needs to know. It does not need the spec, which may have become unreadable. */
export interface RestoreWorld {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly experiment: ExperimentIdentity;
  /** The objects of the experiment's namespace that it names or has patched, as far as they exist. */
  readonly objects: readonly KubernetesObject[];
}

/** Everything that a decision rests on: plain data, read before it is made. */
export interface World extends RestoreWorld {
  readonly experiment: Experiment;
  /** All other experiments of the namespace; none when the experiment is accepted: they concern it no more. */
  readonly others: readonly Experiment[];
  /** The candidate's pods; undefined: it is not known which they are, or no run is under way. */
  readonly candidatePods?: CandidatePods | undefined;
  /** What telemetry has answered during this reconcile. */
  readonly answers: Answers;
  /** The figures of the status are young, and it is not stored for newer ones alone: they need not be computed. */
  readonly figuresStand?: boolean;
  readonly settings: LifecycleSettings;
}

export interface LifecycleSettings {
  /** How long a missing object is awaited before the experiment is refused: `kubectl apply -f folder/` has no order. */
  readonly missingTargetGraceSeconds: number;
  /** How long the restart after the restore is awaited before the experiment is complete all the same. */
  readonly restartTimeoutSeconds: number;
  /** The cluster's DNS domain, for the address of an added mirror cluster. */
  readonly clusterDomain: string;
  /** Time between two looks at a rollout that is under way. */
  readonly rolloutPollMilliseconds: number;
}

export type CandidatePods =
  | { readonly ok: true; readonly pods: readonly KubernetesObject[] }
  /** They cannot be read: the experiment goes on without, and says so. */
  | { readonly ok: false; readonly message: string };

export interface Answers {
  readonly probe?: Answer<true>;
  readonly firstCopy?: Answer<number | undefined>;
  readonly read?: Answer<WindowSamples>;
  /** The second, independent read of the window on which a verdict rests. */
  readonly confirm?: Answer<WindowSamples>;
  /** Live before it was mirrored (`live`) and since (`mirror`). */
  readonly guard?: Answer<WindowSamples>;
  readonly confirmGuard?: Answer<WindowSamples>;
  /** How the window of the verdict came about. */
  readonly trace?: Answer<TraceAnswer>;
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      /** `Configuration`: nothing changes until somebody changes the spec or a role; `Transient`: it may pass. */
      readonly kind: 'Configuration' | 'Transient';
      readonly message: string;
      readonly retryAfterSeconds?: number | undefined;
      /** There was no answer in time. */
      readonly isLate?: boolean;
    };

export interface TraceAnswer {
  readonly samples: TraceSamples;
  /** The query that was asked, word for word. */
  readonly kql: string;
}

export interface WindowSamples {
  /** Half-open, ms since the epoch. */
  readonly start: number;
  readonly end: number;
  readonly samples: Samples;
}

export function findObject(world: World, kind: TargetKind, name: string): KubernetesObject | undefined {
  return world.objects.find((object) => object.kind === kind && object.metadata.name === name);
}
