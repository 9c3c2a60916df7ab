import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../tools/apiServer.ts';
import { binaries } from '../tools/binaries.ts';
import { kubectl } from '../tools/kubectl.ts';
import { type AzureMonitor, startAzureMonitor } from './azure-monitor/index.ts';
import { labImages } from './lab/images.ts';
import { renderManifests } from './lab/renderManifests.ts';
import type { Narrator } from './narrator.ts';
import { type Node, startNode } from './node/startNode.ts';
import { OPERATOR_NAMESPACE } from './operatorEnvironment.ts';
import { operatorImages } from './operatorPod.ts';

export interface Stage {
  readonly kubeconfig: string;
  readonly azure: AzureMonitor;
  /** Origin of the front proxy. */
  readonly frontUrl: string;
  /** Where the pods' logs are. */
  readonly logs: readonly string[];
  /** Runs kubectl; throws when it fails. */
  kubectl(args: readonly string[], input?: string): Promise<string>;
  stop(): Promise<void>;
}

const NAMESPACE = 'bookstore';

/** Everything that the lab needs, up and ready: cluster, operator, bookstore, telemetry. */
export async function setStage(narrator: Narrator): Promise<Stage> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'mirror-experiment-demo-'));
    closers.push(() => rm(directory, { recursive: true, force: true }));
    const [azure, cluster] = await Promise.all([startAzureMonitor(), startApiServer({ crds: false })]);
    closers.push(
      () => azure.close(),
      () => cluster.stop(),
    );
    narrator.say('etcd and kube-apiserver are up, and the stand-in for Azure Monitor');
    const run = runner(cluster);

    await run(['apply', '-k', join(import.meta.dirname, '..', 'deploy')]);
    await run(['wait', '--for=condition=Established', 'crd/mirrorexperiments.mirroring.dev', '--timeout=30s']);
    const images = await operatorImages(cluster.kubeconfig, azure, directory);
    const operatorNode = await startNode({ kubeconfig: cluster.kubeconfig, namespace: OPERATOR_NAMESPACE, images });
    closers.push(() => operatorNode.stop());

    const labNode = await startNode({
      kubeconfig: cluster.kubeconfig,
      namespace: NAMESPACE,
      images: labImages(binaries().envoy),
      configMapSyncMilliseconds: 1000,
    });
    closers.push(() => labNode.stop());
    const [frontPort, bookservicePort, bookservicemirrorPort] = await freePorts();
    const manifests = await renderManifests({
      frontPort,
      bookservicePort,
      bookservicemirrorPort,
      dnsPort: labNode.dnsPort,
      connectionString: azure.connectionString,
    });
    for (const manifest of manifests) await run(['apply', '-f', '-'], manifest.text);
    await Promise.all([
      rollout(run, NAMESPACE, 'bookservice'),
      rollout(run, NAMESPACE, 'bookinfo-spa'),
      rollout(run, OPERATOR_NAMESPACE, 'mirror-experiment'),
    ]);
    narrator.say('the operator runs from deploy/ as its own ServiceAccount; the bookstore runs behind Envoy');
    return {
      kubeconfig: cluster.kubeconfig,
      azure,
      frontUrl: `http://127.0.0.1:${frontPort}`,
      logs: [operatorNode, labNode].map((node: Node) => join(node.directory, 'logs')),
      kubectl: run,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function runner(cluster: ApiServer): Stage['kubectl'] {
  return async (args, input) => {
    const result = await kubectl(cluster.kubeconfig, args, { timeout: 120_000, ...(input !== undefined && { input }) });
    if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  };
}

async function rollout(run: Stage['kubectl'], namespace: string, name: string): Promise<void> {
  await run(['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=60s']);
}

/** Three ports of 127.0.0.1 that nobody listens on, found by listening on all three at once. */
async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()];
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
  const [a = 0, b = 0, c = 0] = ports;
  return [a, b, c];
}
