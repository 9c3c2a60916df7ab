import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { startDns } from '../../demo/node/dns.ts';
import { projectFiles } from '../../demo/node/projection.ts';
import { stringAt } from '../../src/core/kubernetes/fields.ts';
import type { KubernetesObject } from '../../src/core/kubernetes/object.ts';
import { expectedVersion } from '../../src/core/mirror/envoy/version.ts';
import { startEnvoy, until } from '../../test/support/envoy.ts';
import { watchedSidecar } from '../live/watchedSidecar.ts';

export type FrontProxy = Awaited<ReturnType<typeof startProxy>>;

/** A real Envoy, of one thread, that watches its routes and clusters in what a kubelet would have mounted. */
export async function startProxy(bookservicePort: number) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-proxy-'));
  const dns = await startDns('bookstore', (name) => name === 'bookservice' || name === 'bookservicemirror');
  const volume = join(directory, 'volume');
  const yaml = await watchedSidecar({
    ...{ directory: volume, listenerPort: 0, adminPort: 0 },
    ...{ dnsPort: dns.port, bookservicePort },
  });
  const object: KubernetesObject = parse(yaml);
  const configMap = { ...object, metadata: { ...object.metadata, uid: 'configmap', resourceVersion: '1' } };
  await project(configMap);
  const boot = join(directory, 'boot');
  await mkdir(boot);
  await writeFile(join(boot, 'envoy.yaml'), textOf(configMap, 'envoy.yaml'));
  const envoy = await startEnvoy(join(boot, 'envoy.yaml')).catch(async (error: unknown) => {
    await dns.stop();
    throw error;
  });
  return {
    /** The ConfigMap as it is without a mirror. */
    configMap,
    url: `http://127.0.0.1:${await envoy.listenerPort('front')}`,
    project,
    /** Projects it, and waits until Envoy says that it has it. */
    async apply(wanted: KubernetesObject): Promise<void> {
      await project(wanted);
      await until('Envoy has taken its files', async () => {
        const routes = await envoy.stat('http.front.rds.bookstore.version_text');
        const clusters = await envoy.stat('cluster_manager.cds.version_text');
        return (
          routes === expectedVersion(textOf(wanted, 'rds.yaml')) &&
          clusters === expectedVersion(textOf(wanted, 'cds.yaml'))
        );
      });
    },
    /** A statistic of the mirror cluster that the operator adds; 0 where there is none. */
    async mirrorStat(name: string): Promise<number> {
      return Number((await envoy.stat(`cluster.bookservicemirror.${name}`)) ?? 0);
    },
    async stop(): Promise<void> {
      await envoy.stop();
      await dns.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };

  async function project(wanted: KubernetesObject): Promise<void> {
    const files = ['envoy.yaml', 'rds.yaml', 'cds.yaml'].map((key) => [key, Buffer.from(textOf(wanted, key))] as const);
    await projectFiles(volume, new Map(files));
  }
}

function textOf({ data }: KubernetesObject, key: string): string {
  const text = stringAt(data, key);
  if (text === undefined) throw new Error(`the ConfigMap has no ${key}`);
  return text;
}
