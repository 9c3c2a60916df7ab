/** A MirrorExperiment that the API server accepts. */
export function experiment(name: string, metadata: Record<string, unknown> = {}) {
  return {
    apiVersion: 'mirroring.dev/v1alpha1',
    kind: 'MirrorExperiment',
    metadata: { ...metadata, name },
    spec: {
      live: { service: 'bookservice', version: 'V1MIR-BookService' },
      mirror: { service: 'bookservicemirror', version: 'V2MIR-BookService' },
      traffic: {
        envoy: {
          configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
          liveCluster: 'bookservice',
          mirrorCluster: 'bookservicemirror',
        },
      },
      telemetry: { logAnalytics: { workspaceId: '00000000-0000-0000-0000-000000000000' } },
    },
  };
}
