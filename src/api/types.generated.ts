// generated from crds/mirrorexperiments.yaml; run npm run generate
//
// The types of an object as the API server returns it: a field with a default is always there, so it is not optional
// here although users may leave it out.

/**
 * What to compare, how requests are copied, where telemetry is read and what is tolerated.
 */
export interface MirrorExperimentSpec {
  /**
   * The version that serves users.
   */
  live: {
    /**
     * Name of the Kubernetes Service of the live version.
     */
    service: string;
    /**
     * Value of telemetry.logAnalytics.versionProperty in the live version's telemetry.
     */
    version: string;
  };
  /**
   * The candidate that receives copies of live requests.
   */
  mirror: {
    /**
     * Name of the Kubernetes Service of the candidate. It must exist.
     */
    service: string;
    /**
     * Port of that Service which receives the copies. Needed when the Service has several.
     */
    port?: number;
    /**
     * Value of telemetry.logAnalytics.versionProperty in the candidate's telemetry.
     */
    version: string;
    /**
     * The candidate's Deployment. It is patched for the run and restored after it. Absent: the candidate already runs and is left alone.
     */
    deployment?: {
      /**
       * Name of the Deployment. It must exist.
       */
      name: string;
      /**
       * Replicas during the run.
       */
      replicas?: number;
      /**
       * Containers of the pod template to change, by name.
       */
      containers?: {
        /**
         * Name of a container that the pod template has.
         */
        name: string;
        /**
         * Image during the run.
         */
        image?: string;
        /**
         * Environment variables to set during the run. Others are kept.
         */
        env?: {
          /**
           * Name of the variable.
           */
          name: string;
          /**
           * Its value during the run, taken as it is. Not for secrets.
           */
          value: string;
        }[];
      }[];
    };
  };
  /**
   * Which live requests are copied, and by which proxy.
   */
  traffic: {
    /**
     * Share of the matching live requests that is copied, in percent.
     */
    percent: number;
    /**
     * Smaller shares that are copied first, in this order, each for its time; percent comes after the last. The comparison begins with percent; during the steps the candidate's pods and the live service are watched. Every step changes the Envoy configuration, and restarts Envoy where reload is set.
     */
    ramp?: {
      /**
       * Share of the matching live requests that is copied in this step, in percent.
       */
      percent: number;
      /**
       * How long this step lasts.
       */
      seconds: number;
    }[];
    /**
     * HTTP methods that are copied. The default leaves out those that write, because a copied write would write twice. ["*"] copies every method.
     */
    methods: ('GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'TRACE' | '*')[];
    /**
     * An Envoy whose configuration is in a ConfigMap.
     */
    envoy: {
      /**
       * The ConfigMap and the key in it that holds the routes to the live cluster.
       */
      configMap: {
        /**
         * Name of the ConfigMap, in the namespace of the experiment.
         */
        name: string;
        /**
         * Key of the bootstrap, or of the route discovery file.
         */
        key: string;
        /**
         * Key of the cluster discovery file, when the clusters are not in the file named by key.
         */
        clustersKey?: string;
      };
      /**
       * Name of the Envoy cluster of the live version. Every route to it is mirrored.
       */
      liveCluster: string;
      /**
       * Name of the Envoy cluster of the candidate. Added to the configuration when it is not there.
       */
      mirrorCluster: string;
      /**
       * How Envoy takes a changed configuration. Set workload for a static bootstrap, which Envoy reads only when it starts. Absent: Envoy watches the files itself.
       */
      reload?: {
        /**
         * The workload whose pods run Envoy. They are replaced by a rolling restart.
         */
        workload: {
          /**
           * Kind of the workload.
           */
          kind: 'Deployment' | 'DaemonSet' | 'StatefulSet';
          /**
           * Name of the workload, in the namespace of the experiment.
           */
          name: string;
        };
      };
    };
  };
  /**
   * Where both versions' request telemetry is read.
   */
  telemetry: {
    /**
     * An Azure Log Analytics workspace, or an Application Insights resource.
     */
    logAnalytics: {
      /**
       * Workspace id (a GUID; also called customer id).
       */
      workspaceId?: string;
      /**
       * Resource id of an Application Insights component.
       */
      resourceId?: string;
      /**
       * AppRequests (workspace schema) or requests (classic schema).
       */
      table: 'AppRequests' | 'requests';
      /**
       * Custom dimension that carries the version.
       */
      versionProperty: string;
    };
  };
  /**
   * When telemetry is compared, what is tolerated and how sure a verdict has to be.
   */
  analysis: {
    /**
     * Time between two looks at the telemetry, and the length of a block. From ten intervals on, telemetry is read again whenever a tenth has been added to what is compared.
     */
    intervalSeconds: number;
    /**
     * Time after the first copied request that is left out, because cold starts are not regressions.
     */
    warmupSeconds: number;
    /**
     * Age that telemetry must have before it is read, for ingestion. It must exceed the request timeout.
     */
    settleSeconds: number;
    /**
     * No Pass before this much analysed time.
     */
    minDurationSeconds: number;
    /**
     * Time after the start at which what is undecided becomes Inconclusive.
     */
    deadlineSeconds: number;
    /**
     * Probability, in percent, that a candidate within tolerance is ever failed, over all routes, gates and looks together.
     */
    falseAlarmPercent: number;
    /**
     * Effective number of requests that each version needs on a route before a gate can decide.
     */
    minRequests: number;
    /**
     * Latency gates on successful requests. A percentile may rise by the larger of the two tolerances.
     */
    latency: {
      /**
       * Percentile of the latency that is compared; 50 is the median.
       */
      percentile: number;
      /**
       * Tolerated rise, in percent of live's value.
       */
      maxIncreasePercent: number;
      /**
       * Tolerated rise, in milliseconds.
       */
      maxIncreaseMilliseconds: number;
      /**
       * The gate can fail the experiment, but a Pass does not wait for its evidence.
       */
      failOnly: boolean;
    }[];
    /**
     * Error-rate gate.
     */
    errors: {
      /**
       * Tolerated increase of the error rate, in basis points (100 = 1 percentage point).
       */
      maxIncreaseBasisPoints: number;
    };
    /**
     * Lost-copies gate.
     */
    coverage: {
      /**
       * Tolerated share of copies that telemetry does not show, in percent.
       */
      maxLossPercent: number;
    };
    /**
     * Compares the live service while it is mirrored with the live service before. When live gets worse than tolerated here, mirroring stops and the verdict is Inconclusive with the reason LiveDegraded.
     */
    liveGuard: {
      /**
       * False switches the guard off.
       */
      enabled: boolean;
      /**
       * Length of the time before mirroring that live is compared with.
       */
      baselineSeconds: number;
      /**
       * Tolerated rise of live's latency, of the larger of the two tolerances.
       */
      latency: {
        /**
         * Percentile of live's latency that is compared; 50 is the median.
         */
        percentile: number;
        /**
         * Tolerated rise, in percent of the value before.
         */
        maxIncreasePercent: number;
        /**
         * Tolerated rise, in milliseconds.
         */
        maxIncreaseMilliseconds: number;
      }[];
      /**
       * Tolerated increase of live's error rate, in basis points (100 = 1 percentage point).
       */
      maxIncreaseBasisPoints: number;
    };
    /**
     * Operation names that are analysed.
     */
    routes: {
      /**
       * Only these operation names, each of which must pass. Empty - all that appear.
       */
      include: string[];
      /**
       * Operation names that are left out.
       */
      exclude: string[];
    };
  };
}

/**
 * What the operator saw and decided.
 */
export interface MirrorExperimentStatus {
  /**
   * Generation of the spec that this status belongs to.
   */
  observedGeneration?: number;
  /**
   * Absent while the experiment runs.
   */
  verdict?: 'Pass' | 'Fail' | 'Inconclusive';
  /**
   * The verdict, or what the experiment is doing, in a sentence.
   */
  summary?: string;
  /**
   * When the run was accepted; the deadline counts from it.
   */
  startTime?: string;
  /**
   * When the first change of the Envoy configuration was about to be written.
   */
  switchOnTime?: string;
  /**
   * Share of the live requests that the Envoy configuration copies now, in percent; 0 when it is restored.
   */
  percent?: number;
  /**
   * Start of the analysed time less warm-up - the time of the first copied request.
   */
  mirroringSince?: string;
  /**
   * When telemetry was last read and compared.
   */
  lastAnalysisTime?: string;
  /**
   * When everything was restored after the verdict.
   */
  completionTime?: string;
  /**
   * Objects that this run changes. They are listed before the first of them is patched, so that a restart or a changed spec finds them all.
   */
  targets?: {
    kind: 'ConfigMap' | 'Deployment' | 'DaemonSet' | 'StatefulSet';
    name: string;
    /**
     * True while the object carries changes of this run.
     */
    patched: boolean;
  }[];
  /**
   * ConfigMap that holds what the verdict rests on. Absent while the experiment runs, and when it could not be written.
   */
  evidence?: string;
  /**
   * Image that the candidate ran with.
   */
  candidateImage?: string;
  /**
   * Restarts that the candidate's containers had before the run, which are not counted against it.
   */
  candidateRestarts?: {
    /**
     * Name of the pod.
     */
    pod: string;
    /**
     * Name of the container.
     */
    container: string;
    /**
     * Restarts of the container.
     */
    restarts: number;
  }[];
  /**
   * Hash of the spec that this run belongs to.
   */
  specHash?: string;
  /**
   * Requests analysed, sampling undone.
   */
  requests?: {
    /**
     * Requests of the live version.
     */
    live?: number;
    /**
     * Requests of the candidate.
     */
    mirror?: number;
    /**
     * Copies that telemetry shows for each live request that was to be copied.
     */
    coveragePercent?: number;
    /**
     * True when the SDKs sent only a part of the telemetry.
     */
    sampled?: boolean;
  };
  /**
   * Latency of successful requests over all routes.
   *
   * Items: One percentile, in milliseconds.
   */
  latency?: {
    percentile: number;
    liveMilliseconds?: number;
    mirrorMilliseconds?: number;
    deltaMilliseconds?: number;
    deltaPercent?: number;
    /**
     * deltaMilliseconds with its sign and unit, for reading.
     */
    delta?: string;
    /**
     * Interval of deltaMilliseconds that holds at every look; a bound is absent while there is none.
     */
    deltaInterval?: {
      lower?: number;
      upper?: number;
    };
  }[];
  /**
   * Mean latency of successful requests over all routes, for information.
   */
  meanLatency?: {
    liveMilliseconds?: number;
    mirrorMilliseconds?: number;
    deltaMilliseconds?: number;
    deltaInterval?: {
      lower?: number;
      upper?: number;
    };
  };
  /**
   * Failed requests.
   */
  errors?: {
    livePercent?: number;
    mirrorPercent?: number;
    deltaPercentagePoints?: number;
    /**
     * deltaPercentagePoints with its sign and unit, for reading.
     */
    delta?: string;
    /**
     * Interval of deltaPercentagePoints that holds at every look.
     */
    deltaInterval?: {
      lower?: number;
      upper?: number;
    };
  };
  /**
   * How far the evidence over all routes is from a decision, gate by gate.
   */
  progress?: {
    /**
     * p and the percentile, errors or coverage.
     */
    gate: string;
    verdict: 'Pass' | 'Fail' | 'Running' | 'Inconclusive';
    /**
     * Evidence that the gate is out of tolerance, of what a Fail needs.
     */
    towardsFailPercent: number;
    /**
     * Evidence that the gate is within tolerance, of what a Pass needs; absent where a Pass needs none.
     */
    towardsPassPercent?: number;
  }[];
  /**
   * The routes, worst first.
   */
  routes?: {
    name: string;
    verdict: 'Pass' | 'Fail' | 'Running' | 'Inconclusive';
    /**
     * The gate that decided, or that is still open.
     */
    reason?: string;
    requests?: {
      live?: number;
      mirror?: number;
    };
    /**
     * Items: One percentile, in milliseconds.
     */
    latency?: {
      percentile: number;
      liveMilliseconds?: number;
      mirrorMilliseconds?: number;
      deltaMilliseconds?: number;
      deltaPercent?: number;
      /**
       * deltaMilliseconds with its sign and unit, for reading.
       */
      delta?: string;
      /**
       * Interval of deltaMilliseconds that holds at every look; a bound is absent while there is none.
       */
      deltaInterval?: {
        lower?: number;
        upper?: number;
      };
    }[];
    /**
     * Failed requests.
     */
    errors?: {
      livePercent?: number;
      mirrorPercent?: number;
      deltaPercentagePoints?: number;
      /**
       * deltaPercentagePoints with its sign and unit, for reading.
       */
      delta?: string;
      /**
       * Interval of deltaPercentagePoints that holds at every look.
       */
      deltaInterval?: {
        lower?: number;
        upper?: number;
      };
    };
  }[];
  /**
   * Number of analysed routes that are not listed in routes.
   */
  routesLeftOut?: number;
  /**
   * Live before its requests were copied and since, as the live guard saw it at its last look.
   */
  live?: {
    /**
     * When the guard looked last.
     */
    lookTime?: string;
    /**
     * Live over one stretch of time, over all routes.
     */
    before?: {
      from?: string;
      to?: string;
      requests?: number;
      errorsPercent?: number;
      /**
       * Percentiles of the successful requests.
       */
      latency?: {
        percentile: number;
        milliseconds?: number;
      }[];
    };
    /**
     * Live over one stretch of time, over all routes.
     */
    since?: {
      from?: string;
      to?: string;
      requests?: number;
      errorsPercent?: number;
      /**
       * Percentiles of the successful requests.
       */
      latency?: {
        percentile: number;
        milliseconds?: number;
      }[];
    };
  };
  /**
   * The state of the experiment, for programs. CI waits for Complete and reads Passed.
   */
  conditions?: {
    /**
     * Accepted, CandidateReady, Mirroring and TelemetryFlowing tell how far the experiment is. Complete is True at its end, whatever the end. Passed is Unknown until then, and then the verdict.
     */
    type:
      | 'Accepted'
      | 'CandidateReady'
      | 'Mirroring'
      | 'TelemetryFlowing'
      | 'LiveHealthy'
      | 'OnSchedule'
      | 'Complete'
      | 'Passed';
    /**
     * Whether the condition holds.
     */
    status: 'True' | 'False' | 'Unknown';
    /**
     * Why, in a word that does not change between versions of the operator.
     */
    reason: string;
    /**
     * Why, for people, and what to do.
     */
    message: string;
    /**
     * When status last changed.
     */
    lastTransitionTime: string;
    /**
     * Generation of the spec that the condition belongs to.
     */
    observedGeneration: number;
  }[];
}
