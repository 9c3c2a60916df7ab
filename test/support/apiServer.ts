import { randomBytes } from 'node:crypto';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { inject } from 'vitest';

export { type ApiServer, startApiServer } from '../../tools/apiServer.ts';

export interface Cluster {
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** A user whom the server knows by a client certificate, without any right: path of the user's kubeconfig. */
  addUser(name: string, groups?: readonly string[]): Promise<string>;
}

/**
 * The API server that all integration tests share, with the definitions in crds/ installed. There are no controllers: pods
 * are not made, owners' dependents not collected, deleted namespaces not emptied. Do not stop it; a test that needs to
 * uses startApiServer().
 */
export function testCluster(): Cluster {
  const { server, kubeconfig, usersUrl } = inject('cluster');
  return {
    server,
    kubeconfig,
    addUser: async (name, groups = []) => {
      const response = await fetch(usersUrl, { method: 'POST', body: JSON.stringify({ name, groups }) });
      const body = await response.text();
      if (!response.ok) throw new Error(`cannot add the user ${name}: ${body}`);
      return body;
    },
  };
}

/** Makes a namespace of its own for a test, on the shared cluster by default. It is left behind: no controller empties it. */
export async function testNamespace(cluster: Pick<Cluster, 'kubeconfig'> = testCluster()): Promise<string> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(cluster.kubeconfig);
  const name = `test-${randomBytes(5).toString('hex')}`;
  await kubeConfig.makeApiClient(CoreV1Api).createNamespace({ body: { metadata: { name } } });
  return name;
}
