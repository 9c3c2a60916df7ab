/** A Kubernetes object as plain JSON, as far as the operator reads it. Everything below `spec` and `status` is outside data. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly {
      readonly manager?: string;
      readonly time?: string;
      /** Set on writes that went to a subresource, such as a controller's to the status. */
      readonly subresource?: string;
      readonly fieldsV1?: unknown;
    }[];
  };
  readonly [field: string]: unknown;
}

export type TargetKind = 'MirrorExperiment' | 'ConfigMap' | 'Deployment' | 'DaemonSet' | 'StatefulSet' | 'Service';

/** Names one object that the operator reads or patches. */
export interface ObjectRef {
  readonly kind: TargetKind;
  readonly namespace: string;
  readonly name: string;
}

/** One operation of an RFC 6902 JSON Patch. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };
