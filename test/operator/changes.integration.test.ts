import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { CONDITIONS } from '../../src/api/reasons.ts';
import { SIDECAR, V3 } from '../support/lab.ts';
import { configMap, deployment, service } from '../support/labObjects.ts';
import { conditionOf, isComplete, isPatched, type LiveLab } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;
let operator: OperatorProcess;
const startOperator = () => stage.operator({ settings: { MISSING_TARGET_GRACE_SECONDS: '600' } });

beforeAll(async () => {
  stage = await setOperatorStage();
  operator = await startOperator();
});
afterAll(() => stage?.stop());

describe.concurrent('a changed spec', { timeout: 120_000 }, () => {
  test('restores all of the former run before it begins anew on other objects', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3, silent: { mirror: true } } });
    await books.add(configMap('other-sidecar'));
    await books.add(deployment('other-front', 'envoyproxy/envoy:v1.40.0'));
    await books.add(deployment('other-candidate', 'readymirroring/bookservice:v1'));
    await books.add(service('other-mirror'));
    const others = [
      ['ConfigMap', 'other-sidecar'],
      ['Deployment', 'other-front'],
      ['Deployment', 'other-candidate'],
    ] as const;
    const [before, othersBefore] = [await books.targets(), await books.targets(others)];

    await books.create('candidate');
    await books.until('candidate', 'awaits copies', ({ status }) => reasonOf(status) === 'AwaitingCopies');
    expect((await books.targets()).map(({ annotations }) => JSON.stringify(annotations).includes('journal'))).toEqual([
      true,
      true,
      true,
    ]);
    const generation = await books.edit('candidate', {
      spec: {
        mirror: {
          service: 'other-mirror',
          deployment: {
            name: 'other-candidate',
            containers: [{ name: 'other-candidate', image: 'readymirroring/bookservice:v3' }],
          },
        },
        traffic: {
          envoy: { configMap: { name: 'other-sidecar' }, reload: { workload: { name: 'other-front' } } },
        },
      },
    });
    await books.until('candidate', 'begins anew', ({ status }) => status.observedGeneration === generation);
    expect(await books.targets()).toEqual(before);
    books.traffic.change({ silent: {} });

    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    expect(await books.config('envoy.yaml', 'other-sidecar')).toContain('other-mirror.');
    expect(await books.config()).toBe(SIDECAR);
    const status = await books.complete('candidate');
    expect(status).toMatchObject({ verdict: 'Fail', observedGeneration: generation });
    const generations = status.conditions?.map(({ observedGeneration }) => observedGeneration);
    expect(generations).toEqual(Object.keys(CONDITIONS).map(() => generation));
    expect(status.targets?.map(({ name, patched }) => `${name} ${patched}`)).toEqual([
      'other-sidecar false',
      'other-front false',
      'other-candidate false',
    ]);
    expect(await books.targets()).toEqual(before);
    expect(await books.targets(others)).toEqual(othersBefore);
    // No condition of the former run is ever seen beside the new generation.
    const mixed = books
      .history('candidate')
      .filter(({ status: each }) => each.conditions?.some((one) => one.observedGeneration !== each.observedGeneration));
    expect(mixed.map(({ status: each }) => each)).toEqual([]);
  });

  test('after the verdict runs the experiment again', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    await books.create('candidate');
    const first = await books.complete('candidate');
    const generation = await books.edit('candidate', { spec: { analysis: { minRequests: 30 } } });
    await books.until(
      'candidate',
      'has begun',
      ({ status }) => status.observedGeneration === generation && status.verdict === undefined,
    );
    const second = await books.complete('candidate');
    expect(second).toMatchObject({ verdict: 'Fail', observedGeneration: generation });
    expect(second.specHash).not.toBe(first.specHash);
    expect(Date.parse(second.startTime ?? '')).toBeGreaterThanOrEqual(Date.parse(first.completionTime ?? ''));
    expect(await books.targets()).toEqual(before);
  });

  test('a label is no new run', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    await books.create('candidate');
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    const generation = await books.edit('candidate', { metadata: { labels: { team: 'books' } } });
    expect(generation).toBe(1);
    const status = await books.complete('candidate');
    expect(status.verdict).toBe('Fail');
    const starts = new Set(books.history('candidate').flatMap(({ status: each }) => each.startTime ?? []));
    expect(starts.size).toBe(1);
  });
});

const reasonOf = (status: Parameters<typeof conditionOf>[0]) => conditionOf(status, 'Passed')?.reason;

/** Where a person may lose patience: how the run is brought there, and how one sees it there. */
const STAGES: readonly [
  what: string,
  prepare: (books: LiveLab) => Promise<void>,
  isThere: (version: Parameters<typeof isComplete>[0]) => boolean,
  image?: string,
][] = [
  [
    'before it is accepted',
    (books) => books.remove('Service', 'bookservice'),
    ({ status }) => reasonOf(status) === 'Waiting',
  ],
  [
    'while the candidate does not come up',
    async () => undefined,
    ({ status }) => reasonOf(status) === 'Preparing',
    'readymirroring/bookservice:bad',
  ],
  [
    'while copies are awaited',
    async (books) => books.traffic.change({ silent: { mirror: true } }),
    ({ status }) => reasonOf(status) === 'AwaitingCopies',
  ],
  [
    'while it is analysed',
    async (books) => books.traffic.change({ requestsPerSecond: 4 }),
    ({ status }) => reasonOf(status) === 'Analysing',
  ],
  ['after the verdict', async (books) => books.traffic.change({ behaviour: V3 }), isComplete],
];

describe.concurrent('a deleted experiment', { timeout: 120_000 }, () => {
  test.for(STAGES)('%s leaves everything as it was', async ([_, prepare, isThere, image], context) => {
    const { expect } = context;
    const books = await stage.lab(context);
    const before = await books.targets();
    await prepare(books);
    const containers = [{ name: 'bookservicemirror', image: image ?? 'readymirroring/bookservice:v2' }];
    await books.create('candidate', { deployment: { containers } });
    await books.until('candidate', 'is where it is to be deleted', isThere);
    await books.delete('candidate');
    await books.gone('candidate', 10);
    expect(await books.targets()).toEqual(before);
  });

  test('lets go of its own finalizer only', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context);
    const before = await books.targets();
    await books.create('candidate');
    await books.edit('candidate', { metadata: { finalizers: ['mirroring.dev/restore', 'example.com/keep'] } });
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    await books.delete('candidate');
    const { finalizers } = await books.until('candidate', 'is let go', (version) => !ours(version.finalizers));
    expect(finalizers).toEqual(['example.com/keep']);
    expect(await books.targets()).toEqual(before);
    await books.edit('candidate', { metadata: { finalizers: [] } });
    await books.gone('candidate');
  });

  test('and created again by the same name is a new one', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    await books.create('candidate');
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    const [first] = books.history('candidate');
    await books.delete('candidate');
    await books.gone('candidate');
    await books.create('candidate');
    const { uid } = await books.until(
      'candidate',
      'is complete',
      (version) => version.uid !== first?.uid && isComplete(version),
    );
    expect(uid).not.toBe(first?.uid);
    expect(await books.targets()).toEqual(before);
  });
});

describe('a finished experiment', { timeout: 120_000 }, () => {
  test('can be deleted when no operator runs, and is held again when its spec changes', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    await books.create('candidate');
    await books.complete('candidate');
    await books.until('candidate', 'is let go', ({ finalizers }) => !ours(finalizers));
    const generation = await books.edit('candidate', { spec: { analysis: { minRequests: 30 } } });
    const { finalizers } = await books.until(
      'candidate',
      'mirrors again',
      ({ status }) => status.observedGeneration === generation && conditionOf(status, 'Mirroring')?.status === 'True',
    );
    expect(ours(finalizers)).toBe(true);
    await books.until(
      'candidate',
      'is let go again',
      (version) => isComplete(version) && version.status.observedGeneration === generation && !ours(version.finalizers),
    );
    await operator.kill();
    context.onTestFinished(async () => {
      operator = await startOperator();
    });
    await books.delete('candidate');
    await books.gone('candidate', 10);
  });
});

describe.concurrent('somebody else who writes to a patched object', { timeout: 120_000 }, () => {
  test('ends the run, is named, and keeps what he wrote', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { requestsPerSecond: 4 } });
    const before = await books.targets();
    await books.create('candidate');
    await books.until('candidate', 'is analysed', ({ status }) => reasonOf(status) === 'Analysing');
    const text = SIDECAR.replace('timeout: 15s', 'timeout: 16s');
    await books.patch('ConfigMap', 'default-sidecar', { data: { 'envoy.yaml': text } }, 'argocd-controller');
    const status = await books.complete('candidate');
    expect(status).toMatchObject({ verdict: 'Inconclusive' });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'TargetChanged' });
    expect(conditionOf(status, 'Passed')?.message).toMatch(
      /changed by field manager "argocd-controller" \(envoy.yaml\)/,
    );
    expect(await books.config()).toBe(text);
    await books.patch('ConfigMap', 'default-sidecar', { data: { 'envoy.yaml': SIDECAR } });
    expect(await books.targets()).toEqual(before);
  });
});

describe.concurrent('two experiments on the same objects', { timeout: 150_000 }, () => {
  test('run one after the other, and the younger names the older', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    await Promise.all([books.create('a'), books.create('b')]);
    await Promise.all([books.complete('a', 100), books.complete('b', 100)]);
    const [first = '', second = ''] = ['a', 'b'].sort((one, other) => start(books, one) - start(books, other));
    const [older, younger] = [books.history(first).at(-1)?.status, books.history(second).at(-1)?.status];
    expect([older?.verdict, younger?.verdict]).toEqual(['Fail', 'Fail']);
    expect(Date.parse(younger?.startTime ?? '')).toBeGreaterThanOrEqual(Date.parse(older?.completionTime ?? ''));
    const waiting = books.history(second).map(({ status }) => conditionOf(status, 'Accepted')?.message);
    expect(waiting).toContainEqual(expect.stringMatching(`waits for MirrorExperiment ${first}, which uses `));
    expect(await books.targets()).toEqual(before);
  });

  const start = (books: LiveLab, name: string) => Date.parse(books.history(name).at(-1)?.status.startTime ?? '');
});

const ours = (finalizers: readonly string[]) => finalizers.includes('mirroring.dev/restore');

describe.concurrent('an Envoy that watches its files', { timeout: 120_000 }, () => {
  const fixture = (name: string) =>
    readFile(join(import.meta.dirname, '..', 'fixtures', 'envoy', 'watched', name), 'utf8');

  test('gets routes and clusters from their keys, with another version_info, and the old ones back', async (context) => {
    const { expect } = context;
    const data = { 'rds.yaml': await fixture('rds-versioned.yaml'), 'cds.yaml': await fixture('cds.yaml') };
    const books = await stage.lab(context, { data, traffic: { behaviour: V3, silent: { mirror: true } } });
    const before = await books.targets();
    await books.create('candidate', {
      envoy: {
        configMap: { name: 'default-sidecar', key: 'rds.yaml', clustersKey: 'cds.yaml' },
        reload: undefined,
      },
    });
    const written = await books.until(
      'candidate',
      'has written',
      ({ status }) => conditionOf(status, 'Mirroring')?.reason === 'ConfigWritten',
    );
    expect(conditionOf(written.status, 'Mirroring')?.status).toBe('Unknown');
    const [rds, cds] = [await books.config('rds.yaml'), await books.config('cds.yaml')];
    expect(rds).toMatch(/^version_info: "7-?[^"]+" {3}# counted by hand|^version_info: "[^7"][^"]*"/m);
    expect(rds).toContain('request_mirror_policies');
    expect(cds).toContain('name: bookservicemirror');
    books.traffic.change({ silent: {} });
    await books.until('candidate', 'mirrors', ({ status }) => conditionOf(status, 'Mirroring')?.status === 'True');
    expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail' });
    expect(await books.targets()).toEqual(before);
    expect(isPatched(await books.read('Deployment', 'bookinfo-spa'))).toBe(false);
  });
});

describe('a ramp', { timeout: 120_000 }, () => {
  test('raises the share on a real API server, with a restart for each step, and restores every byte', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    const ramp = [
      { percent: 5, seconds: 5 },
      { percent: 25, seconds: 5 },
    ];
    await books.create('candidate', { traffic: { ramp } });
    expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail', percent: 0 });
    const seen = books.history('candidate').map(({ status }) => status);
    const percents = seen.flatMap(({ percent }) => percent ?? []);
    expect(percents.filter((percent, index) => percent !== percents[index - 1])).toEqual([5, 25, 100, 0]);
    const told = new Set(
      seen.flatMap((status) => conditionOf(status, 'Mirroring') ?? []).map(({ message }) => message),
    );
    expect(
      [...told].filter((message) => message.startsWith('copying')).map((message) => message.split(';')[0]),
    ).toEqual(expect.arrayContaining(['copying 5 % (step 1 of 3)', 'copying 25 % (step 2 of 3)']));
    // Nothing is compared before the last share is on.
    expect(seen.find(({ mirroringSince }) => mirroringSince !== undefined)?.percent).toBe(100);
    expect(await books.targets()).toEqual(before);
  });
});
