import { createServer } from 'node:net';
import { labImages } from '../../demo/lab/images.ts';
import { type Poller, startPoller } from '../../demo/lab/poller.ts';
import { renderManifests } from '../../demo/lab/renderManifests.ts';
import { type Images, startNode } from '../../demo/node/startNode.ts';
import { isRecord, recordAt } from '../../src/core/kubernetes/fields.ts';
import { binaries } from '../../tools/binaries.ts';
import { kubectl } from '../../tools/kubectl.ts';
import type { OperatorStage } from './operatorStage.ts';

/** The lab as it really runs: the bookservice and Envoy as processes, live traffic through Envoy, telemetry by the SDK. */

const NAMESPACE = 'bookstore';
const REQUESTS_PER_SECOND = 60;
/** The traffic ends by itself after this. */
const MAX_SECONDS = 900;
const TARGETS = ['configmap/default-sidecar', 'deployment/bookinfo-spa', 'deployment/bookservicemirror'];

export type Bookstore = Awaited<ReturnType<typeof openBookstore>>;

/** @param candidates further images of the candidate by tag: programs to start after `node` */
export async function openBookstore(stage: OperatorStage, candidates: Readonly<Record<string, readonly string[]>>) {
  const { kubeconfig } = stage.server;
  const run = async (args: readonly string[], input?: string): Promise<string> => {
    const result = await kubectl(kubeconfig, args, { timeout: 120_000, ...(input !== undefined && { input }) });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  };
  const more: Images = Object.fromEntries(
    Object.entries(candidates).map(([tag, args]) => [
      `readymirroring/bookservice:${tag}`,
      { command: [process.execPath, ...args], env: { BOOKSERVICE_IMAGE_VERSION: 'v2' } },
    ]),
  );
  const node = await startNode({
    kubeconfig,
    namespace: NAMESPACE,
    images: { ...(labImages(binaries().envoy) as Record<string, never>), ...more },
    configMapSyncMilliseconds: 1000,
    restartBackoffMilliseconds: 1000,
  });
  let poller: Poller | undefined;
  const stop = async () => {
    await poller?.stop();
    await node.stop();
  };
  try {
    const [frontPort = 0, bookservicePort = 0, bookservicemirrorPort = 0] = await freePorts(3);
    const { connectionString } = stage.azure;
    const ports = { frontPort, bookservicePort, bookservicemirrorPort, dnsPort: node.dnsPort };
    for (const { text } of await renderManifests({ ...ports, connectionString })) await run(['apply', '-f', '-'], text);
    for (const name of ['bookservice', 'bookinfo-spa']) {
      await run(['-n', NAMESPACE, 'rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    }
    const url = `http://127.0.0.1:${frontPort}`;
    poller = startPoller({ url, requestsPerSecond: REQUESTS_PER_SECOND, maxSeconds: MAX_SECONDS });
    return { run, bookservicemirrorPort, poller, targets, apply, complete, stop };
  } catch (error) {
    await stop();
    throw error;
  }

  async function read(args: readonly string[]): Promise<Record<string, unknown>> {
    const object: unknown = JSON.parse(await run(['-n', NAMESPACE, 'get', ...args, '-o', 'json']));
    if (!isRecord(object)) throw new Error(`${args.join(' ')} is no object`);
    return object;
  }

  /** Spec, data and annotations as they are written, without what controllers count. */
  async function targets(): Promise<readonly object[]> {
    const objects = await Promise.all(TARGETS.map((name) => read([name])));
    return objects.map(({ spec, data, metadata }) => {
      const { 'deployment.kubernetes.io/revision': _, ...annotations } = recordAt(metadata, 'annotations') ?? {};
      return { spec, data, annotations };
    });
  }

  async function apply(name: string, tag: string, analysis: object): Promise<void> {
    const version = `${name}-BookService`;
    const containers = [
      {
        name: 'bookservice',
        image: `readymirroring/bookservice:${tag}`,
        env: [{ name: 'VersionTag', value: version }],
      },
    ];
    const spec = {
      live: { service: 'bookservice', version: 'V1MIR-BookService' },
      mirror: {
        service: 'bookservicemirror',
        version,
        deployment: { name: 'bookservicemirror', replicas: 1, containers },
      },
      traffic: {
        envoy: {
          configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
          liveCluster: 'bookservice',
          mirrorCluster: 'bookservicemirror',
          reload: { workload: { name: 'bookinfo-spa' } },
        },
      },
      telemetry: { logAnalytics: { workspaceId: stage.azure.workspaceId } },
      analysis,
    };
    const metadata = { name, namespace: NAMESPACE };
    const object = { apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata, spec };
    await run(['apply', '-f', '-'], JSON.stringify(object));
  }

  /** Awaits the end of an experiment; its status. */
  async function complete(name: string, seconds: number): Promise<Record<string, unknown>> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const status = recordAt(await read([`mexp/${name}`]), 'status');
      if (status?.completionTime !== undefined) return status;
      if (Date.now() > deadline)
        throw new Error(`not complete within ${seconds} s: ${JSON.stringify(status, null, 1)}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

/** The lab's server, to be imported by a program that changes something before. */
export const BOOKSERVICE = new URL('../../demo/lab/bookservice/server.ts', import.meta.url).href;

/** Ports of 127.0.0.1 that nobody listens on. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
