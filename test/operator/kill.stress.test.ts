import { afterAll, beforeAll, describe, test } from 'vitest';
import { type CompileCache, fillCompileCache } from '../support/compileCache.ts';
import { type Kill, startKilledOperator } from '../support/killedOperator.ts';
import { V3 } from '../support/lab.ts';
import { configMap, deployment, service } from '../support/labObjects.ts';
import { limit } from '../support/limit.ts';
import { type Change, conditionOf, type LiveLab, type Version } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { percentiles } from '../support/percentiles.ts';
import type { TrafficOptions } from '../support/syntheticTraffic.ts';
import { watchRestores } from '../support/watchRestores.ts';

let stage: OperatorStage;
let compileCache: CompileCache;
const killed: { path: string; kills: readonly Kill[] }[] = [];
/** Milliseconds from a kill that left something to be restored until one more object was, and until all were. */
const restored = { next: [] as number[], all: [] as number[] };

beforeAll(async () => {
  compileCache = await fillCompileCache();
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  await compileCache?.remove();
  report();
});

const OTHERS_FINALIZER = 'example.com/keep';
const OURS = 'mirroring.dev/restore';

/** A path through the life of an experiment: what a person does, and how it is to end. */
interface Path {
  readonly name: string;
  readonly change?: Change;
  readonly traffic?: Partial<TrafficOptions>;
  /** Before the experiment is created. */
  readonly prepare?: (books: LiveLab) => Promise<void>;
  /** While it runs. */
  readonly act?: (books: LiveLab) => Promise<void>;
  readonly verdict?: 'Pass' | 'Fail' | 'Inconclusive';
  readonly reason?: string;
}

/** Seconds; for a machine that is busy. */
const SOON = 300;
const LONG = { deadlineSeconds: 600 };
const reasonOf = ({ status }: Version) => conditionOf(status, 'Passed')?.reason;

function deletion(name: string, isThere: (version: Version) => boolean, more: Partial<Path>): Path {
  return {
    name: `deletion ${name}`,
    ...more,
    act: async (books) => {
      await books.until('candidate', 'is where it is to be deleted', isThere, SOON);
      await books.edit('candidate', { metadata: { finalizers: [OURS, OTHERS_FINALIZER] } });
      await books.delete('candidate');
      const { finalizers } = await books.until(
        'candidate',
        'is let go',
        (each) => !each.finalizers.includes(OURS),
        SOON,
      );
      if (finalizers.join() !== OTHERS_FINALIZER) throw new Error(`finalizers are now ${finalizers.join()}`);
    },
  };
}

const PATHS: readonly Path[] = [
  {
    name: 'Pass',
    change: { analysis: LONG },
    verdict: 'Pass',
    reason: 'WithinTolerance',
  },
  {
    name: 'Inconclusive at the deadline',
    change: { analysis: { deadlineSeconds: 75, minRequests: 5000 } },
    traffic: { requestsPerSecond: 20 },
    verdict: 'Inconclusive',
    reason: 'NotEnoughEvidence',
  },
  {
    name: 'a changed spec, other objects',
    change: { analysis: LONG },
    traffic: { behaviour: V3, silent: { mirror: true } },
    prepare: async (books) => {
      await books.add(configMap('other-sidecar'));
      await books.add(deployment('other-front', 'envoyproxy/envoy:v1.40.0'));
      await books.add(deployment('other-candidate', 'readymirroring/bookservice:v1'));
      await books.add(service('other-mirror'));
    },
    act: async (books) => {
      await books.until('candidate', 'awaits copies', (version) => reasonOf(version) === 'AwaitingCopies', SOON);
      books.traffic.change({ silent: {} });
      const containers = [{ name: 'other-candidate', image: 'readymirroring/bookservice:v3' }];
      await books.edit('candidate', {
        spec: {
          mirror: { service: 'other-mirror', deployment: { name: 'other-candidate', containers } },
          traffic: { envoy: { configMap: { name: 'other-sidecar' }, reload: { workload: { name: 'other-front' } } } },
        },
      });
    },
    verdict: 'Fail',
    reason: 'Latency',
  },
  {
    name: 'a changed spec, the same objects',
    change: { analysis: LONG },
    traffic: { behaviour: V3, silent: { mirror: true } },
    act: async (books) => {
      await books.until('candidate', 'awaits copies', (version) => reasonOf(version) === 'AwaitingCopies', SOON);
      books.traffic.change({ silent: {} });
      await books.edit('candidate', { spec: { traffic: { percent: 50 }, mirror: { deployment: { replicas: 3 } } } });
    },
    verdict: 'Fail',
    reason: 'Latency',
  },
  {
    name: 'Fail',
    change: { analysis: LONG },
    traffic: { behaviour: V3 },
    verdict: 'Fail',
    reason: 'Latency',
  },
  deletion('while it is analysed', (version) => reasonOf(version) === 'Analysing', {
    change: { analysis: { ...LONG, minRequests: 5000 } },
    traffic: { requestsPerSecond: 20 },
  }),
  deletion('while it mirrors', (version) => reasonOf(version) === 'AwaitingCopies', {
    change: { analysis: LONG },
    traffic: { silent: { mirror: true } },
  }),
  deletion('while the candidate is prepared', ({ status }) => status.targets?.some((each) => each.patched) === true, {
    change: {
      analysis: LONG,
      deployment: { containers: [{ name: 'bookservicemirror', image: 'readymirroring/bookservice:bad' }] },
    },
  }),
  {
    name: 'a configuration error',
    change: { envoy: { liveCluster: 'books2' } },
    verdict: 'Inconclusive',
    reason: 'ConfigurationError',
  },
];

const OBJECTS = [
  ['ConfigMap', 'default-sidecar'],
  ['Deployment', 'bookinfo-spa'],
  ['Deployment', 'bookservicemirror'],
] as const;
const OTHER_OBJECTS = [
  ['ConfigMap', 'other-sidecar'],
  ['Deployment', 'other-front'],
  ['Deployment', 'other-candidate'],
] as const;

/**
 * A kill after a write leaves the most behind: the object is written and the status knows nothing of it. Kills before each
 * write are tried on two of the paths, and with KILL=all on all of them.
 */
const RUNS = PATHS.flatMap((path) => [
  { ...path, when: 'after' as const },
  ...(process.env.KILL === 'all' || ['Fail', 'deletion while it mirrors'].includes(path.name)
    ? [{ ...path, when: 'before' as const }]
    : []),
]);

/** Runs that two processors manage side by side: a killed operator is mostly one that starts. */
const atATime = limit(5);

describe.concurrent('killed at every write', { timeout: 600_000 }, () => {
  test.for(RUNS)('$when it is done: $name', (path, context) =>
    atATime(async () => {
      const { expect } = context;
      const books = await stage.lab(context, { ...(path.traffic !== undefined && { traffic: path.traffic }) });
      await path.prepare?.(books);
      const objects = path.prepare === undefined ? OBJECTS : [...OBJECTS, ...OTHER_OBJECTS];
      const before = await books.targets(objects);
      const restores = await watchRestores(stage.server.kubeconfig, books.namespace);
      context.onTestFinished(() => restores.stop());
      const { server, azure } = stage;
      const operator = await startKilledOperator({
        server,
        azure,
        compileCache: compileCache.directory,
        ...books,
        when: path.when,
      });
      context.onTestFinished(() => operator.stop());

      await books.create('candidate', path.change);
      await path.act?.(books);
      if (path.verdict !== undefined) {
        const status = await books.complete('candidate', SOON);
        expect(status).toMatchObject({ verdict: path.verdict });
        expect(conditionOf(status, 'Passed')).toMatchObject({ reason: path.reason });
      }
      await operator.quiet();
      expect(await books.targets(objects)).toEqual(before);
      if (path.verdict === undefined) {
        await books.edit('candidate', { metadata: { finalizers: [] } });
        await books.gone('candidate');
      } else {
        const [latest] = books.history('candidate').slice(-1);
        expect(latest?.finalizers).toEqual([]);
      }
      expect(operator.errors()).toBe('');
      expect(operator.kills.length).toBeGreaterThanOrEqual(3);

      killed.push({ path: `${path.name}, ${path.when}`, kills: operator.kills });
      for (const { at } of operator.kills) {
        const took = restores.after(at);
        if (took === undefined) continue;
        restored.next.push(took.next);
        restored.all.push(took.all);
      }
    }),
  );
});

function report(): void {
  const kills = killed.flatMap((each) => each.kills);
  const of = (times: readonly number[]) => `${percentiles(times)} (${times.length} kills)`;
  const lines = [
    ...killed.map(({ path, kills: each }) => `  ${each.length} in ${path}`),
    `kill points: ${kills.length}`,
    `from the kill to the next object restored: ${of(restored.next)}`,
    `from the kill to all restored, killed again at each step: ${of(restored.all)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
