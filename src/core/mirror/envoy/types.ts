/** What the mirror shall be, in the terms of an Envoy config. */
export interface MirrorIntent {
  /** Name of the Envoy cluster whose routes are mirrored. */
  liveCluster: string;
  /** Name of the Envoy cluster that gets the copies; added to the config when it is not there. */
  mirrorCluster: string;
  /** Share of the matching requests that is copied: an integer from 1 to 100. */
  percent: number;
  /** Request methods that are copied, in capitals; `['*']` copies every method. */
  methods: readonly string[];
  /** Where the mirror answers; used only when the mirror cluster has to be added. */
  mirrorAddress: { host: string; port: number };
  /** Bounds how long a copy may hold its live request's body back (seconds, on an added mirror cluster). */
  maxStreamDurationSeconds: number;
  /** Circuit breaker of an added mirror cluster: connections, pending requests and requests. */
  maxRequests: number;
  /** Request header that is set on copies, and only on them. */
  mark: { header: string; value: string };
  /** `restart`: a static bootstrap whose pods the operator restarts. `watch`: files that Envoy watches. */
  reload: 'restart' | 'watch';
}

/** One key of a ConfigMap. */
export interface ConfigFile {
  key: string;
  text: string;
}

/** The ConfigMap keys to edit: the one with the routes, and the one with the clusters when they are kept apart. */
export interface ConfigFiles {
  routes: ConfigFile;
  clusters?: ConfigFile;
}

/**
 * One splice. `offset` counts UTF-16 units in the patched text. Edits are in ascending order; replacing `inserted` by
 * `removed` from the last to the first gives the original text.
 */
export interface Edit {
  offset: number;
  removed: string;
  inserted: string;
}

/** All that an exact restore of one file needs. Plain JSON, meant for a journal. */
export interface FileEdits {
  key: string;
  edits: Edit[];
  /** SHA-256 (hex) of the text before and after the edits. */
  originalSha256: string;
  patchedSha256: string;
  /** UTF-16 units of the text after the edits. */
  patchedLength: number;
  /** Copies to this cluster must be gone from the file after a restore; so must the cluster, when we added it. */
  mirrorCluster: string;
  clusterAdded: boolean;
}

/** For people: where a route that is mirrored now is found. */
export interface MirroredRoute {
  /** The listener's name, or the route configuration's in a file without listeners. */
  listener: string;
  virtualHost: string;
  route: string;
}

/** Why a config is left alone. Stable: these appear as reasons in conditions. */
export type EnvoyRefusal =
  /** The intent itself cannot be written into a config. */
  | 'InvalidIntent'
  | 'ConfigTemplated'
  | 'ConfigNotParsable'
  | 'ConfigAliases'
  | 'ConfigV2Api'
  | 'DuplicateKeys'
  | 'MultiDocument'
  | 'NotEnvoyConfig'
  /** A form that Envoy reads and that cannot be edited without rewriting it, such as a lone map for a list. */
  | 'ConfigFormUnsupported'
  | 'RouteNotFound'
  | 'WeightedClusters'
  | 'ClusterHeaderRoute'
  /** Something in the config copies requests to the mirror cluster already. */
  | 'MirrorPolicyPresent'
  /** A policy of the virtual host or route configuration would be replaced by ours. */
  | 'MirrorPolicyInherited'
  | 'MirrorClusterUnknown'
  /** Envoy validates the routes' clusters and may read the routes before the cluster that we would add. */
  | 'MirrorClusterNotLoaded'
  /** Envoy does not re-read a bootstrap: its pods have to be restarted. */
  | 'ReloadNeeded'
  /** The edited text did not stand the check; it is never returned. */
  | 'EditUnsafe';

/** `files` has the keys that changed, with their new text. */
export type AddResult =
  | {
      kind: 'patched';
      files: Record<string, string>;
      edits: FileEdits[];
      routes: MirroredRoute[];
      clusterAdded: boolean;
      warnings: string[];
    }
  | { kind: 'refused'; reason: EnvoyRefusal; message: string };

/** `files` has every edited key that still exists, with the text that it should have now. */
export type RemoveResult = { kind: 'restored'; files: Record<string, string> } | { kind: 'conflict'; message: string };
