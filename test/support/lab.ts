import type { BeforeAndSince, TelemetryQuestion } from '../../src/core/query/question.ts';
import type { Samples } from '../../src/core/samples/samples.ts';
import { sumRoutes } from '../../src/core/verdict/sumRoutes.ts';
import type { Telemetry, TelemetryError } from '../../src/engine/ports/telemetry.ts';
import { EvidenceRecorder } from './evidenceRecorder.ts';
import type { MemoryCluster } from './memoryCluster.ts';
import { seededRandom } from './random.ts';

/** The lab in memory: its objects, its experiments, and telemetry as its versions would send it. */

export const NAMESPACE = 'bookstore';

export const SIDECAR = `# The front proxy of the bookstore.
static_resources:
  listeners:
  - name: front          # users come in here
    address: {socket_address: {address: 0.0.0.0, port_value: 8080}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          route_config:
            name: local_route
            virtual_hosts:
            - name: bookstore
              domains: ["*"]
              routes:
              - match: {prefix: "/api/"}
                route:
                  cluster: bookservice   # V1
                  timeout: 15s
          http_filters:
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: bookservice
    type: STRICT_DNS
    connect_timeout: 1s
    load_assignment:
      cluster_name: bookservice
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: bookservice, port_value: 80}}}
`;

export function experimentObject(name: string, version: string, spec: Record<string, unknown> = {}) {
  return {
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      live: { service: 'bookservice', version: 'V1MIR-BookService' },
      mirror: {
        service: 'bookservicemirror',
        version: `${version}MIR-BookService`,
        deployment: {
          name: 'bookservicemirror',
          replicas: 1,
          containers: [
            {
              name: 'bookservice',
              image: `readymirroring/bookservice:${version.toLowerCase()}`,
              env: [{ name: 'VersionTag', value: `${version}MIR-BookService` }],
            },
          ],
        },
      },
      traffic: {
        envoy: {
          configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
          liveCluster: 'bookservice',
          mirrorCluster: 'bookservicemirror',
          reload: { workload: { name: 'bookinfo-spa' } },
        },
      },
      telemetry: { logAnalytics: { workspaceId: '11111111-2222-3333-4444-555555555555' } },
      ...spec,
    },
  };
}

export function putLab(cluster: MemoryCluster): void {
  const at = (name: string) => ({ name, namespace: NAMESPACE });
  const service = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: at(name),
    spec: { ports: [{ port: 80 }] },
  });
  const deployment = (name: string, replicas: number, container: Record<string, unknown>) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: at(name),
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
    },
  });
  const env = [
    { name: 'LOG', value: 'warn' },
    { name: 'VersionTag', value: 'none' },
  ];
  cluster.put(service('bookservice'));
  cluster.put(service('bookservicemirror'));
  cluster.put(deployment('bookinfo-spa', 2, { name: 'envoy', image: 'envoyproxy/envoy:v1.40.0' }));
  cluster.put(deployment('bookservicemirror', 0, { name: 'bookservice', image: 'readymirroring/bookservice:v1', env }));
  cluster.put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: at('default-sidecar'),
    data: { 'envoy.yaml': SIDECAR, other: 'kept' },
  });
  cluster.settle();
}

/** Milliseconds that a request takes more than live's; null: it fails. */
export type Behaviour = (route: string, random: () => number) => number | null;

export const V2: Behaviour = () => 0;
export const V3: Behaviour = (route) => (route === REVIEWS ? 1193 : 0);
export const V4: Behaviour = (route, random) => (route === REVIEWS && random() < 0.5 ? null : 0);
export const REVIEWS = 'GET Reviews/Get';
const ROUTES = ['GET Books/Get', 'GET Books/GetById', REVIEWS];

/** Telemetry in memory: every window holds what the versions would have sent, the same at each read. */
export class MemoryTelemetry implements Telemetry {
  behaviour: Behaviour = V2;
  requestsPerBlock = 150;
  /** What telemetry shows of the arms. */
  silent: { live?: boolean; mirror?: boolean } = {};
  /** Share of the copies of a time (ms since the epoch) that leave no trace. */
  loss: (at: number) => number = () => 0;
  /** Requests that the candidate reports of a time (ms since the epoch) for each copy, in addition to the copy itself. */
  foreign: (at: number) => number = () => 0;
  failure: TelemetryError | undefined;
  /** What mirroring does to live itself: milliseconds that its requests take more than before; null: they fail. */
  liveBehaviour: Behaviour = V2;
  /** What telemetry shows of live before it was mirrored. */
  silentBefore = false;
  /** Of the guard's reads only. */
  guardFailure: TelemetryError | undefined;
  /** Windows of the guard that were read, in ms since the epoch. */
  readonly guardWindows: (BeforeAndSince & { start: number; end: number })[] = [];
  /** Windows that were read, in ms since the epoch. */
  readonly windows: { start: number; end: number }[] = [];
  /** True while the proxies copy requests. */
  readonly #mirrors: () => boolean;

  constructor(mirrors: () => boolean) {
    this.#mirrors = mirrors;
  }

  async probe(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
  }

  async firstCopy(_question: unknown, since: number): Promise<number | undefined> {
    if (this.failure !== undefined) throw this.failure;
    return this.#mirrors() && this.silent.mirror !== true ? since + 1500 : undefined;
  }

  /** Evenly spread over the routes, the same at each read. */
  #isLost(at: number, index: number): boolean {
    return (Math.floor(index / ROUTES.length) * 0.618_033_988_75) % 1 < this.loss(at);
  }

  /** Spread like what is lost. */
  #foreign(at: number, index: number): number {
    const share = this.foreign(at);
    const isOneMore = (Math.floor(index / ROUTES.length) * 0.618_033_988_75) % 1 < share % 1;
    return Math.floor(share) + (isOneMore ? 1 : 0);
  }

  async read(
    { compare }: Pick<TelemetryQuestion, 'compare'>,
    window: { start: number; end: number },
  ): Promise<Samples> {
    if (this.failure !== undefined) throw this.failure;
    if (compare !== undefined) return this.#readLive(compare, window);
    this.windows.push(window);
    return samplesOf(this.#record(window, 0, blocksOf(window)));
  }

  async trace(
    _question: unknown,
    window: { start: number; end: number },
    routes: readonly string[],
  ): ReturnType<Telemetry['trace']> {
    if (this.failure !== undefined) throw this.failure;
    const perSlice = Math.ceil(blocksOf(window) / 12);
    const slices = Array.from({ length: Math.ceil(blocksOf(window) / perSlice) }, (_, slice) => {
      const from = slice * perSlice;
      const document = this.#record(window, from, Math.min(from + perSlice, blocksOf(window))).document();
      const rest = document.routes.filter(({ name }) => !routes.includes(name));
      return [...routes.map((name) => document.routes.filter((route) => route.name === name)), rest].map(sumRoutes);
    });
    return { samples: { routes, sliceSeconds: perSlice * 30, slices }, kql: 'memory' };
  }

  #record(window: { start: number; end: number }, from: number, to: number): EvidenceRecorder {
    const recorder = new EvidenceRecorder();
    for (let block = from; block < to; block++) {
      const random = seededRandom(block + 1);
      for (let index = 0; index < this.requestsPerBlock; index++) {
        const route = ROUTES[index % ROUTES.length] ?? REVIEWS;
        const ms = 15 * Math.exp(0.2 * random.normal());
        const more = this.behaviour(route, () => random.uniform());
        if (this.silent.live !== true) recorder.record(route, 'live', ms);
        const at = window.start + block * 30_000;
        const reports = this.silent.mirror === true || this.#isLost(at, index) ? 0 : 1 + this.#foreign(at, index);
        for (let report = 0; report < reports; report++) {
          recorder.record(route, 'mirror', more === null ? null : 15 * Math.exp(0.2 * random.normal()) + more);
        }
      }
      recorder.endBlock();
    }
    return recorder;
  }

  /** Live before and since, block after block: what the guard asks about. */
  async #readLive(compare: BeforeAndSince, { start, end }: { start: number; end: number }): Promise<Samples> {
    if (this.guardFailure !== undefined) throw this.guardFailure;
    this.guardWindows.push({ start, end, ...compare });
    const recorder = new EvidenceRecorder();
    const before = Math.round((compare.switchOn - start) / 30_000);
    const since = Math.round((end - compare.from) / 30_000);
    for (let block = 0; block < before + since; block++) {
      const random = seededRandom(1000 + block);
      const arm = block < before ? 'live' : 'mirror';
      const silent = arm === 'live' ? this.silentBefore : this.silent.live === true;
      for (let index = 0; index < this.requestsPerBlock && !silent; index++) {
        const route = ROUTES[index % ROUTES.length] ?? REVIEWS;
        const more = arm === 'live' ? 0 : this.liveBehaviour(route, () => random.uniform());
        recorder.record(route, arm, more === null ? null : 15 * Math.exp(0.2 * random.normal()) + more);
      }
      recorder.endBlock();
    }
    return samplesOf(recorder);
  }
}

function blocksOf({ start, end }: { start: number; end: number }): number {
  return Math.round((end - start) / 30_000);
}

function samplesOf(recorder: EvidenceRecorder): Samples {
  const moments = { sumMilliseconds: 0, sumSquaredMilliseconds: 0, resultCodes: {} };
  const routes = recorder.document().routes.map((route) => ({
    ...route,
    live: { ...route.live, ...moments },
    mirror: { ...route.mirror, ...moments },
    pairs: null,
  }));
  return { routes, queries: [] };
}
