import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { JsonPatchOperation, KubernetesObject, ObjectRef } from '../../core/kubernetes/object.ts';

/** What is known of objects. It may lag behind what the API server has, but never behind the operator's own writes. */
export type KnownObjects = Pick<Cluster, 'read' | 'listPods'>;

/** The Kubernetes API as the engine needs it. Every method throws a ClusterError when the API server refuses or is away. */
export interface Cluster {
  /** The object as it is now, read from the API server; undefined when there is none. */
  read(ref: ObjectRef): Promise<KubernetesObject | undefined>;
  /** The pods of a namespace that a label selector selects, as they are now; the first 500 where there are more. */
  listPods(namespace: string, labelSelector: string): Promise<readonly KubernetesObject[]>;
  /**
   * Applies a JSON Patch to exactly the version that was read: the adapter adds operations that make the API server
   * answer Conflict when `resourceVersion` has moved on. Returns the object as written.
   */
  patch(ref: ObjectRef, resourceVersion: string, operations: readonly JsonPatchOperation[]): Promise<KubernetesObject>;
  /** Creates a ConfigMap. Throws Conflict when there is one of that name. */
  createConfigMap(configMap: NewConfigMap): Promise<void>;
  /** Replaces the status of an experiment, if it is still at `resourceVersion`. Returns the experiment as written. */
  writeStatus(ref: ExperimentRef, resourceVersion: string, status: MirrorExperimentStatus): Promise<KubernetesObject>;
  /** Records an Event on an experiment. */
  recordEvent(ref: ExperimentRef, event: ExperimentEvent): Promise<void>;
}

export interface NewConfigMap {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly {
      readonly apiVersion: string;
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
    }[];
  };
  readonly data: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData: Readonly<Record<string, string>>;
}

export interface ExperimentRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface ExperimentEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/**
 * Conflict: the object has changed since it was read (409). NotFound: it is gone (404). Forbidden: the operator's RBAC
 * (403). Invalid: the API server refuses the content (400, 422). Unavailable: anything that trying again may cure.
 */
export type ClusterErrorKind = 'Conflict' | 'NotFound' | 'Forbidden' | 'Invalid' | 'Unavailable';

export class ClusterError extends Error {
  readonly kind: ClusterErrorKind;
  /** Seconds that the API server asked to wait (Retry-After of a 429 or 503). */
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ClusterErrorKind, message: string, options?: { cause?: unknown; retryAfterSeconds?: number }) {
    super(message, { cause: options?.cause });
    this.name = 'ClusterError';
    this.kind = kind;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}
