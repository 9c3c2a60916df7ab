import type { MirrorExperimentStatus } from '../../src/api/types.generated.ts';
import { decide } from '../../src/core/lifecycle/decide.ts';
import type { LifecycleSettings } from '../../src/core/lifecycle/world.ts';
import { observe } from '../../src/engine/observe.ts';
import type { KnownObjects } from '../../src/engine/ports/cluster.ts';
import type { Log } from '../../src/engine/ports/log.ts';
import { createReconciler } from '../../src/engine/reconcile.ts';
import { experimentObject, MemoryTelemetry, NAMESPACE, putLab, SIDECAR } from './lab.ts';
import { Killed, MemoryCluster } from './memoryCluster.ts';

const SETTINGS: LifecycleSettings = {
  missingTargetGraceSeconds: 60,
  restartTimeoutSeconds: 600,
  clusterDomain: 'cluster.local',
  rolloutPollMilliseconds: 2000,
};

/** The operator's engine in simulated time, on an API server and telemetry in memory. */
export class Simulation {
  readonly cluster = new MemoryCluster();
  readonly telemetry = new MemoryTelemetry(() => this.isMirroring());
  now = Date.parse('2026-01-01T00:00:00Z');
  /** Deployments that never become available. */
  stuck: string[] = [];
  /** What looks that change nothing rest on; undefined: every look reads everything. */
  known: KnownObjects | undefined;
  /** How the operator decides. */
  decide = decide;
  /** What the kubelet does to pods as time goes by. */
  kubelet: (() => void) | undefined;
  kills = 0;

  constructor() {
    putLab(this.cluster);
  }

  apply(name: string, version: string, spec?: Record<string, unknown>): void {
    const object = experimentObject(name, version, spec);
    const seconds = String(this.cluster.list('MirrorExperiment').length).padStart(2, '0');
    this.cluster.put({
      ...object,
      metadata: { ...object.metadata, creationTimestamp: `2026-01-01T00:00:${seconds}Z` },
    });
  }

  delete(name: string): void {
    this.cluster.edit('MirrorExperiment', NAMESPACE, name, (object) => {
      (object.metadata as { deletionTimestamp?: string }).deletionTimestamp = new Date(this.now).toISOString();
    });
  }

  /** Runs every experiment until `until` holds, or the simulated time is up. A killed operator starts again. */
  async run(until: () => boolean, maxSeconds = 20_000): Promise<void> {
    const due = new Map<string, number>();
    const end = this.now + maxSeconds * 1000;
    const reconcile = this.#reconciler();
    while (!until()) {
      if (this.now > end) throw new Error(`not reached in ${maxSeconds} simulated seconds: ${this.describe()}`);
      const keys = this.cluster
        .list('MirrorExperiment')
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
      if (keys.length === 0) throw new Error('no experiment is left and the state is not reached');
      const key = keys.reduce((a, b) => ((due.get(a) ?? 0) <= (due.get(b) ?? 0) ? a : b));
      this.now = Math.max(this.now, due.get(key) ?? 0);
      this.cluster.settle(this.stuck);
      this.kubelet?.();
      try {
        const { requeueAfterMilliseconds } = await reconcile(key, new AbortController().signal);
        due.set(key, this.now + (requeueAfterMilliseconds ?? 3_600_000));
        if (requeueAfterMilliseconds === undefined) for (const other of keys) if (other !== key) due.delete(other);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        this.kills += 1;
        due.clear();
        this.now += 5000;
      }
    }
  }

  status(name: string): MirrorExperimentStatus {
    return (this.cluster.get('MirrorExperiment', NAMESPACE, name)?.status ?? {}) as MirrorExperimentStatus;
  }

  condition(name: string, type: string): { status: string; reason: string; message: string } | undefined {
    return this.status(name).conditions?.find((condition) => condition.type === type);
  }

  isComplete(name: string): boolean {
    return this.condition(name, 'Complete')?.status === 'True';
  }

  isMirroring(): boolean {
    return this.config().includes('request_mirror_policies');
  }

  config(): string {
    const data = this.cluster.get('ConfigMap', NAMESPACE, 'default-sidecar')?.data as
      | Record<string, string>
      | undefined;
    return data?.['envoy.yaml'] ?? '';
  }

  /** The patched objects without what the API server counts itself. */
  targets(): unknown {
    return ['ConfigMap/default-sidecar', 'Deployment/bookinfo-spa', 'Deployment/bookservicemirror'].map((key) => {
      const [kind = '', name = ''] = key.split('/');
      const object = this.cluster.get(kind, NAMESPACE, name);
      if (object === undefined) return undefined;
      const { metadata, status: _, ...rest } = object;
      const { resourceVersion: _v, generation: _g, ...kept } = metadata;
      return { ...rest, metadata: kept };
    });
  }

  describe(): string {
    return JSON.stringify(
      this.cluster.list('MirrorExperiment').map(({ metadata, status }) => ({ name: metadata.name, status })),
      null,
      1,
    );
  }

  #reconciler() {
    const { cluster } = this;
    return createReconciler(
      {
        cluster,
        ...(this.known !== undefined && { known: this.known }),
        telemetry: this.telemetry,
        clock: { now: () => this.now, setTimer: () => () => undefined, random: () => 0.5 },
        log: SILENT,
        experiments: {
          list: () => cluster.list('MirrorExperiment'),
          withFinalizer: (object, restore) => cluster.withFinalizer(object, restore),
          letGo: (object) => cluster.letGo(object),
        },
        compress: (text) => Buffer.from(text).toString('base64'),
        onComplete: () => undefined,
      },
      SETTINGS,
      { observe, decide: (world) => this.decide(world) },
    );
  }
}

export { SIDECAR };

const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};
