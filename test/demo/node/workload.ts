import { AppsV1Api, CoreV1Api, KubeConfig, type V1Deployment, type V1PodSpec } from '@kubernetes/client-node';
import type { Images } from '../../../demo/node/startNode.ts';
import { until } from '../support/until.ts';

/** A program that answers with VERSION, and after DELAY ms on /slow; it ends gracefully. */
const program = `
const http = require('node:http');
const server = http.createServer((request, response) => {
  const answer = () => response.end(process.env.VERSION);
  if (request.url === '/slow') setTimeout(answer, 1500);
  else if (request.url === '/exit') process.exit(3);
  else answer();
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const command = [process.execPath, '-e', program];

export const images: Images = {
  'shop:1': { command, env: { VERSION: 'one' }, readiness: { path: '/' } },
  'shop:2': { command, env: { VERSION: 'two' }, readiness: { path: '/' } },
  'shop:stubborn': {
    // Ready, and so to be ended, only when it ignores the signal.
    command: [
      process.execPath,
      '-e',
      "process.on('SIGTERM', () => {}); require('http').createServer((_, r) => r.end()).listen(process.env.PORT, '127.0.0.1')",
    ],
    readiness: { path: '/' },
  },
  'shop:crash': { command: [process.execPath, '-e', 'process.exit(7)'] },
};

export function clients(kubeconfig: string) {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return { apps: kubeConfig.makeApiClient(AppsV1Api), core: kubeConfig.makeApiClient(CoreV1Api) };
}

export type Clients = ReturnType<typeof clients>;

export function deployment(
  name: string,
  image: string,
  { replicas = 1, podSpec = {}, spec = {} }: { replicas?: number; podSpec?: Partial<V1PodSpec>; spec?: object } = {},
): V1Deployment {
  return {
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'shop', image, ports: [{ name: 'http', containerPort: 8080 }] }], ...podSpec },
      },
      ...spec,
    },
  };
}

/** Awaits what `kubectl rollout status` awaits. */
export function rolledOut({ apps }: Clients, namespace: string, name: string): Promise<V1Deployment> {
  return until(`rollout of ${name}`, async () => {
    const found = await apps.readNamespacedDeployment({ namespace, name });
    const { replicas = 1 } = found.spec ?? {};
    const status = found.status ?? {};
    return (
      status.observedGeneration === found.metadata?.generation &&
      (status.updatedReplicas ?? 0) === replicas &&
      (status.replicas ?? 0) === replicas &&
      (status.availableReplicas ?? 0) === replicas &&
      found
    );
  });
}

export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
