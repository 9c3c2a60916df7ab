import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../../src/core/kubernetes/object.ts';
import { planMirrorAnew, planMirrorOn } from '../../../../src/core/mirror/configMap.ts';
import { removeMirror } from '../../../../src/core/mirror/envoy/removeMirror.ts';
import type { MirrorIntent } from '../../../../src/core/mirror/envoy/types.ts';
import { expectedVersion } from '../../../../src/core/mirror/envoy/version.ts';
import { readJournal } from '../../../../src/core/mirror/journal.ts';
import { planMirrorOff } from '../../../../src/core/mirror/mirrorOff.ts';
import { type RunningEnvoy, startEnvoy, until } from '../../../support/envoy.ts';
import { applyJsonPatch } from '../../../support/jsonPatch.ts';
import { intentOf, patched } from './support.ts';
import { closeClient, send, sendMany, startUpstream, type Upstream } from './upstreams.ts';

const CLUSTER_TYPE = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const ROUTE_TYPE = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';

let directory: string;
let live: Upstream;
let mirror: Upstream;
let envoy: RunningEnvoy | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'envoy-mirrors-'));
  live = await startUpstream();
  mirror = await startUpstream();
});

afterEach(async () => {
  closeClient();
  await envoy?.stop();
  envoy = undefined;
  await live.close();
  await mirror.close();
  await rm(directory, { recursive: true, force: true });
});

function intent(changes: Partial<MirrorIntent> = {}): MirrorIntent {
  return intentOf({
    mirrorAddress: { host: '127.0.0.1', port: mirror.port },
    mark: { header: 'x-mirror', value: '100% "sure"' },
    ...changes,
  });
}

describe('files that Envoy watches, in a ConfigMap mount', () => {
  test('copies flow with the mirror and end without it, and no live request fails', { timeout: 120_000 }, async () => {
    const original = { 'rds.yaml': rds(), 'cds.yaml': cds(live.port) };
    const running = await startWatching(original);
    const port = await running.listenerPort('ingress');
    const mirrored = patched(
      {
        routes: { key: 'rds.yaml', text: original['rds.yaml'] },
        clusters: { key: 'cds.yaml', text: original['cds.yaml'] },
      },
      intent({ reload: 'watch', percent: 25, methods: ['GET', 'HEAD'] }),
    );
    const restored = removeMirror(mirrored.files, mirrored.edits);
    expect(restored).toEqual({ kind: 'restored', files: original });

    const background = startLoad(port);
    expect(await sendMany(100, port, 'GET', '/books/before')).toEqual(Array(100).fill(200));
    expect(mirror.seen).toEqual([]);

    await project(mirrored.files);
    await untilTaken(running, mirrored.files);
    const host = { host: 'books.example.com', 'x-mirror': 'from the client' };
    expect(await sendMany(2000, port, 'GET', '/books/during', host)).toEqual(Array(2000).fill(200));
    expect(await sendMany(100, port, 'POST', '/books/during', host)).toEqual(Array(100).fill(200));
    expect(await sendMany(100, port, 'GET', '/others', host)).toEqual(Array(100).fill(404));
    await untilSettled(running);

    const during = mirror.seen.filter(({ path }) => path === '/books/during');
    // 2000 requests at 25 %: 500, and a standard deviation of 19; six of them are missed once in 5 × 10^8 runs.
    expect(during.length).toBeGreaterThan(500 - 6 * 19.4);
    expect(during.length).toBeLessThan(500 + 6 * 19.4);
    expect(new Set(mirror.seen.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(new Set(during.map(({ headers }) => headers.host))).toEqual(new Set(['books.example.com']));
    expect(new Set(mirror.seen.map(({ headers }) => headers['x-mirror']))).toEqual(new Set(['100% "sure"']));
    const liveMarks = live.seen.map(({ headers }) => headers['x-mirror']);
    expect(new Set(liveMarks)).toEqual(new Set([undefined, 'from the client']));

    await project(original);
    await untilTaken(running, original);
    expect(await sendMany(300, port, 'GET', '/books/after')).toEqual(Array(300).fill(200));
    expect(mirror.seen.filter(({ path }) => path === '/books/after')).toEqual([]);

    for (let toggle = 0; toggle < 6; toggle++) {
      const files = toggle % 2 === 0 ? mirrored.files : original;
      await project(files);
      await untilTaken(running, files);
    }
    const statuses = await background.stop();
    expect(statuses.length).toBeGreaterThan(100);
    expect(new Set(statuses)).toEqual(new Set([200]));
    for (const subscription of ['http.ingress.rds.local_route', 'cluster_manager.cds']) {
      expect(await running.stat(`${subscription}.update_rejected`)).toBe('0');
      expect(await running.stat(`${subscription}.update_failure`)).toBe('0');
    }
  });

  test('each step of a ramp copies its share, none fails a live request, and the end is the beginning', async () => {
    const original = { 'rds.yaml': rds(), 'cds.yaml': cds(live.port) };
    const running = await startWatching(original);
    const port = await running.listenerPort('ingress');
    const background = startLoad(port);
    const keys = { key: 'rds.yaml', clustersKey: 'cds.yaml' };
    const owner = { namespace: 'shop', name: 'x', uid: 'u', generation: 1 };
    const metadata = { name: 'proxy', namespace: 'shop', uid: 'c', resourceVersion: '1' };
    const before: KubernetesObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: original };
    let configMap = before;
    for (const [step, percent] of [5, 25, 100].entries()) {
      const wanted = intent({ reload: 'watch', percent });
      const plan =
        step === 0
          ? planMirrorOn(configMap, keys, wanted, owner, { percent })
          : planMirrorAnew(configMap, filesOf(configMap), keys, wanted, owner, { percent });
      if (plan.kind !== 'patch') throw new Error(plan.message);
      configMap = applyJsonPatch(configMap, plan.operations);
      const files = configMap.data as Record<string, string>;
      await project(files);
      await untilTaken(running, files);
      const path = `/books/at-${percent}`;
      expect(await sendMany(2000, port, 'GET', path)).toEqual(Array(2000).fill(200));
      await untilSettled(running);
      const copies = mirror.seen.filter((request) => request.path === path).length;
      // Six standard deviations: missed once in 5 × 10^8 runs.
      const tolerated = 6 * Math.sqrt(20 * percent * (1 - percent / 100));
      expect(Math.abs(copies - 20 * percent)).toBeLessThanOrEqual(tolerated);
    }
    const off = planMirrorOff(configMap, filesOf(configMap), owner.name);
    configMap = applyJsonPatch(configMap, off.operations);
    expect(configMap).toEqual(before);
    await project(original);
    await untilTaken(running, original);
    expect(await sendMany(300, port, 'GET', '/books/after')).toEqual(Array(300).fill(200));
    expect(mirror.seen.filter(({ path }) => path === '/books/after')).toEqual([]);
    expect(new Set(await background.stop())).toEqual(new Set([200]));
  }, 120_000);

  test('Envoy rejects validated routes whose mirror cluster it has not read yet', async () => {
    // Why such files are refused: it does not try again when the cluster comes.
    const strict = rds().replace('  name: local_route\n', '  name: local_route\n  validate_clusters: true\n');
    const original = { 'rds.yaml': strict, 'cds.yaml': cds(live.port) };
    const running = await startWatching(original);
    const mirrored = patched(
      {
        routes: { key: 'rds.yaml', text: strict.replace('true', 'false') },
        clusters: { key: 'cds.yaml', text: original['cds.yaml'] },
      },
      intent({ reload: 'watch' }),
    );
    const routes = (mirrored.files['rds.yaml'] ?? '').replace('validate_clusters: false', 'validate_clusters: true');
    await project({ ...original, 'rds.yaml': routes });
    await until('the routes are rejected', async () => {
      return (await running.stat('http.ingress.rds.local_route.update_rejected')) === '1';
    });
    expect(running.log()).toContain("unknown shadow cluster 'bookservicemirror'");
  });
});

describe('a static bootstrap', () => {
  test('at 100 % every request of the methods is copied once, and no other', async () => {
    const text = bootstrap(live.port);
    const file = join(directory, 'envoy.yaml');
    await writeFile(file, patched({ routes: { key: 'x', text } }, intent({ percent: 100 })).files.x ?? '');
    envoy = await startEnvoy(file);
    const port = await envoy.listenerPort('ingress');
    for (const method of ['GET', 'OPTIONS', 'POST', 'DELETE']) {
      expect(await sendMany(50, port, method, `/books/${method}`)).toEqual(Array(50).fill(200));
    }
    await untilSettled(envoy);
    expect(mirror.seen.map(({ method }) => method).sort()).toEqual([
      ...Array(50).fill('GET'),
      ...Array(50).fill('OPTIONS'),
    ]);
    expect(live.seen).toHaveLength(200);
  });

  test('a mirror that never reads holds a large upload back only for as long as a copy may live', async () => {
    const silent = await startUpstream(false);
    try {
      const file = join(directory, 'envoy.yaml');
      const address = { host: '127.0.0.1', port: silent.port };
      const choice = intent({ percent: 100, methods: ['*'], mirrorAddress: address, maxStreamDurationSeconds: 1 });
      await writeFile(file, patched({ routes: { key: 'x', text: bootstrap(live.port) } }, choice).files.x ?? '');
      envoy = await startEnvoy(file);
      const port = await envoy.listenerPort('ingress');
      // Without the bound this waits for the stream's idle timeout of 300 s and gets a 408.
      expect(await send(port, 'POST', '/books', {}, 'x'.repeat(16_000_000))).toBe(200);
      expect(silent.seen).toHaveLength(1);
      expect(await envoy.stat('cluster.bookservicemirror.upstream_rq_max_duration_reached')).toBe('1');
    } finally {
      await silent.close();
    }
  });
});

/** Writes the files as the kubelet does: into a new directory, which a symbolic link then points at. */
async function project(files: Record<string, string>): Promise<void> {
  const version = await mkdtemp(join(directory, '..version-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(version, name), text);
  await symlink(version, join(directory, '..data_tmp'));
  await rename(join(directory, '..data_tmp'), join(directory, '..data'));
}

async function startWatching(files: Record<string, string>): Promise<RunningEnvoy> {
  await project(files);
  for (const name of Object.keys(files)) await symlink(join('..data', name), join(directory, name));
  const boot = await mkdtemp(join(directory, 'boot-'));
  await mkdir(boot, { recursive: true });
  await writeFile(join(boot, 'envoy.yaml'), watchingBootstrap(directory));
  envoy = await startEnvoy(join(boot, 'envoy.yaml'));
  await untilTaken(envoy, files);
  return envoy;
}

/** Until Envoy reports the versions of both files. */
async function untilTaken(running: RunningEnvoy, files: Record<string, string>): Promise<void> {
  await until('Envoy has taken the files', async () => {
    const routes = await running.stat('http.ingress.rds.local_route.version_text');
    const clusters = await running.stat('cluster_manager.cds.version_text');
    return routes === expectedVersion(files['rds.yaml'] ?? '') && clusters === expectedVersion(files['cds.yaml'] ?? '');
  });
}

/** Until no copy is on its way. */
async function untilSettled(running: RunningEnvoy): Promise<void> {
  await until('all copies have arrived', async () => {
    const active = await running.stat('cluster.bookservicemirror.upstream_rq_active');
    return active === undefined || active === '0';
  });
}

/** Requests in the background, bounded in number. */
function startLoad(port: number): { stop(): Promise<number[]> } {
  const statuses: number[] = [];
  let stopped = false;
  const work = async (): Promise<void> => {
    for (let count = 0; count < 20_000 && !stopped; count++)
      statuses.push(await send(port, 'GET', '/books/background'));
  };
  const workers = Promise.all([work(), work()]);
  return {
    stop: async () => {
      stopped = true;
      await workers;
      return statuses;
    },
  };
}

function rds(): string {
  return `version_info: "1"
resources:
- "@type": ${ROUTE_TYPE}
  name: local_route
  virtual_hosts:
  - name: books
    domains: ["*"]
    routes:
    # the service under test
    - match: {prefix: /books}
      route:
        cluster: bookservice   # live
    - match: {prefix: /}
      direct_response: {status: 404}
`;
}

function cds(port: number): string {
  return `version_info: "1"
resources:
- "@type": ${CLUSTER_TYPE}
${cluster(port)}`;
}

function cluster(port: number): string {
  return `  name: bookservice
  type: STATIC
  load_assignment:
    cluster_name: bookservice
    endpoints:
    - lb_endpoints:
      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: ${port}}}}
`;
}

function listener(routes: string): string {
  return `admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
node: {id: test, cluster: test}
static_resources:
  listeners:
  - name: ingress
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
${routes}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
`;
}

function bootstrap(port: number): string {
  const routes = `          route_config:
            virtual_hosts:
            - name: books
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: bookservice}`;
  const clusters = `  clusters:\n  -${cluster(port).slice(1).replaceAll('\n', '\n  ').trimEnd()}\n`;
  return listener(routes) + clusters;
}

function watchingBootstrap(path: string): string {
  const source = (name: string): string => {
    return `{resource_api_version: V3, path_config_source: {path: "${join(path, name)}", watched_directory: {path: "${path}"}}}`;
  };
  const routes = `          rds: {route_config_name: local_route, config_source: ${source('rds.yaml')}}`;
  return `${listener(routes)}dynamic_resources: {cds_config: ${source('cds.yaml')}}\n`;
}

function filesOf(object: KubernetesObject) {
  const journal = readJournal(object);
  if (journal === undefined || journal === 'unreadable' || journal.change.type !== 'envoy')
    throw new Error('no journal');
  return journal.change.files;
}
