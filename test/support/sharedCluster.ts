import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { type ApiServer, startApiServer } from '../../tools/apiServer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cluster: {
      server: string;
      kubeconfig: string;
      /** Makes users: the authority that signs their certificates is in the process that started the cluster. */
      usersUrl: string;
    };
  }
}

/** Vitest's global set-up of the integration project: one API server for all its files, started only when one of them runs. */
export default async function startSharedCluster(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startApiServer();
  const users = createServer((request, response) => {
    addUser(cluster, request).then(
      (kubeconfig) => response.end(kubeconfig),
      (error: unknown) => response.writeHead(400).end(String(error)),
    );
  });
  users.listen(0, '127.0.0.1');
  await once(users, 'listening');
  const address = users.address();
  if (address === null || typeof address === 'string') throw new Error('the user service has no port');
  const { server, kubeconfig } = cluster;
  project.provide('cluster', { server, kubeconfig, usersUrl: `http://127.0.0.1:${address.port}/` });
  return async () => {
    users.closeAllConnections();
    users.close();
    await cluster.stop();
  };
}

async function addUser(cluster: ApiServer, request: IncomingMessage): Promise<string> {
  const { name, groups }: { name: string; groups: string[] } = JSON.parse(await text(request));
  return cluster.addUser(name, groups);
}
