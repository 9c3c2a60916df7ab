// generated from docs/fix-an-experiment.md; run npm run generate

/** What to do, by condition and reason. */
export const REMEDIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "Accepted": {
    "Checking": "Nothing: a new experiment has this reason for a moment. If it stays, the operator does not run; see operations. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "WaitingForExperiment": "Wait, or delete the experiment that the message names. Experiments that share a ConfigMap, a Deployment, a workload or a mirror Service run one after another, oldest first. Not final. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "TelemetryUnavailable": "Read what Log Analytics says. 403: give the operator's identity the role Log Analytics Reader on the source; it can take up to an hour. No token: check the identity. 429 and 5xx pass by themselves. Not final until `deadlineSeconds` are over. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "JournalUnreadable": "Put the object that the message names back by hand, take its annotation `mirroring.dev/journal` off, and apply the experiment again. Somebody has edited the annotation, so what it was to restore is unknown. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "SpecUnreadable": "The installed definition and the operator are of different versions: apply `crds/` and the operator from one release, then apply the experiment again. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "TargetNotFound": "Create the object that the message names, or correct the name. It is awaited for 60 s (`MISSING_TARGET_GRACE_SECONDS`), so that `kubectl apply -f folder/` may create it afterwards. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ContainerNotFound": "Correct `mirror.deployment.containers[].name`; the message lists the containers that there are. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ServicePortUnclear": "Name the port that gets the copies in `mirror.port`. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "WorkloadNotRestartable": "Set `updateStrategy: RollingUpdate` on the DaemonSet or StatefulSet that runs Envoy. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "TelemetryConfiguration": "Correct `telemetry.logAnalytics` (workspace, resource, table), or have an administrator add the source to ALLOWED_SOURCES for your namespace. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigKeyNotFound": "Correct `configMap.key` or `clustersKey`; the message lists the keys. Binary data cannot be edited. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigImmutable": "Use a ConfigMap that is not immutable. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigTooLarge": "Mirror fewer routes, set `methods: [\"*\"]`, which needs no copies of routes, or apply the ConfigMap with `kubectl apply --server-side`, which keeps no copy of it in an annotation. Of a Deployment: put large `env` values in a ConfigMap that the container reads. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "InvalidIntent": "Correct the name that the message quotes: it cannot be written into an Envoy configuration. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigTemplated": "Name the key that holds the rendered configuration. Envoy reads another text than the one with the markers. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigNotParsable": "Correct the line that the message names. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigAliases": "Write the values out: anchors, aliases and merge keys share one text between several places. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigV2Api": "Migrate the configuration to the v3 API. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "DuplicateKeys": "Remove one of the two keys. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "MultiDocument": "Remove all documents but the first: Envoy reads only that one. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "NotEnvoyConfig": "Name the key of an Envoy bootstrap or discovery file. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ConfigFormUnsupported": "Rewrite the part that the message names, such as a lone map where Envoy also takes a list. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "RouteNotFound": "Correct `liveCluster`, or `methods` if the routes take none of them; the message lists the clusters that there are, or the file or control plane from which the routes come. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "WeightedClusters": "Route to the live cluster alone for the experiment: a mirror policy would copy the requests of the other clusters too. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ClusterHeaderRoute": "Add a route with `cluster:`; a route that takes its cluster from a header cannot be mirrored. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "MirrorPolicyPresent": "Remove your mirror policy to this cluster: the operator adds one and takes it out again. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "MirrorPolicyInherited": "Move the policy of the virtual host or route configuration into the route, or remove it. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "MirrorClusterUnknown": "Name the file with the clusters in `configMap.clustersKey`. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "MirrorClusterNotLoaded": "Add the mirror cluster yourself, or set `validate_clusters: false`: Envoy could read the routes first and would reject them. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "ReloadNeeded": "Set `reload.workload`: a static bootstrap is read only when Envoy starts. See docs/fix-an-experiment.md#accepted-is-not-true.",
    "EditUnsafe": "Please report the configuration as a bug. Written in plain block style it is likely to be taken. See docs/fix-an-experiment.md#accepted-is-not-true."
  },
  "CandidateReady": {},
  "Mirroring": {
    "RestoreConflict": "The mirror could not be taken out, so requests may still be copied: the file cannot be read any more, or a policy to the mirror cluster has lost the mark by which it is recognised. The message names the lines: take them out by hand. Where the file could not be read, it also helps to correct it and to delete the experiment, or to change its spec: the mirror is then taken out. See docs/fix-an-experiment.md#it-ended-but-mirroring-is-not-restored.",
    "RestoredPartly": "Requests are no longer copied. Somebody has changed what the run had written, so some of it, which the message names, may still stand there: a route that stands twice, a cluster that nobody uses. Take it out by hand when you like. See docs/fix-an-experiment.md#it-ended-but-mirroring-is-not-restored.",
    "RestoreRefused": "The API server refuses the write that restores; it is tried every 15 s. Give the operator its rights back, or change the admission policy. See docs/fix-an-experiment.md#it-ended-but-mirroring-is-not-restored.",
    "RestartUnfinished": "The configuration is restored, but a pod of Envoy's workload still runs with the old one, and copies requests. Finish the rollout. See docs/fix-an-experiment.md#it-ended-but-mirroring-is-not-restored."
  },
  "TelemetryFlowing": {},
  "LiveHealthy": {
    "NotStarted": "Nothing: live is looked at for the first time two intervals after the switch. See docs/fix-an-experiment.md#livehealthy-is-unknown.",
    "NoBaseline": "Live needs `minRequests` requests, spread over at least half of `baselineSeconds`, before the switch. Give it a longer `liveGuard.baselineSeconds`, or apply the experiment when live has had traffic for that long. See docs/fix-an-experiment.md#livehealthy-is-unknown.",
    "TooFewRequests": "Live reports hardly any request any more. If it still has users, look at its telemetry; if it has lost them, delete the experiment. With little traffic, a longer `liveGuard.baselineSeconds` also lengthens what is looked at since. See docs/fix-an-experiment.md#livehealthy-is-unknown.",
    "TelemetryError": "Read what Log Analytics says; the guard looks again at the next interval. See docs/fix-an-experiment.md#livehealthy-is-unknown.",
    "Disabled": "The spec says so: `liveGuard.enabled: false`. See docs/fix-an-experiment.md#livehealthy-is-unknown."
  },
  "OnSchedule": {
    "Behind": "Nothing is wrong with the experiment, and its verdict is as sure as ever; it comes later. Tell who runs the operator: it, or Log Analytics, does not keep up; see MirrorExperimentLooksLate. See docs/fix-an-experiment.md#onschedule-is-false."
  },
  "Complete": {},
  "Passed": {
    "NotEnoughEvidence": "Read the message: it names the gate and the route, and what would decide it (requests, another percentile, another tolerance, operation ids in both versions). See what to tolerate, by traffic. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "NoLiveTelemetry": "Check `live.version`, `versionProperty` and that live sends requests to this source. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "NoMirrorTelemetry": "Live has traffic and the candidate reports none of it, from the start or since a while; the message has the figures. Check that the mirrored routes have traffic of the methods that are copied, that the candidate runs, that it sends telemetry to this source, and that its custom dimension is `mirror.version`. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "LostCopies": "More than half of the copies left no trace; what to look for is said above. See docs/fix-an-experiment.md#the-verdict-is-fail.",
    "ForeignRequests": "The candidate reports surely more requests than were copied to it (more than `coverage.maxLossPercent` above), so what is compared is not what live did. Look for other callers of the candidate (tests, port-forwards, probes that are reported as requests and more candidate than live pods), for telemetry that is sent twice, and for live telemetry that is lost. A short visit is outweighed: the experiment goes on until the deadline. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "LiveDegraded": "Live got slower or failed more than `liveGuard` tolerates, compared with the minutes before it was mirrored, and mirroring has ended. The message has the figures, `.status.live` both stretches of time. First see whether live recovers now. If it does, find what it shares with the candidate (database, locks, node, quota, Envoy's own CPU), or copy less: `traffic.percent`, `traffic.ramp`. If it does not, something else happened at the same time, such as a deployment or a rush of users: apply the experiment again when it is over. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "CandidateUnavailable": "The message names the pod and what its kubelet or the scheduler says. `kubectl describe pod` of it, or `kubectl describe deployment` of the candidate: probes, quota, nodes, a ConfigMap or Secret that is missing. Not ready after `progressDeadlineSeconds` of the Deployment ends the run; raise it for pods that take long to start. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "ImagePullFailed": "Correct the image in `mirror.deployment`, push it, or give the pods `imagePullSecrets`; the message has the registry's answer. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "TelemetryError": "Log Analytics could not be read until the deadline; the message has its answer. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "ClockChanged": "The operator's clock was set back by more than a minute during the run, or the node on which it runs now is that much behind the one before. Check the time on the nodes, then apply the experiment again. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "OperatorAbsent": "See why no operator was at work (`kubectl get pods,lease -n mirror-experiment-system`; the message says who held the Lease last), then apply the experiment again. The dead man’s switch ended mirroring and restored everything. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "TargetChanged": "The message names who wrote, and what to paste so that this tool leaves the objects alone: Argo CD, Flux and Helm. The operator does not write again what somebody else has taken back. See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "ConfigurationError": "The message says what: mostly a refusal, which `Accepted` explains. If `Accepted` is True: Envoy's workload did not come back with the mirror, or the API server refused a write (RBAC, admission, quota). See docs/fix-an-experiment.md#the-verdict-is-inconclusive.",
    "CandidateCrashing": "The candidate's containers end again and again. The message names the pod and the exit code; `kubectl logs -p POD -c CONTAINER` has the last words, if the pod is still there: the Deployment is restored. See docs/fix-an-experiment.md#the-verdict-is-fail.",
    "CandidateOutOfMemory": "Containers were killed at their memory limit, twice or without coming back. Raise the limit in the Deployment if live's is higher; otherwise the candidate needs more than live does. See docs/fix-an-experiment.md#the-verdict-is-fail.",
    "Preparing": "If it lasts minutes: The message and `CandidateReady` say what a pod waits for (`CrashLoop`, `OutOfMemory`, `ImagePullFailed`, `NotScheduled`, `NotReady`). It ends by itself, at the latest when the Deployment's progress deadline is exceeded. See docs/fix-an-experiment.md#it-does-not-get-on.",
    "SwitchingOn": "If it lasts minutes: `kubectl rollout status` of the workload that runs Envoy. See docs/fix-an-experiment.md#it-does-not-get-on.",
    "AwaitingCopies": "If it lasts longer than settling and two intervals: `TelemetryFlowing` is False with `NoMirrorTelemetry`: see above. With watched files, check that the bootstrap has `watched_directory`. See docs/fix-an-experiment.md#it-does-not-get-on.",
    "WarmingUp": "If it lasts longer than warm-up, settling and an interval: The message says if the first copy is dated in the future: set the candidate's clock right. See docs/fix-an-experiment.md#it-does-not-get-on.",
    "Analysing": "If it lasts until the deadline: The message says which gate is open and what would decide it. See docs/fix-an-experiment.md#it-does-not-get-on.",
    "Waiting": "If it lasts long: `Accepted` says for whom or for what. See docs/fix-an-experiment.md#it-does-not-get-on."
  }
};
