import { SIDECAR } from './lab.ts';

/** The lab's objects as manifests for a real API server. */

export const ROUTES = ['GET Books/Get', 'GET Reviews/Get'];

/** Times of seconds, and tolerances by which a few hundred requests can be judged. */
const QUICK = {
  intervalSeconds: 5,
  warmupSeconds: 0,
  settleSeconds: 1,
  minDurationSeconds: 5,
  deadlineSeconds: 60,
  minRequests: 20,
  latency: [
    { percentile: 50, maxIncreasePercent: 100, maxIncreaseMilliseconds: 100 },
    { percentile: 95, maxIncreasePercent: 100, maxIncreaseMilliseconds: 200 },
  ],
  errors: { maxIncreaseBasisPoints: 1000 },
  coverage: { maxLossPercent: 20 },
};

export const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80 }] },
});

export const deployment = (name: string, image: string, env: readonly { name: string; value: string }[] = []) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas: 1,
    progressDeadlineSeconds: 600,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name, image, ...(env.length > 0 && { env }) }] },
    },
  },
});

export const configMap = (name: string, data: Readonly<Record<string, string>> = { 'envoy.yaml': SIDECAR }) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, annotations: { team: 'books' } },
  data,
});

/** What the lab consists of; `data` is that of the ConfigMap. */
export const labObjects = (data?: Readonly<Record<string, string>>): readonly object[] => [
  service('bookservice'),
  service('bookservicemirror'),
  deployment('bookinfo-spa', 'envoyproxy/envoy:v1.40.0'),
  deployment('bookservicemirror', 'readymirroring/bookservice:v1', [
    { name: 'LOG', value: 'warn' },
    { name: 'VersionTag', value: 'none' },
  ]),
  configMap('default-sidecar', data),
];

export interface SpecOptions {
  readonly live: string;
  readonly mirror: string;
  readonly workspaceId: string;
  /** Over QUICK. */
  readonly analysis?: object;
  /** Over spec.mirror.deployment; null: the candidate is not managed. */
  readonly deployment?: object | null;
  /** Over spec.traffic.envoy. */
  readonly envoy?: object;
  readonly traffic?: object;
  /** Over spec.telemetry.logAnalytics. */
  readonly logAnalytics?: object;
}

export function experimentSpec(options: SpecOptions): Record<string, unknown> {
  return {
    live: { service: 'bookservice', version: options.live },
    mirror: {
      service: 'bookservicemirror',
      version: options.mirror,
      ...(options.deployment !== null && {
        deployment: {
          name: 'bookservicemirror',
          replicas: 2,
          containers: [
            {
              name: 'bookservicemirror',
              image: 'readymirroring/bookservice:v2',
              env: [{ name: 'VersionTag', value: options.mirror }],
            },
          ],
          ...options.deployment,
        },
      }),
    },
    traffic: {
      envoy: {
        configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
        liveCluster: 'bookservice',
        mirrorCluster: 'bookservicemirror',
        reload: { workload: { name: 'bookinfo-spa' } },
        ...options.envoy,
      },
      ...options.traffic,
    },
    telemetry: { logAnalytics: { workspaceId: options.workspaceId, ...options.logAnalytics } },
    analysis: { ...QUICK, ...options.analysis },
  };
}
