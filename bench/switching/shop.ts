import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { labImages } from '../../demo/lab/images.ts';
import { renderManifests } from '../../demo/lab/renderManifests.ts';
import { freePorts } from '../../demo/node/ports.ts';
import { startNode } from '../../demo/node/startNode.ts';
import { binaries } from '../../tools/binaries.ts';
import { watchedSidecar } from '../live/watchedSidecar.ts';
import type { Stage } from './stage.ts';

/** static: the bootstrap is read once, so the operator restarts Envoy; watched: Envoy follows the mounted files. */
export type Reload = 'static' | 'watched';

export interface Shop {
  readonly namespace: string;
  /** Origin of the front proxy's Service. */
  readonly url: string;
  /** Applies an experiment on a candidate that fails half of its reviews. */
  apply(experiment: string): Promise<void>;
  /** When the candidate got the experiment's copies: ms since the epoch, in order. */
  copies(experiment: string): Promise<readonly number[]>;
  /** As any change of its Deployment does; resolves when the old pod has ended. */
  replaceEnvoy(): Promise<void>;
  /** Whether a pod of the candidate runs. */
  hasCandidate(): boolean;
  stop(): Promise<void>;
}

/** How often the kubelet's stand-in projects ConfigMaps; a real one's takes up to about a minute. */
export const SYNC_MILLISECONDS = 100;

const ENVOY: Readonly<Record<Reload, object>> = {
  static: {
    configMap: { name: 'default-sidecar', key: 'envoy.yaml' },
    reload: { workload: { name: 'bookinfo-spa' } },
  },
  watched: { configMap: { name: 'default-sidecar', key: 'rds.yaml', clustersKey: 'cds.yaml' } },
};

/** Times as short as the resource allows, so that a verdict is there in seconds. */
const ANALYSIS = {
  ...{ intervalSeconds: 5, warmupSeconds: 0, settleSeconds: 2, minDurationSeconds: 5, deadlineSeconds: 90 },
  ...{ minRequests: 20, liveGuard: { enabled: false } },
};

/** The lab's bookstore behind Envoy in a namespace of its own, on a node of its own. */
export async function openShop(stage: Stage, reload: Reload): Promise<Shop> {
  const namespace = reload;
  const live = `V1MIR-${namespace}`;
  const directory = await mkdtemp(join(tmpdir(), 'bench-copies-'));
  const copiesFile = join(directory, 'copies');
  const candidate = {
    command: [process.execPath, fileURLToPath(new URL('./candidateProcess.ts', import.meta.url))],
    env: { BOOKSERVICE_IMAGE_VERSION: 'v4', COPIES_FILE: copiesFile },
  };
  const node = await startNode({
    kubeconfig: stage.kubeconfig,
    namespace,
    images: { ...labImages(binaries().envoy), 'readymirroring/bookservice:v4': candidate },
    configMapSyncMilliseconds: SYNC_MILLISECONDS,
  });
  const stop = async (): Promise<void> => {
    await node.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const [frontPort = 0, bookservicePort = 0, bookservicemirrorPort = 0] = await freePorts(3);
    const { connectionString } = stage.azure;
    const { dnsPort } = node;
    const ports = { frontPort, bookservicePort, bookservicemirrorPort, dnsPort };
    const manifests = await renderManifests({ ...ports, connectionString });
    const sidecar = { directory: '/etc/envoy', listenerPort: 8080, adminPort: 9901, dnsPort, bookservicePort };
    for (const { name, text } of manifests) {
      const chosen = name === 'default-sidecar.yaml' && reload === 'watched' ? await watchedSidecar(sidecar) : text;
      const own = chosen
        .replaceAll('V1MIR-BookService', live)
        .replaceAll('namespace: bookstore', `namespace: ${namespace}`)
        .replaceAll('name: bookstore\n', name === 'namespace.yaml' ? `name: ${namespace}\n` : 'name: bookstore\n');
      await stage.run(['apply', '-f', '-'], own);
    }
    for (const name of ['bookservice', 'bookinfo-spa']) {
      await stage.run(['-n', namespace, 'rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    }
    return {
      namespace,
      url: `http://127.0.0.1:${frontPort}`,
      apply: async (experiment) => {
        await stage.run(['apply', '-f', '-'], manifest(experiment));
      },
      copies: async (experiment) => {
        const lines = (await readFile(copiesFile, 'utf8').catch(missing)).split('\n').map((line) => line.split(' '));
        return lines.filter(([, name]) => name === experiment).map(([time]) => Number(time));
      },
      replaceEnvoy: async () => {
        await stage.run(['-n', namespace, 'rollout', 'restart', 'deployment/bookinfo-spa']);
        await stage.run(['-n', namespace, 'rollout', 'status', 'deployment/bookinfo-spa', '--timeout=60s']);
        while (node.pods().filter(({ labels }) => labels.app === 'bookinfo-spa').length > 1) await delay(50);
      },
      hasCandidate: () => node.pods().some(({ labels }) => labels.app === 'bookservicemirror'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }

  function manifest(experiment: string): string {
    const version = `V4MIR-${namespace}-${experiment}`;
    const env = [{ name: 'VersionTag', value: version }];
    const containers = [{ name: 'bookservice', image: 'readymirroring/bookservice:v4', env }];
    const deployment = { name: 'bookservicemirror', replicas: 1, containers };
    return JSON.stringify({
      apiVersion: 'mirroring.dev/v1alpha1',
      kind: 'MirrorExperiment',
      metadata: { name: experiment, namespace },
      spec: {
        live: { service: 'bookservice', version: live },
        mirror: { service: 'bookservicemirror', version, deployment },
        traffic: {
          envoy: { liveCluster: 'bookservice', mirrorCluster: 'bookservicemirror', ...ENVOY[reload] },
        },
        telemetry: { logAnalytics: { workspaceId: stage.azure.workspaceId } },
        analysis: ANALYSIS,
      },
    });
  }
}

/** Before the first copy. */
function missing(error: NodeJS.ErrnoException): string {
  if (error.code !== 'ENOENT') throw error;
  return '';
}
