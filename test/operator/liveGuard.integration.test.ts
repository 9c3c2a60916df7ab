import { join } from 'node:path';
import { afterAll, beforeAll, describe, type TestContext, test } from 'vitest';
import { recordHistory } from '../../demo/history.ts';
import { labImages } from '../../demo/lab/images.ts';
import { startPoller } from '../../demo/lab/poller.ts';
import { renderManifests } from '../../demo/lab/renderManifests.ts';
import { freePorts } from '../../demo/node/ports.ts';
import { startNode } from '../../demo/node/startNode.ts';
import { binaries } from '../../tools/binaries.ts';
import { kubectl } from '../support/kubectl.ts';
import type { Behaviour } from '../support/lab.ts';
import { experimentSpec, ROUTES } from '../support/labObjects.ts';
import { conditionOf, type LiveLab, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { seededRandom } from '../support/random.ts';
import { startSharedDatabase } from '../support/sharedDatabase.ts';

let stage: OperatorStage;

beforeAll(async () => {
  stage = await setOperatorStage();
  await stage.operator();
});
afterAll(() => stage?.stop());

/** The shortest baseline that the resource definition allows, and a candidate that is not judged before the deadline. */
const GUARDED = { minDurationSeconds: 90, deadlineSeconds: 100, liveGuard: { baselineSeconds: 60 } };

const SLOWER: Behaviour = () => 120;
const FAILING: Behaviour = (_, random) => (random() < 0.2 ? null : 0);

describe.concurrent('live that is guarded', { timeout: 240_000 }, () => {
  test.for([
    ['slower', SLOWER, /^p\d\d of live.* rose 1\d\d ms \([12]\d → 1\d\d; tolerated (50|100)\) since its requests/],
    ['failing', FAILING, /^errors of live.* rose \d+(\.\d+)? percentage points \(0 % → .* %; tolerated 1\) since/],
  ] as const)('and gets %s when it is mirrored ends mirroring, and all is as before', async (given, context) => {
    const [, whileMirrored, message] = given;
    const { expect } = context;
    const books = await labWithPast(context, whileMirrored);
    const before = await books.targets();
    const started = Date.now();
    await books.create('candidate', { analysis: GUARDED });
    const status = await books.complete('candidate');
    expect((Date.now() - started) / 1000).toBeLessThan(GUARDED.deadlineSeconds / 2);
    expect(status).toMatchObject({ verdict: 'Inconclusive' });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'LiveDegraded' });
    expect(conditionOf(status, 'Passed')?.message).toMatch(message);
    expect(conditionOf(status, 'LiveHealthy')).toMatchObject({ status: 'False', reason: 'LiveDegraded' });
    expect(status.live?.before?.requests).toBeGreaterThan(1000);
    expect(status.live?.since?.requests).toBeGreaterThan(100);
    expect(await books.targets()).toEqual(before);
    expect(await books.events('candidate')).toContain('LiveDegraded x1');
  });

  test('and stays as it is, or is not to be guarded, is mirrored to the verdict', async (context) => {
    const { expect } = context;
    const [healthy, unguarded, young] = await Promise.all([
      labWithPast(context),
      labWithPast(context, FAILING),
      stage.lab(context, { traffic: { whileMirrored: FAILING } }),
    ]);
    const analysis = { minDurationSeconds: 20, deadlineSeconds: 100, errors: { maxIncreaseBasisPoints: 3000 } };
    await healthy.create('candidate', { analysis: { ...analysis, liveGuard: { baselineSeconds: 60 } } });
    await unguarded.create('candidate', { analysis: { ...analysis, liveGuard: { enabled: false } } });
    await young.create('candidate', { analysis: { ...analysis, liveGuard: { baselineSeconds: 60 } } });
    const statuses = await Promise.all([healthy, unguarded, young].map((books) => books.complete('candidate', 110)));
    expect(statuses.map((status) => conditionOf(status, 'LiveHealthy')?.reason)).toEqual([
      'Watching',
      'Disabled',
      'NoBaseline',
    ]);
    for (const status of statuses) expect(conditionOf(status, 'Passed')?.reason).not.toBe('LiveDegraded');
    expect(statuses[0]).toMatchObject({ verdict: 'Pass' });
  });

  test('behind Envoy, and shares a table that the candidate locks, gets it back', async (context) => {
    const { expect, onTestFinished } = context;
    const { kubeconfig } = stage.server;
    const run = async (args: readonly string[], input?: string): Promise<string> => {
      const result = await kubectl(kubeconfig, args, { timeout: 60_000, ...(input !== undefined && { input }) });
      if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
      return result.stdout;
    };
    const database = await startSharedDatabase(80);
    onTestFinished(() => database.close());
    const server = join(import.meta.dirname, '..', '..', 'demo', 'lab', 'bookservice', 'server.ts');
    const bookservice = (DATABASE_URL: string) => ({
      command: [process.execPath, server],
      env: { BOOKSERVICE_IMAGE_VERSION: 'v1', DATABASE_URL },
    });
    await run(['create', 'namespace', 'bookstore']);
    const node = await startNode({
      kubeconfig,
      namespace: 'bookstore',
      images: {
        ...labImages(binaries().envoy),
        'readymirroring/bookservice:v1': bookservice(database.sharedUrl),
        'readymirroring/bookservice:v5': bookservice(database.lockingUrl),
      },
      configMapSyncMilliseconds: 200,
    });
    onTestFinished(() => node.stop());
    const [frontPort = 0, bookservicePort = 0, bookservicemirrorPort = 0] = await freePorts(3);
    const manifests = await renderManifests({
      frontPort,
      bookservicePort,
      bookservicemirrorPort,
      dnsPort: node.dnsPort,
      connectionString: stage.azure.connectionString,
    });
    for (const { text } of manifests) await run(['apply', '-f', '-'], text);
    for (const name of ['bookservice', 'bookinfo-spa']) {
      await run(['-n', 'bookstore', 'rollout', 'status', `deployment/${name}`, '--timeout=60s']);
    }
    const history = await recordHistory(kubeconfig, 'bookstore', [
      { kind: 'ConfigMap', name: 'default-sidecar' },
      { kind: 'Deployment', name: 'bookinfo-spa' },
      { kind: 'Deployment', name: 'bookservicemirror' },
    ]);
    onTestFinished(() => history.close());
    const poller = startPoller({ url: `http://127.0.0.1:${frontPort}`, requestsPerSecond: 20, maxSeconds: 230 });
    onTestFinished(async () => {
      await poller.stop();
    });
    // As many seconds as the guard needs of live before: ten blocks of three.
    await until('live has a past', async () => poller.counts().succeeded > 20 * 36, 60);

    const spec = experimentSpec({
      live: 'V1MIR-BookService',
      mirror: 'V5MIR-BookService',
      workspaceId: stage.azure.workspaceId,
      deployment: {
        replicas: 1,
        containers: [
          {
            name: 'bookservice',
            image: 'readymirroring/bookservice:v5',
            env: [{ name: 'VersionTag', value: 'V5MIR-BookService' }],
          },
        ],
      },
      analysis: GUARDED,
    });
    const metadata = { name: 'locking', namespace: 'bookstore' };
    const manifest = { apiVersion: 'mirroring.dev/v1alpha1', kind: 'MirrorExperiment', metadata, spec };
    await run(['apply', '-f', '-'], JSON.stringify(manifest));
    const read = async () => JSON.parse(await run(['-n', 'bookstore', 'get', 'mexp', 'locking', '-o', 'json']));
    let experiment = await read();
    await until(
      'the experiment is complete',
      async () => {
        experiment = await read();
        return experiment.status?.completionTime !== undefined;
      },
      100,
      () => JSON.stringify(experiment.status, null, 1),
    );
    const { status } = experiment;
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'LiveDegraded' });
    expect(conditionOf(status, 'Passed')?.message).toMatch(
      /^(p\d\d|errors) of live.* rose [\d,.]+ (ms|percentage points) \(.*\) since its requests/,
    );
    expect(history.isRestored(experiment.metadata.uid)).toBe(true);
    // What the experiment did to live is over.
    const latency = async () => {
      const from = performance.now();
      await (await fetch(`http://127.0.0.1:${frontPort}/api/books`)).arrayBuffer();
      return performance.now() - from;
    };
    await until('live answers as before', async () => (await latency()) < 60, 20);
  });
});

/** A lab whose live service has reported requests for a minute. */
async function labWithPast(context: TestContext, whileMirrored?: Behaviour): Promise<LiveLab> {
  const books = await stage.lab(context, { traffic: whileMirrored === undefined ? {} : { whileMirrored } });
  const random = seededRandom(11);
  const now = Date.now();
  await stage.azure.insertRequests(
    Array.from({ length: 60 * 60 }, (_, index) => ({
      timestamp: new Date(now - index * (1000 / 60)),
      name: ROUTES[index % ROUTES.length] ?? '',
      durationMilliseconds: 15 * Math.exp(0.2 * random.normal()),
      success: true,
      resultCode: '200',
      properties: { VersionTag: books.versions.live },
    })),
  );
  return books;
}
