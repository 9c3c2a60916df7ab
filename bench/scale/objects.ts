/** Experiments and what they are about, as people would apply them. */

const PER_NAMESPACE = 50;

export function namespaceOf(index: number): string {
  return `bench-${Math.floor(index / PER_NAMESPACE)}`;
}

export function nameOf(index: number): string {
  return `experiment-${index}`;
}

function liveVersion(index: number): string {
  return `live-${index}`;
}

/** Without the experiment; each as the path of its collection and its body. */
export function targets(index: number): readonly { readonly path: string; readonly body: object }[] {
  const namespace = namespaceOf(index);
  const name = nameOf(index);
  const core = `/api/v1/namespaces/${namespace}`;
  return [
    { path: `${core}/services`, body: service(name) },
    { path: `${core}/configmaps`, body: { metadata: { name }, data: { 'envoy.yaml': ENVOY } } },
    { path: `/apis/apps/v1/namespaces/${namespace}/deployments`, body: deployment(name) },
    { path: `/apis/apps/v1/namespaces/${namespace}/deployments`, body: deployment(`front-${index}`) },
  ];
}

/** What a namespace has once: the live Service. */
export function shared(namespace: string): readonly { readonly path: string; readonly body: object }[] {
  return [
    { path: '/api/v1/namespaces', body: { metadata: { name: namespace } } },
    { path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body: { metadata: { name: 'default' } } },
    { path: `/api/v1/namespaces/${namespace}/services`, body: service('bookservice') },
  ];
}

export function experiment(index: number, workspaceId: string, intervalSeconds: number): object {
  const name = nameOf(index);
  return {
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { name },
    spec: {
      live: { service: 'bookservice', version: liveVersion(index) },
      mirror: {
        service: name,
        version: `mirror-${index}`,
        deployment: {
          name,
          replicas: 1,
          containers: [
            {
              ...{ name: 'app', image: 'readymirroring/bookservice:v2' },
              env: [{ name: 'VersionTag', value: `mirror-${index}` }],
            },
          ],
        },
      },
      traffic: {
        envoy: {
          ...{ configMap: { name, key: 'envoy.yaml' }, liveCluster: 'bookservice', mirrorCluster: name },
          reload: { workload: { name: `front-${index}` } },
        },
      },
      telemetry: { logAnalytics: { workspaceId } },
      // They go on for the whole measurement.
      analysis: {
        ...{ intervalSeconds, warmupSeconds: 0, settleSeconds: 5, minDurationSeconds: 7000, deadlineSeconds: 7200 },
      },
    },
  };
}

function service(name: string): object {
  return { metadata: { name }, spec: { clusterIP: 'None', selector: { app: name }, ports: [{ port: 80 }] } };
}

function deployment(name: string): object {
  return {
    metadata: { name, labels: { app: name } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'readymirroring/bookservice:v1' }] },
      },
    },
  };
}

const ENVOY = `# The front proxy.
static_resources:
  listeners:
  - name: front
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
                route: {cluster: bookservice, timeout: 15s}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
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
