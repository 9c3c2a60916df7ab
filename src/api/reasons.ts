/**
 * Every condition with its reasons, and what each means. Conditions and reasons are API: the reference page is made from
 * this table, and they do not change silently.
 */
export const CONDITIONS = {
  Accepted: {
    Accepted: 'The targets exist, the Envoy configuration can be edited and the telemetry can be read.',
    Checking: 'It is being checked that the experiment can run.',
    WaitingForExperiment: 'Another experiment goes first: it uses the same ConfigMap, Deployment or workload.',
    JournalUnreadable: 'An object carries the operator’s record of an earlier change, and somebody has edited it.',
    SpecUnreadable: 'The spec does not fit the resource definition that the operator was built with.',
    TargetNotFound: 'An object that the spec names does not exist (yet).',
    ContainerNotFound: 'The candidate’s Deployment has no container of that name.',
    ServicePortUnclear: 'The mirror Service has no port, or several and spec.mirror.port does not name one of them.',
    WorkloadNotRestartable:
      'The workload replaces its pods only by hand (OnDelete), so Envoy would never read the change.',
    TelemetryUnavailable: 'Telemetry cannot be read at the moment; it is tried again.',
    TelemetryConfiguration: 'Telemetry cannot be read until the spec, or a role, is changed.',
    ConfigKeyNotFound: 'The ConfigMap has no such key.',
    ConfigImmutable: 'The ConfigMap is immutable.',
    ConfigTooLarge: 'The change is too large for the annotation that holds the way back.',
    InvalidIntent: 'A name in the spec cannot be written into an Envoy configuration.',
    ConfigTemplated: 'The configuration has template markers; the operator edits only what Envoy itself reads.',
    ConfigNotParsable: 'The configuration is not valid YAML or JSON.',
    ConfigAliases: 'The configuration uses YAML anchors, aliases or merge keys.',
    ConfigV2Api: 'The configuration uses the Envoy v2 (or v1) API.',
    DuplicateKeys: 'A key stands twice in a map of the configuration.',
    MultiDocument: 'The file holds several YAML documents.',
    NotEnvoyConfig: 'The file is not an Envoy bootstrap or discovery file.',
    ConfigFormUnsupported: 'The configuration has a form that cannot be edited without rewriting it.',
    RouteNotFound: 'No route leads to the live cluster.',
    WeightedClusters: 'A route shares its requests between the live cluster and others.',
    ClusterHeaderRoute: 'A route takes its cluster from a request header.',
    MirrorPolicyPresent: 'Something in the configuration copies requests to the mirror cluster already.',
    MirrorPolicyInherited: 'A mirror policy of the virtual host or route configuration would be replaced by ours.',
    MirrorClusterUnknown: 'The mirror cluster is not in the file, and no file with clusters is named.',
    MirrorClusterNotLoaded: 'Envoy could read the routes before the cluster that would be added.',
    ReloadNeeded: 'A static bootstrap is read only when Envoy starts: spec.traffic.envoy.reload is needed.',
    EditUnsafe: 'The edited text did not stand the check, so nothing was written.',
  },
  CandidateReady: {
    NotStarted: 'The candidate’s Deployment is not changed yet.',
    RolloutComplete: 'The candidate’s Deployment runs the wanted version and is available.',
    RollingOut: 'The candidate’s Deployment is being rolled out.',
    RolloutFailed: 'The rollout of the candidate’s Deployment failed.',
    NotManaged: 'The spec names no Deployment: the candidate is expected to run.',
    Restored: 'The candidate’s Deployment is as it was before.',
    RestoreConflict: 'Somebody else changed the same fields of the candidate’s Deployment; they were left as they are.',
  },
  Mirroring: {
    NotStarted: 'No request is copied yet.',
    Restarting: 'The configuration is written; the workload that runs Envoy is being restarted.',
    ConfigWritten: 'The configuration is written; Envoy watches the file and the first copy is awaited.',
    Copying: 'Live requests are copied to the candidate.',
    SwitchingOff: 'The configuration is restored; the workload that runs Envoy is being restarted.',
    Restored: 'The configuration is as it was before and no request is copied.',
    RestoredPartly:
      'No request is copied: the mirror policies were taken out. Somebody else had changed the configuration or the record of what it was, so other lines may be left.',
    RestoreConflict:
      'Somebody else changed the same lines so that they could not be taken out, and requests may still be copied.',
    RestoreRefused: 'The API server refuses the write that restores; it is tried again.',
    RestartUnfinished: 'The configuration is restored, but the restart of the workload that runs Envoy did not finish.',
  },
  TelemetryFlowing: {
    NotStarted: 'Telemetry is not read yet.',
    AwaitingTelemetry: 'Telemetry of the first copies is awaited.',
    Flowing: 'Both versions report requests.',
    NoLiveTelemetry: 'The live version reports no request.',
    NoMirrorTelemetry: 'The candidate reports no request.',
    TelemetryError: 'Telemetry could not be read.',
  },
  Complete: {
    Running: 'The experiment is not finished.',
    Finished: 'The experiment has its verdict and everything is restored.',
  },
  Passed: {
    Waiting: 'The experiment waits for its turn, or for what it names.',
    Preparing: 'The candidate is being rolled out.',
    SwitchingOn: 'Mirroring is being switched on.',
    AwaitingCopies: 'The first copied request is awaited.',
    WarmingUp: 'Requests of the warm-up and those that have not settled are left out.',
    Analysing: 'The evidence does not suffice yet, in either direction.',
    WithinTolerance: 'The candidate is within every tolerance.',
    Latency: 'The candidate is slower than tolerated.',
    Errors: 'The candidate fails more often than tolerated.',
    LostCopies: 'Too many copies left no trace in the candidate’s telemetry.',
    CandidateUnavailable: 'The candidate did not become available.',
    NotEnoughEvidence: 'The deadline came before the evidence sufficed.',
    NoLiveTelemetry: 'The deadline came and the live version had reported no request.',
    NoMirrorTelemetry: 'The deadline came and the candidate had reported no request.',
    TelemetryError: 'The deadline came and telemetry could not be read.',
    ConfigurationError:
      'The experiment cannot run as it is: it is refused, or a write is, or Envoy does not come back.',
    TargetChanged: 'Somebody else changed or reverted what the experiment had patched.',
  },
} as const;

export type ConditionType = keyof typeof CONDITIONS;
export type ReasonOf<T extends ConditionType> = keyof (typeof CONDITIONS)[T];
