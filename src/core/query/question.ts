/** What is asked of a telemetry source, apart from the window. Plain data made from an experiment's spec. */
export interface TelemetryQuestion {
  readonly source:
    | { readonly scope: 'workspace'; readonly workspaceId: string }
    | { readonly scope: 'resource'; readonly resourceId: string };
  /** Namespace of the experiment, for the limits that the operator's settings put on sources. */
  readonly namespace: string;
  readonly table: 'AppRequests' | 'requests';
  /** Custom dimension that carries the version. */
  readonly versionProperty: string;
  readonly liveVersion: string;
  readonly mirrorVersion: string;
  /** HTTP methods that are copied; ['*']: all. Operations whose name starts with another method are left out. */
  readonly methods: readonly string[];
  /** Operation names; empty: all. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Length of a block in seconds. */
  readonly intervalSeconds: number;
  readonly latency: readonly LatencyTolerance[];
  /** Absent: live is compared with the mirror. Otherwise with itself: `Live` are its requests before, the others those since. */
  readonly compare?: BeforeAndSince;
}

/** Two stretches of the window, in ms since the epoch: [start, switchOn) is before, [from, end) is since. */
export interface BeforeAndSince {
  readonly switchOn: number;
  /** At or after switchOn; what lies between is left out. */
  readonly from: number;
}

export interface LatencyTolerance {
  readonly percentile: number;
  readonly maxIncreasePercent: number;
  readonly maxIncreaseMilliseconds: number;
}
