import { once } from 'node:events';
import { startTelemetry } from './azureMonitor.ts';
import { type Cluster, connect } from './cluster.ts';
import { OPERATOR_NAMESPACE, overlayFolder, writeOverlay } from './install.ts';
import { clusterObjects, leftovers } from './leftovers.ts';
import { type EndToEndOptions, parseOptions, USAGE } from './options.ts';
import { untilRolledOut } from './replicas.ts';
import { createReport, formatTable, type Report, seconds, succeeded } from './report.ts';
import {
  checkTraffic,
  deleteRunning,
  judgeCandidates,
  leaveToDeadMansSwitch,
  refuseMissingImage,
  type Scene,
  startLong,
  useCommandLine,
} from './scenarios.ts';
import { openShop } from './shop.ts';

const AZURE = 'mirror-e2e-azure';
const BOOKSTORE = 'mirror-e2e-bookstore';
const SHOP = 'mirror-e2e-shop';
const LAB = [AZURE, BOOKSTORE, SHOP];
const CRD = 'customresourcedefinition.apiextensions.k8s.io/mirrorexperiments.mirroring.dev';

async function run(
  cluster: Cluster,
  options: EndToEndOptions,
  report: Report,
  before: ReadonlySet<string>,
): Promise<void> {
  const telemetry = await startTelemetry(cluster, AZURE, options.labImage);
  const overlay = await writeOverlay(cluster, options.operatorImage, telemetry);
  await install(cluster, overlay, report);
  const [bookstore, shop] = await Promise.all([
    openShop(cluster, { namespace: BOOKSTORE, reload: 'static', telemetry, options }),
    openShop(cluster, { namespace: SHOP, reload: 'watched', telemetry, options }),
  ]);
  const scene: Scene = { cluster, options, telemetry, report, bookstore, shop };
  await judgeCandidates(scene);
  await useCommandLine(scene);
  await refuseMissingImage(scene);
  await deleteRunning(scene);
  await leaveToDeadMansSwitch(scene);
  await uninstall(scene, overlay, before);
  await checkTraffic(scene);
}

/** A cluster in which somebody uses the operator already is not for tests. */
function refuseUsedCluster(objects: ReadonlySet<string>): void {
  const used = [CRD, `namespace/${OPERATOR_NAMESPACE}`, ...LAB.map((name) => `namespace/${name}`)].filter((name) =>
    objects.has(name),
  );
  if (used.length > 0) throw new Error(`the cluster has ${used.join(', ')} already: use another, or remove them first`);
}

async function install(cluster: Cluster, overlay: string, report: Report): Promise<void> {
  const start = new Date();
  await cluster.kubectl(['apply', '-k', overlay]);
  await untilRolledOut(cluster);
  const pods = await cluster.kubectl(['get', 'pods', '-n', OPERATOR_NAMESPACE, '--no-headers']);
  report.check('install with kubectl apply -k', true, `two replicas ready after ${seconds(start, new Date())}`);
  report.figure('pods of the operator', pods);
}

/** By the steps of docs/operations.md, while experiments mirror. */
async function uninstall(scene: Scene, overlay: string, before: ReadonlySet<string>): Promise<void> {
  const { cluster, options, report, bookstore, shop } = scene;
  const shops = [bookstore, shop];
  const states = await Promise.all(shops.map((each) => each.state()));
  await Promise.all(shops.map((each) => startLong(cluster, options, each, `${each.namespace}-last`)));
  const start = new Date();
  await cluster.kubectl(['delete', 'mirrorexperiments', '--all', '--all-namespaces', '--timeout=10m']);
  const deleted = new Date();
  await cluster.kubectl(['delete', '-k', overlay, '--ignore-not-found', '--timeout=5m']);
  const end = new Date();
  const left = await leftovers(cluster, before, LAB);
  report.check(
    'uninstall while two experiments mirror',
    left.length === 0,
    `experiments gone after ${seconds(start, deleted)}, the rest after ${seconds(deleted, end)} more; left: ${left.join('; ') || 'nothing'}`,
  );
  const now = await Promise.all(shops.map((each) => each.state()));
  for (const [index, { namespace }] of shops.entries()) {
    report.check(
      `${namespace}: as before the first experiment`,
      now[index] === states[index],
      now[index] === states[index] ? 'yes' : 'no',
    );
  }
}

/** What is needed to see why: states, events, logs. */
async function showTrouble(cluster: Cluster): Promise<void> {
  for (const args of [
    ['get', 'mirrorexperiments', '--all-namespaces', '-o', 'yaml'],
    ['get', 'pods,jobs', '--all-namespaces', '-o', 'wide'],
    ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
    ['logs', '-n', OPERATOR_NAMESPACE, '-l', 'app.kubernetes.io/name=mirror-experiment', '--prefix', '--tail=200'],
  ]) {
    const { stdout, stderr } = await cluster.tryKubectl(args);
    process.stderr.write(`\n$ kubectl ${args.join(' ')}\n${stdout}${stderr}`);
  }
}

/** What a run has made, whatever became of it; experiments before the operator that restores them. */
async function removeAll(cluster: Cluster): Promise<void> {
  for (const args of [
    ['delete', 'mirrorexperiments', '--all', '--all-namespaces', '--timeout=5m'],
    ['delete', '-k', overlayFolder(cluster), '--ignore-not-found', '--timeout=5m'],
    ['delete', 'namespace', ...LAB, '--ignore-not-found', '--timeout=5m'],
  ]) {
    const { code, stderr } = await cluster.tryKubectl(args);
    // Where everything went well, the definition is gone by now.
    if (code !== 0 && !/doesn't have a resource type/.test(stderr)) process.stderr.write(stderr);
  }
}

/** Rejects on Ctrl-C, so that what was made is removed. */
async function interrupted(): Promise<never> {
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  throw new Error('interrupted');
}

async function main(options: EndToEndOptions): Promise<void> {
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const start = performance.now();
  const say = (line: string) =>
    process.stdout.write(`${((performance.now() - start) / 1000).toFixed(0).padStart(5)} s  ${line.trim()}\n`);
  const report = createReport(say);
  const cluster = await connect(options.context);
  try {
    const before = await clusterObjects(cluster);
    refuseUsedCluster(before);
    try {
      await Promise.race([run(cluster, options, report, before), interrupted()]);
    } catch (error) {
      await showTrouble(cluster);
      throw error;
    } finally {
      process.stdout.write(`\n${formatTable(report.entries)}\n`);
      if (!options.keep) await removeAll(cluster);
    }
  } finally {
    await cluster.close();
  }
  if (!succeeded(report.entries)) process.exitCode = 1;
}

try {
  await main(parseOptions(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  // Of a run that was interrupted, something may still be waiting for what does not come any more.
  process.exit(1);
}
