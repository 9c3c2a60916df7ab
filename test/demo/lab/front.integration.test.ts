import http from 'node:http';
import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labImages } from '../../../demo/lab/images.ts';
import { startPoller } from '../../../demo/lab/poller.ts';
import { renderManifests } from '../../../demo/lab/renderManifests.ts';
import { freePorts } from '../../../demo/node/ports.ts';
import { type Node, startNode } from '../../../demo/node/startNode.ts';
import { binaries } from '../../../tools/binaries.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { kubectl } from '../../support/kubectl.ts';
import { clients, rolledOut } from '../node/workload.ts';
import { startIngestion } from '../support/ingestion.ts';
import { until } from '../support/until.ts';

/** A request that is under way for 0.7 s, so that some are whenever a pod ends. Resolves with its status or error. */
function slowUpload(origin: string): Promise<number | string> {
  return new Promise((resolve) => {
    const request = http.request(`${origin}/api/books`, { method: 'POST', agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    request.on('error', (error) => resolve(error.message));
    request.write('{"id":');
    setTimeout(() => request.end('1}'), 700);
  });
}

describe('the lab behind its Envoy', () => {
  const cluster = testCluster();
  const api = clients(cluster.kubeconfig);
  let namespace: string;
  let node: Node;
  let front: string;
  let mirrorPort: number;
  let ingestion: Awaited<ReturnType<typeof startIngestion>>;

  beforeEach(async () => {
    namespace = await testNamespace();
    ingestion = await startIngestion();
    node = await startNode({
      kubeconfig: cluster.kubeconfig,
      namespace,
      images: labImages(binaries().envoy),
      configMapSyncMilliseconds: 200,
    });
    const [frontPort = 0, bookservicePort = 0, bookservicemirrorPort = 0] = await freePorts(3);
    front = `http://127.0.0.1:${frontPort}`;
    mirrorPort = bookservicemirrorPort;
    const manifests = await renderManifests({
      frontPort,
      bookservicePort,
      bookservicemirrorPort,
      dnsPort: node.dnsPort,
      connectionString: ingestion.connectionString,
    });
    for (const { name, text } of manifests) {
      if (name === 'namespace.yaml') continue;
      const input = text.replaceAll('namespace: bookstore', `namespace: ${namespace}`);
      const applied = await kubectl(cluster.kubeconfig, ['apply', '-f', '-'], { input });
      expect(applied).toMatchObject({ code: 0, stderr: '' });
    }
    await Promise.all(
      ['bookinfo-spa', 'bookservice', 'bookservicemirror'].map((name) => rolledOut(api, namespace, name)),
    );
    await until('the front answers', () =>
      fetch(`${front}/api/books`).then(
        (response) => response.ok,
        () => false,
      ),
    );
  });
  afterEach(async () => {
    await node.stop();
    ingestion.close();
  });

  const restart = async (name: string) => {
    const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString() };
    await api.apps.patchNamespacedDeployment(
      { namespace, name, body: { spec: { template: { metadata: { annotations } } } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    await rolledOut(api, namespace, name);
    await until('only the new pod is left', () => {
      const pods = node.pods().filter((pod) => pod.labels.app === name);
      return pods.length === 1;
    });
  };

  it('restarts of the Envoy and of the live bookservice at 30 requests per second lose none', async () => {
    const before = node.pods().find((pod) => pod.labels.app === 'bookinfo-spa')?.name;
    const poller = startPoller({ url: front, requestsPerSecond: 30, maxSeconds: 60 });
    const uploads: Promise<number | string>[] = [];
    const upload = setInterval(() => uploads.length < 200 && uploads.push(slowUpload(front)), 200);
    await until('traffic flows', () => poller.counts().succeeded > 15);
    await restart('bookinfo-spa');
    await restart('bookservice');
    await restart('bookinfo-spa');
    const after = node.pods().find((pod) => pod.labels.app === 'bookinfo-spa')?.name;
    expect(after).not.toBe(before);
    clearInterval(upload);
    const counts = await poller.stop();
    expect(counts.failures).toEqual({});
    expect(counts.sent).toBeGreaterThan(100);
    const statuses = await Promise.all(uploads);
    expect(new Set(statuses)).toEqual(new Set([201]));
    await until('the telemetry is complete', () => ingestion.rows.length >= counts.sent + statuses.length, 5000);
    expect(new Set(ingestion.rows.map(({ versionTag }) => versionTag))).toEqual(new Set(['V1MIR-BookService']));
    expect(new Set(ingestion.rows.map(({ name }) => name))).toEqual(
      new Set(['GET Books/Get', 'GET Books/GetById', 'GET Reviews/Get', 'POST Books/Post']),
    );
  });

  it('copies what a mirror policy says to the candidate, which the node’s DNS finds by its Service', async () => {
    const configMap = await api.core.readNamespacedConfigMap({ namespace, name: 'default-sidecar' });
    const original = configMap.data?.['envoy.yaml'] ?? '';
    const text = original
      .replace(
        'timeout: 5s\n',
        'timeout: 5s\n                  request_mirror_policies: [{ cluster: bookservicemirror }]\n',
      )
      .concat(
        `  - { name: bookservicemirror, type: STRICT_DNS, dns_lookup_family: V4_ONLY, load_assignment: { cluster_name: m, ` +
          `endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: ` +
          `{ address: bookservicemirror.${namespace}.svc.cluster.local, port_value: ${mirrorPort} } } } }] }] } }\n`,
      );
    await api.core.replaceNamespacedConfigMap({
      namespace,
      name: 'default-sidecar',
      body: { ...configMap, data: { 'envoy.yaml': text } },
    });
    const containers = [
      {
        name: 'bookservice',
        image: 'readymirroring/bookservice:v4',
        env: [{ name: 'VersionTag', value: 'V4MIR-BookService' }],
      },
    ];
    await api.apps.patchNamespacedDeployment(
      { namespace, name: 'bookservicemirror', body: { spec: { replicas: 1, template: { spec: { containers } } } } },
      setHeaderOptions('Content-Type', PatchStrategy.StrategicMergePatch),
    );
    await rolledOut(api, namespace, 'bookservicemirror');
    await restart('bookinfo-spa');

    const counts = await startPoller({ url: front, requestsPerSecond: 30, maxSeconds: 30, maxRequests: 60 }).ended;
    expect(counts.failures).toEqual({});
    const live = ingestion.rows.filter(({ versionTag }) => versionTag === 'V1MIR-BookService');
    const reviews = () => live.filter(({ name }) => name === 'GET Reviews/Get');
    const mirror = () => ingestion.rows.filter(({ versionTag }) => versionTag === 'V4MIR-BookService');
    await until('every copy is in', () => {
      live.splice(0, live.length, ...ingestion.rows.filter(({ versionTag }) => versionTag === 'V1MIR-BookService'));
      return live.length >= counts.sent && mirror().length >= reviews().length;
    });
    expect(new Set(mirror().map(({ name }) => name))).toEqual(new Set(['GET Reviews/Get']));
    expect(new Set(mirror().map(({ resultCode }) => resultCode))).toEqual(new Set(['200', '500']));
    // Both copies carry the client's trace id.
    expect(new Set(mirror().map(({ operationId }) => operationId))).toEqual(
      new Set(reviews().map(({ operationId }) => operationId)),
    );
  });

  it('the object in the API carries no placeholder and is what the user wrote', async () => {
    const { data } = await api.core.readNamespacedConfigMap({ namespace, name: 'default-sidecar' });
    expect(data?.['envoy.yaml']).not.toMatch(/__|\{\{|\$\{/);
    expect(data?.['envoy.yaml']).toContain('# reviews are the slow part of the shop: give up early');
  });
});
