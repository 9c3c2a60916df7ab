import { setTimeout as sleep } from 'node:timers/promises';
import type { Telemetry } from './azureMonitor.ts';
import { type Cluster, until } from './cluster.ts';
import { type Experiment, untilExperiment } from './experiments.ts';
import { DEAD_MANS_SWITCH, DEAD_MANS_SWITCH_SECONDS, OPERATOR, OPERATOR_NAMESPACE } from './install.ts';
import type { EndToEndOptions } from './options.ts';
import {
  crashLeader,
  drainLeadersNode,
  holder,
  leader,
  scaleOperator,
  untilOtherHolder,
  untilRolledOut,
} from './replicas.ts';
import { type Report, seconds } from './report.ts';
import type { Shop } from './shop.ts';

export interface Scene {
  readonly cluster: Cluster;
  readonly options: EndToEndOptions;
  readonly telemetry: Telemetry;
  readonly report: Report;
  /** Its Envoy reads its bootstrap once. */
  readonly bookstore: Shop;
  /** Its Envoy watches its files. */
  readonly shop: Shop;
}

interface Expected {
  readonly verdict: string;
  readonly reason: string;
  readonly route?: string;
}

const PASS: Expected = { verdict: 'Pass', reason: 'WithinTolerance' };
const REVIEWS = 'GET Reviews/Get';

/** The lab's three candidates in both shops side by side, while the operator's replicas are killed, drained and replaced. */
export async function judgeCandidates(scene: Scene): Promise<void> {
  const { bookstore, shop } = scene;
  await Promise.all([
    inTurn([
      () => judge(scene, bookstore, 'v2', PASS, () => crash(scene, bookstore, 'v2')),
      () => judge(scene, bookstore, 'v3', { verdict: 'Fail', reason: 'Latency', route: REVIEWS }),
      () => judge(scene, bookstore, 'v4', { verdict: 'Fail', reason: 'Errors', route: REVIEWS }),
    ]),
    inTurn([
      () => judge(scene, shop, 'v2', PASS),
      () =>
        judge(scene, shop, 'v4', { verdict: 'Fail', reason: 'Errors', route: REVIEWS }, () => drain(scene, shop, 'v4')),
    ]),
  ]);
}

/** One candidate from apply to the end; `meanwhile` begins with it. */
async function judge(
  { cluster, options, telemetry, report }: Scene,
  shop: Shop,
  tag: string,
  expected: Expected,
  meanwhile: () => Promise<void> = async () => {},
): Promise<void> {
  const name = `${shop.namespace}-${tag}`;
  const what = `${name} (${shop.reload})`;
  const before = await shop.state();
  await shop.apply(name, tag);
  const limit = { namespace: shop.namespace, name, seconds: options.deadlineSeconds + 300 };
  const [ended] = await Promise.all([
    untilExperiment(cluster, limit, 'is complete', ({ completed }) => completed !== undefined),
    meanwhile(),
  ]);
  const asWanted =
    ended.verdict === expected.verdict && ended.reason === expected.reason && ended.route === expected.route;
  report.check(`${what}: verdict`, asWanted, ended.summary || JSON.stringify(ended));
  await checkRestored(report, what, shop, before);
  const without = await untilWithoutMirror(shop);
  await timeCopies(telemetry, report, what, shop, ended, without);
}

/** Gives the moment in which no Envoy has the mirror any more; with watched files the kubelet takes its time. */
async function untilWithoutMirror(shop: Shop): Promise<Date> {
  return until(`the Envoys of ${shop.namespace} are without the mirror`, 180, async () =>
    (await shop.hasMirror()) ? undefined : new Date(),
  );
}

/** What the SDK of a candidate that ends may still have to send. */
const LAST_TELEMETRY_MILLISECONDS = 5000;

/** Time from apply to the first copy, and from the verdict to the last. */
async function timeCopies(
  telemetry: Telemetry,
  report: Report,
  what: string,
  shop: Shop,
  { name, created, judged, mirroringSince, completed }: Experiment,
  without: Date,
): Promise<void> {
  await sleep(LAST_TELEMETRY_MILLISECONDS);
  const copies = await telemetry.copies(shop.candidate(name));
  const first = copies?.first;
  const last = copies?.last;
  report.check(`${what}: copies`, copies !== undefined, `${copies?.count ?? 0} requests reported by the candidate`);
  report.figure(
    `${what}: times`,
    `apply to first copy ${seconds(created, first)}, to Mirroring ${seconds(created, mirroringSince)}, ` +
      `to verdict ${seconds(created, judged)}; verdict to last copy ${seconds(judged, last)}, ` +
      `to Complete ${seconds(judged, completed)}, to Envoy without the mirror ${seconds(judged, without)}`,
  );
}

async function checkRestored(report: Report, what: string, shop: Shop, before: string): Promise<void> {
  const after = await shop.state();
  report.check(
    `${what}: restored`,
    after === before,
    after === before ? 'ConfigMaps and Deployments are what they were' : difference(before, after),
  );
}

/** While the experiment mirrors. */
async function crash({ cluster, options, report }: Scene, shop: Shop, tag: string): Promise<void> {
  await untilMirroring(cluster, options, shop, tag);
  const before = await holder(cluster);
  const start = new Date();
  await crashLeader(cluster);
  const next = await untilOtherHolder(cluster, before);
  report.check('leader killed while it mirrors', true, `${next} leads after ${seconds(start, new Date())}`);
}

async function drain({ cluster, options, report }: Scene, shop: Shop, tag: string): Promise<void> {
  await untilMirroring(cluster, options, shop, tag);
  const before = await holder(cluster);
  const start = new Date();
  const { node, kept, fewest } = await drainLeadersNode(cluster);
  const drained = seconds(start, new Date());
  await untilRolledOut(cluster);
  const next = await until('somebody leads', 60, () => leader(cluster));
  report.check(
    'node of the leader drained while it mirrors',
    fewest >= 1,
    `${node}, ${drained}; ${kept} replica(s) kept by the budget, never fewer than ${fewest} available; ` +
      `${before} led before, ${next} leads`,
  );
}

async function untilMirroring(
  cluster: Cluster,
  { deadlineSeconds }: EndToEndOptions,
  shop: Shop,
  tag: string,
): Promise<void> {
  const limit = { namespace: shop.namespace, name: `${shop.namespace}-${tag}`, seconds: deadlineSeconds };
  await untilExperiment(cluster, limit, 'mirrors', ({ mirroring }) => mirroring);
}

/** A candidate whose image is in no registry, as the real kubelet tells of it. */
export async function refuseMissingImage({ cluster, options, report, bookstore }: Scene): Promise<void> {
  const name = 'bookstore-no-image';
  const before = await bookstore.state();
  await bookstore.apply(name, 'is-in-no-registry');
  const limit = { namespace: bookstore.namespace, name, seconds: options.deadlineSeconds + 60 };
  const ended = await untilExperiment(cluster, limit, 'is complete', ({ completed }) => completed !== undefined);
  const asWanted = ended.verdict === 'Inconclusive' && ended.reason === 'ImagePullFailed';
  const time = seconds(ended.created, ended.completed);
  report.check(`${name}: verdict`, asWanted, `${ended.summary} (after ${time})`);
  await checkRestored(report, name, bookstore, before);
}

/** Deleting an experiment that mirrors restores everything before it is gone. */
export async function deleteRunning({ cluster, options, report, bookstore, shop }: Scene): Promise<void> {
  await Promise.all(
    [bookstore, shop].map(async (each) => {
      const name = `${each.namespace}-deleted`;
      const before = await each.state();
      await startLong(cluster, options, each, name);
      const start = new Date();
      await cluster.kubectl(['delete', 'mirrorexperiments', '-n', each.namespace, name, '--timeout=5m']);
      const gone = new Date();
      const without = await untilWithoutMirror(each);
      report.check(
        `${name} (${each.reload}): deleted while it mirrors`,
        true,
        `gone after ${seconds(start, gone)}, Envoy without the mirror after ${seconds(start, without)}`,
      );
      await checkRestored(report, `${name} (${each.reload})`, each, before);
    }),
  );
}

/** Starts an experiment that does not come to an end by itself, and waits until it mirrors. */
export async function startLong(
  cluster: Cluster,
  { deadlineSeconds }: EndToEndOptions,
  shop: Shop,
  name: string,
): Promise<Experiment> {
  await shop.apply(name, 'v2', { minDurationSeconds: deadlineSeconds - 60 });
  const limit = { namespace: shop.namespace, name, seconds: deadlineSeconds };
  return untilExperiment(cluster, limit, 'mirrors', ({ mirroring }) => mirroring);
}

/** Without any replica of the operator, the CronJob ends the experiments. */
export async function leaveToDeadMansSwitch(scene: Scene): Promise<void> {
  const { cluster, options, telemetry, report, bookstore, shop } = scene;
  const shops = [bookstore, shop];
  const before = await Promise.all(shops.map((each) => each.state()));
  await Promise.all(shops.map((each) => startLong(cluster, options, each, `${each.namespace}-orphan`)));
  const gone = new Date();
  await scaleOperator(cluster, 0);
  await Promise.all(
    shops.map(async (each, index) => {
      const name = `${each.namespace}-orphan`;
      const limit = { namespace: each.namespace, name, seconds: 600 };
      const ended = await untilExperiment(cluster, limit, 'is complete', ({ completed }) => completed !== undefined);
      const without = await untilWithoutMirror(each);
      const last = (await telemetry.copies(each.candidate(name)))?.last;
      report.check(
        `${name} (${each.reload}): ended by the dead man’s switch`,
        ended.verdict === 'Inconclusive' && ended.reason === 'OperatorAbsent',
        `${ended.summary}; its last copy ${seconds(gone, last)} after the operator went, Complete after ` +
          `${seconds(gone, ended.completed)}, Envoy without the mirror after ${seconds(gone, without)} (DEAD_MANS_SWITCH_SECONDS=${DEAD_MANS_SWITCH_SECONDS})`,
      );
      await checkRestored(report, `${name} (${each.reload})`, each, before[index] ?? '');
    }),
  );
  const jobs = [
    'get',
    'jobs',
    '-n',
    OPERATOR_NAMESPACE,
    '-o',
    'custom-columns=JOB:.metadata.name,OK:.status.succeeded',
  ];
  report.figure(`jobs of ${DEAD_MANS_SWITCH}`, await cluster.kubectl([...jobs, '--no-headers']));
  await scaleOperator(cluster, 2);
  await untilRolledOut(cluster);
}

/** kubectl-mirror of the operator's image, in its container and with its rights. */
export async function useCommandLine({ cluster, report, bookstore }: Scene): Promise<void> {
  const inOperator = ['exec', '-i', '-n', OPERATOR_NAMESPACE, `deployment/${OPERATOR}`, '--'];
  const program = [...inOperator, 'node', '/app/dist/cli/main.js'];
  const name = `${bookstore.namespace}-v3`;

  const list = await cluster.tryKubectl([...program, 'list', '--all-namespaces']);
  report.check('kubectl-mirror list', list.code === 0 && list.stdout.includes(name), list.stderr || lines(list.stdout));

  const status = await cluster.tryKubectl([...program, 'status', name, '-n', bookstore.namespace, '--exit-code']);
  report.check('kubectl-mirror status --exit-code of a Fail', status.code === 1, `exit code ${status.code}`);

  const page = await cluster.tryKubectl([...program, 'report', name, '-n', bookstore.namespace, '--out', '-']);
  const isPage = page.code === 0 && page.stdout.startsWith('<!') && page.stdout.includes(REVIEWS);
  report.check('kubectl-mirror report', isPage, page.stderr || `a page of ${page.stdout.length} characters`);

  const evidence = await cluster.kubectl([
    'get',
    'configmap',
    '-n',
    bookstore.namespace,
    `${name}-evidence`,
    '-o',
    'yaml',
  ]);
  const judged = await cluster.tryKubectl([...program, 'judge', '/dev/stdin'], evidence);
  report.check(
    'kubectl-mirror judge of its evidence',
    judged.code === 1,
    `exit code ${judged.code}${judged.code === 1 ? '' : `: ${judged.stderr}`}`,
  );

  const named = await cluster.tryKubectl([...inOperator, 'kubectl-mirror', '--version']);
  report.figure(
    'kubectl-mirror by its name alone',
    named.code === 0 ? named.stdout : `not here: the base of the image has no /usr/bin/env (${named.stderr.trim()})`,
  );
}

/** No live request has failed, whatever happened. */
export async function checkTraffic({ report, bookstore, shop }: Scene): Promise<void> {
  for (const each of [bookstore, shop]) {
    const { sent, failed, failures, failedAt } = await each.traffic();
    report.check(
      `${each.namespace}: live requests`,
      sent > 0 && failed === 0,
      `${sent} sent, ${failed} failed${failed > 0 ? ` ${failures}: ${failedAt.join(', ')}` : ''}`,
    );
  }
}

async function inTurn(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

function lines(text: string): string {
  return `${text.trim().split('\n').length} lines`;
}

/** The lines that only one of two texts has. */
function difference(before: string, after: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const only = (these: readonly string[], others: readonly string[], sign: string) =>
    these.filter((line) => !others.includes(line)).map((line) => `${sign} ${line.trim()}`);
  return [...only(old, now, '-'), ...only(now, old, '+')].slice(0, 20).join(' ');
}
