import { Resolver } from 'node:dns/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../demo/node/ports.ts';
import { type Node, startNode } from '../../../demo/node/startNode.ts';
import { testCluster, testNamespace } from '../../support/apiServer.ts';
import { until } from '../support/until.ts';
import { clients, deployment, images, rolledOut } from './workload.ts';

describe('Services on the node', () => {
  const cluster = testCluster();
  const api = clients(cluster.kubeconfig);
  let namespace: string;
  let node: Node;
  let port: number;

  beforeEach(async () => {
    namespace = await testNamespace();
    node = await startNode({ kubeconfig: cluster.kubeconfig, namespace, images });
    port = await freePort();
    await api.core.createNamespacedService({
      namespace,
      body: { metadata: { name: 'shop' }, spec: { selector: { app: 'shop' }, ports: [{ port, targetPort: 8080 }] } },
    });
  });
  afterEach(() => node.stop());
  const get = () => fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } });

  it('spreads connections over the ready pods, and resets them when there is none', async () => {
    await until('the Service listens', () =>
      get().then(
        () => false,
        (error: Error) => String(error.cause).includes('ECONNRESET') || /other side closed/.test(String(error.cause)),
      ),
    );
    for (const [name, image] of [
      ['one', 'shop:1'],
      ['two', 'shop:2'],
    ] as const) {
      const body = deployment(name, image);
      // Both carry the label that the Service selects.
      const labels = { app: 'shop', name };
      body.spec = {
        ...body.spec,
        selector: { matchLabels: labels },
        template: { ...body.spec?.template, metadata: { labels } },
      };
      await api.apps.createNamespacedDeployment({ namespace, body });
      await rolledOut(api, namespace, name);
    }
    const answers = await Promise.all(Array.from({ length: 10 }, async () => (await get()).text()));
    expect(answers.filter((answer) => answer === 'one')).toHaveLength(5);
    expect(answers.filter((answer) => answer === 'two')).toHaveLength(5);
  });

  it('a deleted Service listens no more and has no name', async () => {
    await api.apps.createNamespacedDeployment({ namespace, body: deployment('shop', 'shop:1') });
    await rolledOut(api, namespace, 'shop');
    expect((await get()).status).toBe(200);
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`127.0.0.1:${node.dnsPort}`]);
    expect(await resolver.resolve4('shop')).toEqual(['127.0.0.1']);
    await api.core.deleteNamespacedService({ namespace, name: 'shop' });
    await until('the port is closed', () =>
      get().then(
        () => false,
        (error: Error) => String(error.cause).includes('ECONNREFUSED'),
      ),
    );
    await expect(resolver.resolve4('shop')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('answers the names of Services as the cluster’s DNS does', async () => {
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`127.0.0.1:${node.dnsPort}`]);
    await until('the Service is known', () => resolver.resolve4('shop').catch(() => false));
    for (const suffix of ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`]) {
      expect(await resolver.resolve4(`shop${suffix}`, { ttl: true })).toEqual([{ address: '127.0.0.1', ttl: 5 }]);
    }
    expect(await resolver.resolve4('SHOP')).toEqual(['127.0.0.1']);
    await expect(resolver.resolve6('shop')).rejects.toMatchObject({ code: 'ENODATA' });
    for (const unknown of ['nowhere', 'shop.other', 'shop.default.svc.cluster.local', 'a.shop', 'example.com']) {
      await expect(resolver.resolve4(unknown), unknown).rejects.toMatchObject({ code: 'ENOTFOUND' });
    }
  });
});
