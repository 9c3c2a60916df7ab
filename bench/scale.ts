// What it costs one operator to carry many running experiments: memory, processor time, requests to the API server and to
// Log Analytics, how well intervals are kept, and how long a new experiment and a deletion take in the middle of it.
// Real etcd, kube-apiserver, RBAC of deploy/, and the operator as it is built (npm run build); Log Analytics is played by
// bench/scale/provider.ts, controllers and kubelets by bench/scale/controllers.ts. Prints a table; asserts nothing.
//
//   node bench/scale.ts [--experiments 1000] [--minutes 5] [--settle-minutes 2] [--interval 30] [--newcomers 50] [--json FILE]
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { operatorEnvironment } from '../demo/operatorEnvironment.ts';
import { type ApiClient, createApiClient } from '../src/adapters/kubernetes/apiClient.ts';
import { startReflector } from '../src/adapters/kubernetes/reflector.ts';
import { startWatch } from '../src/adapters/kubernetes/watch.ts';
import { systemClock } from '../src/adapters/systemClock.ts';
import { recordAt } from '../src/core/kubernetes/fields.ts';
import type { KubernetesObject } from '../src/core/kubernetes/object.ts';
import type { Log } from '../src/engine/ports/log.ts';
import { startApiServer } from '../tools/apiServer.ts';
import { kubectl } from '../tools/kubectl.ts';
import { startControllers } from './scale/controllers.ts';
import { type AuditedRequest, auditedRequests, mean, quantile, sampleProcess } from './scale/figures.ts';
import { experiment, nameOf, namespaceOf, shared, targets } from './scale/objects.ts';
import type { ProviderAddress, ProviderFigures } from './scale/provider.ts';

const { values } = parseArgs({
  options: {
    experiments: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '5' },
    'settle-minutes': { type: 'string', default: '2' },
    interval: { type: 'string', default: '30' },
    newcomers: { type: 'string', default: '50' },
    'latency-milliseconds': { type: 'string', default: '300' },
    operator: { type: 'string', default: 'dist/main.js' },
    json: { type: 'string' },
  },
});
const count = Number(values.experiments);
const intervalSeconds = Number(values.interval);
const newcomers = Number(values.newcomers);
const workspaceId = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';

/**
 * argo-rollouts 1.9.1 with 1,000 running AnalysisRuns of a 30 s interval on two cores of the same kind of machine, measured
 * in November 2026 with the same kind of API server: the figures that this project has set itself to beat.
 */
const ARGO = {
  rssMean: 116,
  rssPeak: 133,
  cpuSecondsPerMinute: 3.0,
  apiRequestsPerMinute: 2039,
  providerRequestsPerMinute: 2000,
  intervalP99: 30.1,
  firstActionP50: 40,
  firstActionP99: 126,
};

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'Metadata', users: ['system:serviceaccount:mirror-experiment-system:mirror-experiment'] },
    { level: 'None' },
  ],
};

const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error, child: () => quiet };
const directory = await mkdtemp(join(tmpdir(), 'bench-scale-'));
const auditLog = join(directory, 'audit.log');
const children: ChildProcess[] = [];
const ends: (() => unknown)[] = [];
process.exitCode = await main().then(
  () => 0,
  (error: unknown) => {
    console.error(error);
    return 1;
  },
);

async function main(): Promise<void> {
  try {
    await measure();
  } finally {
    for (const child of children) child.kill();
    for (const end of ends.reverse()) await end();
    await rm(directory, { recursive: true, force: true });
  }
}

async function measure(): Promise<void> {
  const policy = join(directory, 'policy.json');
  await writeFile(policy, JSON.stringify(AUDIT_POLICY));
  const server = await startApiServer({
    crds: false,
    flags: { 'audit-policy-file': policy, 'audit-log-path': auditLog },
  });
  ends.push(() => server.stop());
  const applied = await kubectl(server.kubeconfig, ['apply', '-k', join(import.meta.dirname, '..', 'deploy')]);
  if (applied.code !== 0) throw new Error(applied.stderr);
  const api = connect(server.kubeconfig);
  ends.push(() => api.close());
  const controllers = startControllers(api, quiet);
  ends.push(() => controllers.stop());
  const provider = await startProvider();
  const watched = watchTargets(api);
  ends.push(() => watched.stop());

  tell(`applying ${count} experiments`);
  for (const namespace of new Set(indices(count + newcomers).map(namespaceOf))) {
    for (const { path, body } of shared(namespace)) await create(api, path, body);
  }
  await eachOf(indices(count + newcomers), async (index) => {
    for (const { path, body } of targets(index)) await create(api, path, body);
  });
  await eachOf(indices(count), (index) => createExperiment(api, index));

  const operator = await startOperator(await operatorEnvironment(server.kubeconfig, provider.address, directory));
  const pid = operator.pid ?? 0;
  tell('waiting until all are analysed');
  const isAnalysed = ({ status }: KubernetesObject) => recordAt({ status }, 'status')?.lastAnalysisTime !== undefined;
  await until(() => [...watched.experiments.objects.values()].filter(isAnalysed).length >= count, 900);
  await pause(Number(values['settle-minutes']) * 60_000);

  tell(`measuring for ${values.minutes} min`);
  await provider.figures();
  const start = { at: Date.now(), ...sampleProcess(pid) };
  const rss: number[] = [];
  const sampling = setInterval(() => rss.push(sampleProcess(pid).rssMegabytes), 1000);
  ends.push(() => clearInterval(sampling));
  await pause(Number(values.minutes) * 60_000);
  const end = { at: Date.now(), ...sampleProcess(pid) };
  const asked = await provider.figures();
  // The audit log is written in the background.
  await pause(2000);
  const minutes = (end.at - start.at) / 60_000;
  const requests = auditedRequests(auditLog).filter(({ stageTimestamp }) => {
    const time = Date.parse(stageTimestamp);
    return time >= start.at && time < end.at;
  });
  clearInterval(sampling);

  tell(`${newcomers} newcomers, one after another`);
  const arrivals: Arrival[] = [];
  for (const index of indices(newcomers).map((each) => count + each)) {
    arrivals.push(await arrive(api, watched, index));
  }
  const last = sampleProcess(pid);
  const verdicts = [...watched.experiments.objects.values()].filter(
    (object) => recordAt(object, 'status')?.verdict !== undefined,
  ).length;
  const intervals = Object.values(asked.looks).flatMap((times) => differences(times).map((each) => each / 1000));
  const figures = {
    experiments: count,
    intervalSeconds,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`,
    verdictsGiven: verdicts,
    rssMean: mean(rss),
    rssPeak: Math.max(...rss),
    rssAfterwards: last.rssMegabytes,
    cpuSecondsPerMinute: (end.cpuSeconds - start.cpuSeconds) / minutes,
    apiRequestsPerMinute: requests.length / minutes,
    apiRequests: perMinute(requests, minutes),
    providerRequestsPerMinute: asked.queries / minutes,
    providerQuestionsPerMinute: asked.questions / minutes,
    providerRefused: asked.refused,
    providerMostAtOnce: asked.mostAtOnce,
    providerMostIn30Seconds: asked.mostIn30Seconds,
    providerMegabytesPerMinute: asked.bytes / 2 ** 20 / minutes,
    looks: intervals.length,
    intervalP01: quantile(intervals, 0.01),
    intervalP50: quantile(intervals, 0.5),
    intervalP99: quantile(intervals, 0.99),
    intervalMost: Math.max(...intervals),
    firstActionP50: quantile(
      arrivals.map((each) => each.firstAction),
      0.5,
    ),
    firstActionP99: quantile(
      arrivals.map((each) => each.firstAction),
      0.99,
    ),
    mirrorsP50: quantile(
      arrivals.map((each) => each.mirrors),
      0.5,
    ),
    mirrorsP99: quantile(
      arrivals.map((each) => each.mirrors),
      0.99,
    ),
    restoredP50: quantile(
      arrivals.map((each) => each.restored),
      0.5,
    ),
    restoredP99: quantile(
      arrivals.map((each) => each.restored),
      0.99,
    ),
    controllerFailures: controllers.failures.length,
  };
  print(figures);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
}

interface Arrival {
  /** From the API server's answer to the creation to the operator's first write; milliseconds, as the others. */
  readonly firstAction: number;
  readonly mirrors: number;
  /** From the deletion. */
  readonly restored: number;
}

type Watched = ReturnType<typeof watchTargets>;

async function arrive(api: ApiClient, watched: Watched, index: number): Promise<Arrival> {
  const key = `${namespaceOf(index)}/${nameOf(index)}`;
  await createExperiment(api, index);
  const created = performance.now();
  const since = async (isSo: () => boolean, seconds: number): Promise<number> => {
    const start = performance.now();
    await until(isSo, seconds, 2);
    return performance.now() - start;
  };
  await until(
    () => {
      const { finalizers = [] } = (watched.experiments.objects.get(key)?.metadata ?? {}) as { finalizers?: string[] };
      return finalizers.length > 0;
    },
    60,
    2,
  );
  const firstAction = performance.now() - created;
  await until(() => watched.mirroring.has(key), 60, 2);
  const mirroring = performance.now() - created;
  await api.request({ method: 'DELETE', path: `${experimentsPath(index)}/${nameOf(index)}` });
  const restored = await since(() => !watched.mirroring.has(key), 60);
  await until(() => !watched.experiments.objects.has(key), 60);
  return { firstAction, mirrors: mirroring, restored };
}

function watchTargets(api: ApiClient) {
  const options = { api, clock: systemClock, log: quiet };
  const path = '/apis/mirroring.dev/v1alpha1/mirrorexperiments';
  const experiments = startReflector({ ...options, path, onEvent: () => {} });
  /** Keys of the ConfigMaps that have the mirror. */
  const mirroring = new Set<string>();
  const configMaps = startWatch({
    ...options,
    path: '/api/v1/configmaps',
    begin: async () => '',
    onEvent: (_type, { metadata, data }) => {
      const key = `${metadata.namespace}/${metadata.name}`;
      if (JSON.stringify(data).includes('request_mirror_policies')) mirroring.add(key);
      else mirroring.delete(key);
    },
  });
  return { experiments, mirroring, stop: () => Promise.all([experiments.stop(), configMaps.stop()]) };
}

function experimentsPath(index: number): string {
  return `/apis/mirroring.dev/v1alpha1/namespaces/${namespaceOf(index)}/mirrorexperiments`;
}

async function createExperiment(api: ApiClient, index: number): Promise<void> {
  await create(api, experimentsPath(index), experiment(index, workspaceId, intervalSeconds));
}

async function create(api: ApiClient, path: string, body: object): Promise<void> {
  await api.request({ method: 'POST', path, body });
}

function connect(kubeconfig: string): ApiClient {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromFile(kubeconfig);
  return createApiClient({ kubeConfig, log: quiet, requestTimeoutMilliseconds: 60_000 });
}

async function startProvider() {
  const child = fork(join(import.meta.dirname, 'scale', 'provider.ts'), [workspaceId, values['latency-milliseconds']]);
  children.push(child);
  const [address] = (await once(child, 'message')) as [ProviderAddress];
  const figures = async (): Promise<ProviderFigures> => {
    const told = once(child, 'message');
    child.send('figures');
    const [given] = (await told) as [ProviderFigures];
    return given;
  };
  return { address, figures };
}

async function startOperator(environment: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [values.operator], {
    cwd: join(import.meta.dirname, '..'),
    env: {
      PATH,
      HOME,
      HEALTH_ADDRESS: '127.0.0.1',
      HEALTH_PORT: '0',
      METRICS_PORT: '0',
      LOG_LEVEL: 'info',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const logFile = createWriteStream(process.env.OPERATOR_LOG ?? join(directory, 'operator.log'));
  child.stdout?.pipe(logFile);
  await once(child, 'spawn');
  child.once('exit', (code) => {
    if (child.killed) return;
    console.error(`the operator ended with ${code}`);
    process.exit(1);
  });
  return child;
}

function perMinute(requests: readonly AuditedRequest[], minutes: number): Record<string, number> {
  const kinds = Object.entries(
    Object.groupBy(requests, ({ verb, objectRef, responseStatus }) => {
      const { resource = 'other', subresource } = objectRef ?? {};
      const refused = (responseStatus?.code ?? 200) >= 400 ? ` ${responseStatus?.code}` : '';
      return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${refused}`;
    }),
  );
  return Object.fromEntries(kinds.map(([kind, all]) => [kind, Math.round((10 * (all?.length ?? 0)) / minutes) / 10]));
}

function print(figures: Readonly<Record<string, unknown>>): void {
  const reference: Readonly<Record<string, number>> = ARGO;
  console.log(`| figure | measured | argo-rollouts 1.9.1 at 1,000 | ratio |\n|---|---|---|---|`);
  for (const [name, value] of Object.entries(figures)) {
    const other = reference[name];
    const shown = typeof value === 'number' ? round(value) : typeof value === 'string' ? value : JSON.stringify(value);
    const ratio = other === undefined || typeof value !== 'number' ? '' : round(value / other);
    console.log(`| ${name} | ${shown} | ${other ?? ''} | ${ratio} |`);
  }
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function differences(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? time));
}

function indices(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

async function eachOf(all: readonly number[], task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < all.length) {
      next += 1;
      await task(all[next - 1] ?? 0);
    }
  };
  await Promise.all(Array.from({ length: 24 }, work));
}

async function until(isSo: () => boolean, seconds: number, every = 200): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s`);
    await pause(every);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function tell(what: string): void {
  console.error(`${new Date().toISOString()} ${what}`);
}
