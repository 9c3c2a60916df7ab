/** What a Lease says. Times are its holder's, in milliseconds since the epoch: to be shown and compared, not reckoned with. */
export interface LeaseRecord {
  /** Identity of the holder; empty: it was released. */
  readonly holder: string;
  /** How long the holder may be silent before others take the lease. */
  readonly durationSeconds: number | undefined;
  readonly acquireTime: number | undefined;
  readonly renewTime: number | undefined;
  /** How often it went to another holder. */
  readonly transitions: number;
}

export interface StoredLease {
  readonly record: LeaseRecord;
  readonly resourceVersion: string;
}

/** One Lease of the cluster. Every method throws a ClusterError when the API server refuses or is away. */
export interface Lease {
  /** Namespace and name, for messages. */
  readonly name: string;
  read(signal: AbortSignal): Promise<StoredLease | undefined>;
  /**
   * Replaces exactly the version that was read; without one, creates the lease. Throws Conflict when somebody else was
   * faster. Returns the lease as written.
   */
  write(record: LeaseRecord, resourceVersion: string | undefined, signal: AbortSignal): Promise<StoredLease>;
}
