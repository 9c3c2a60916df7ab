import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DisturbedReplica, startDisturbedReplica } from '../support/disturbedReplica.ts';
import { V2, V3 } from '../support/lab.ts';
import { conditionOf, isComplete, isPatched, type LiveLab, until, type Version } from '../support/liveLab.ts';
import type { Measurement } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { randomApiFault, randomTelemetryFault } from '../support/randomFaults.ts';
import { addSlot, type Slot } from '../support/slots.ts';

const MINUTES = process.env.SOAK_MINUTES;
const SOAK_SECONDS = MINUTES === undefined ? 35 : 60 * Number(MINUTES);
const SEED = Number(process.env.SOAK_SEED ?? '20260301');
/** Experiments one after the other in all slots, of which a third comes to a verdict. */
const LIVES = MINUTES === undefined ? 120 : Math.max(120, 60 * Number(MINUTES));
const LABS = 4;
const SLOTS = 5;
/** After the last fault: the longest back-off (15 s), a lease, the 45 s of a run, and its steps, of 20 experiments at once. */
const CALM_SECONDS = 150;
const LEASE = { LEASE_SECONDS: '4', RENEW_DEADLINE_SECONDS: '2.5', RETRY_SECONDS: '0.5' };

let stage: OperatorStage;
let slots: readonly Slot[];
let before: readonly unknown[];
const figures: string[] = [];

beforeAll(async () => {
  stage = await setOperatorStage();
  const labs = await Promise.all(
    Array.from({ length: LABS }, (_, index) =>
      stage.lab(
        { onTestFinished: afterAll },
        { traffic: { behaviour: isBad(index) ? V3 : V2, requestsPerSecond: 20 } },
      ),
    ),
  );
  slots = await Promise.all(
    labs.flatMap((books) => Array.from({ length: SLOTS }, (_, index) => addSlot(books, String(index + 1)))),
  );
  await Promise.all(slots.map(available));
  before = await Promise.all(slots.map((slot) => slot.targets()));
}, 120_000);
afterAll(async () => {
  await stage?.stop();
  process.stdout.write(figures.map((line) => `${line}\n`).join(''));
});

/** Of every second lab. */
function isBad(lab: number): boolean {
  return lab % 2 === 0;
}

async function available({ books, name }: Slot): Promise<void> {
  const ready = async (deployment: string) => {
    const { stdout } = await books.kubectl([
      'get',
      'deployment',
      deployment,
      '-o',
      'jsonpath={.status.availableReplicas}',
    ]);
    return stdout === '1';
  };
  await until(
    `the pods of slot ${name} are available`,
    async () => (await ready(`front-${name}`)) && (await ready(`candidate-${name}`)),
    60,
  );
}

const isMirroring = ({ status }: Version) => conditionOf(status, 'Mirroring')?.status === 'True';

test(`faults at random, over ${LABS * SLOTS} experiments at once: seed ${SEED}, ${SOAK_SECONDS} s`, {
  timeout: (SOAK_SECONDS + 240) * 1000,
}, async ({ onTestFinished }) => {
  const random = seededRandom(SEED);
  const settings = { ...LEASE, TELEMETRY_TIMEOUT_SECONDS: '5' };
  const [survivor, mortal] = await Promise.all([
    startDisturbedReplica(stage, { ...settings, POD_NAME: 'survivor' }),
    startDisturbedReplica(stage, { ...settings, POD_NAME: 'mortal' }),
  ]);
  const replicas = [survivor, mortal];
  onTestFinished(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
  });
  for (const { api, telemetry } of replicas) {
    api.decide((request) => randomApiFault(request, random, 25));
    telemetry.decide((request) => randomTelemetryFault(request, random, 10));
  }
  const end = Date.now() + SOAK_SECONDS * 1000;
  const disturbing = disturb(survivor, mortal, seededRandom(SEED + 1), end);
  const living = Promise.all(slots.map((slot, index) => liveOn(slot, seededRandom(SEED + 100 + index), end)));
  await until('it has warmed up', async () => Date.now() > end - (SOAK_SECONDS / 2) * 1000, SOAK_SECONDS);
  const warm = await survivor.process().measure();
  const disturbances = await disturbing;
  const calm = Date.now();
  const lives = await living;
  figures.push(
    `soak: all restored ${((Date.now() - calm) / 1000).toFixed(1)} s after the last fault (bound ${CALM_SECONDS} s)`,
  );

  const statuses = lives.flat().flatMap(({ slot, name }) => {
    const last = slot.books.history(name).at(-1);
    return last === undefined ? [] : [{ slot, version: last }];
  });
  const isOfBad = ({ books }: Slot) => isBad(Math.floor(slots.findIndex((slot) => slot.books === books) / SLOTS));
  expect(statuses.filter(({ slot, version }) => isOfBad(slot) && version.status.verdict === 'Pass')).toEqual([]);
  expect(statuses.filter(({ slot, version }) => !isOfBad(slot) && version.status.verdict === 'Fail')).toEqual([]);
  expect(await leftovers()).toEqual([]);
  expect(await Promise.all(slots.map((slot) => slot.targets()))).toEqual(before);
  expect(replicas.map((replica) => replica.errors())).toEqual(['', '']);
  const faults = replicas.flatMap(({ api, telemetry }) => [...api.log, ...telemetry.log]).filter(({ fault }) => fault);
  const verdicts = Object.entries(Object.groupBy(statuses, ({ version }) => version.status.verdict ?? 'none'));
  figures.push(
    `soak: ${statuses.length} experiments (${verdicts.map(([verdict, all]) => `${verdict} ${all?.length}`).join(', ')}), ` +
      `${faults.length} faults, ${Object.entries(disturbances)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')}`,
  );
  expect(statuses.length).toBeGreaterThan(LABS * SLOTS);
  expect(statuses.filter(({ version }) => version.status.verdict !== undefined).length).toBeGreaterThan(SLOTS);
  expect(faults.length).toBeGreaterThan(50);
  const last = await survivor.process().measure();
  figures.push(`soak: the survivor ${told(warm)} -> ${told(last)}`);
  expect(sum(last.resources)).toBeLessThanOrEqual(sum(warm.resources));
  expect(last.listeners).toBe(warm.listeners);
  expect(last.objects - warm.objects).toBeLessThan(SOAK_HEAP);
  for (const replica of replicas) expect((await replica.process().terminate()).code).toBe(0);
});

/** Bytes: caches of code and connections, which come as they are used. */
const SOAK_HEAP = 4 * 2 ** 20;

type Disturbance =
  | 'connections cut'
  | 'telemetry outages'
  | 'tokens expired'
  | 'kills'
  | 'terminations'
  | 'freezes'
  | 'clock steps';

/** One thing after the other, at random, until the end; then all is as it should be. */
async function disturb(
  survivor: DisturbedReplica,
  mortal: DisturbedReplica,
  random: Random,
  end: number,
): Promise<Record<Disturbance, number>> {
  const counts: Record<Disturbance, number> = {
    'connections cut': 0,
    'telemetry outages': 0,
    'tokens expired': 0,
    kills: 0,
    terminations: 0,
    freezes: 0,
    'clock steps': 0,
  };
  const either = () => (random.chance(0.5) ? survivor : mortal);
  const within = (seconds: number) => pause(Math.min(1000 * seconds * random.uniform(), Math.max(0, end - Date.now())));
  const acts: readonly (readonly [Disturbance, () => Promise<void>])[] = [
    ['connections cut', async () => either().api.cut()],
    [
      'telemetry outages',
      async () => {
        const { telemetry } = either();
        await telemetry.refuse();
        await within(4);
        await telemetry.accept();
      },
    ],
    ['tokens expired', async () => either().telemetry.expireTokens()],
    ['kills', () => mortal.kill()],
    [
      'terminations',
      async () => {
        expect(await mortal.terminate()).toBe(0);
      },
    ],
    [
      'freezes',
      async () => {
        survivor.process().freeze();
        await within(6);
        survivor.process().resume();
      },
    ],
    [
      'clock steps',
      async () => {
        const replica = either();
        const most = random.chance(0.1) ? 3_600_000 : 45_000;
        await replica.setClock((random.chance(0.5) ? 1 : -1) * most * random.uniform());
        await within(3);
        await replica.setClock(0);
      },
    ],
  ];
  while (Date.now() < end) {
    const [what, act] = acts[random.integer(acts.length)] ?? [];
    if (what === undefined || act === undefined) continue;
    await act();
    counts[what] += 1;
    await within(1);
  }
  for (const { api, telemetry } of [survivor, mortal]) {
    api.decide(() => undefined);
    telemetry.decide(() => undefined);
  }
  return counts;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

interface Life {
  readonly slot: Slot;
  readonly name: string;
}

/** One experiment after the other: some come to a verdict, some are deleted on the way; some that are complete stay. */
async function liveOn(slot: Slot, random: Random, end: number): Promise<readonly Life[]> {
  const { books } = slot;
  const lives: Life[] = [];
  while (Date.now() < end) {
    const name = `soak-${slot.name}-${lives.length + 1}`;
    lives.push({ slot, name });
    const patience = Date.now() + 1000 + 40_000 * random.uniform();
    await books.create(name, { ...slot.change, analysis: { deadlineSeconds: 45 } });
    const complete = () => books.history(name).some(isComplete);
    await until(
      `${name} is complete, or nobody waits any more`,
      async () => Date.now() > Math.min(patience, end) || complete(),
      60,
    );
    if (complete() && random.chance(0.3)) continue;
    // What runs when the last fault is over comes to its verdict by itself, or is deleted.
    if (Date.now() > end && random.chance(0.5)) await books.complete(name, CALM_SECONDS);
    await books.delete(name);
    await books.gone(name, Math.max(0, end - Date.now()) / 1000 + CALM_SECONDS);
  }
  return lives;
}

/** Experiments that have not ended, and everything that is patched. */
async function leftovers(): Promise<readonly string[]> {
  const labs: readonly LiveLab[] = [...new Set(slots.map(({ books }) => books))];
  const found = await Promise.all(
    labs.map(async ({ kubectl }) => {
      const { stdout } = await kubectl(['get', 'configmaps,deployments,mirrorexperiments', '-o', 'json']);
      const { items }: { items: (Record<string, unknown> & Version & { kind: string; metadata: { name: string } })[] } =
        JSON.parse(stdout);
      return items.filter((item) =>
        item.kind === 'MirrorExperiment'
          ? conditionOf(item.status ?? {}, 'Complete')?.status !== 'True'
          : isPatched(item) || JSON.stringify(item).includes('request_mirror_policies'),
      );
    }),
  );
  return found.flat().map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

/** Bytes that an experiment may leave behind: next to nothing, as the longest runs show best (SOAK_MINUTES). */
const BYTES_PER_LIFE = 512;
/** Bytes: a connection that happens to be open takes 40 kB; on a busy machine 385 kB were seen, here and there. */
const NOISE = 3 * 2 ** 18;

test(`memory is flat over ${LIVES} experiments`, { timeout: (300 + 3 * LIVES) * 1000 }, async ({ onTestFinished }) => {
  const operator = await stage.operator({ settings: LEASE, probed: true });
  onTestFinished(() => operator.kill());
  const quarters: Measurement[] = [];
  // A verdict takes twice as long as a start and a deletion.
  const pairs = Math.ceil(LIVES / 4 / (1.5 * slots.length));
  for (let quarter = 1; quarter <= 4; quarter++) {
    await Promise.all(slots.map((slot) => lives(slot, quarter, pairs)));
    quarters.push(await operator.measure());
  }
  const count = 4 * pairs * 1.5 * slots.length;
  const [first, half, , last] = quarters;
  if (first === undefined || half === undefined || last === undefined) throw new Error('nothing was measured');
  figures.push(`flat: ${count} experiments; 25 % ${told(first)} -> 50 % ${told(half)} -> 100 % ${told(last)}`);
  const [growth, bound] = [last.objects - half.objects, NOISE + (BYTES_PER_LIFE * count) / 2];
  figures.push(`flat: ${kilobytes(growth)} kB of objects more after the last ${count / 2} (bound ${kilobytes(bound)})`);
  expect(growth).toBeLessThan(bound);
  expect(sum(last.resources)).toBeLessThanOrEqual(sum(first.resources) + 4);
  expect(last.listeners).toBe(first.listeners);
  expect(await leftovers()).toEqual([]);
  expect(await Promise.all(slots.map((slot) => slot.targets()))).toEqual(before);
  expect(operator.errors()).toBe('');
  expect((await operator.terminate()).code).toBe(0);
});

/** In a bad candidate's lab they come to a verdict, in a good one's they are deleted while they mirror. */
async function lives({ books, name: slot, change }: Slot, quarter: number, pairs: number): Promise<void> {
  const bad = isBad(Math.floor(slots.findIndex((each) => each.books === books) / SLOTS));
  for (let index = 1; index <= (bad ? 1 : 2) * pairs; index++) {
    const name = `flat-${slot}-${quarter}-${index}`;
    await books.create(name, { ...change, analysis: { deadlineSeconds: 300 } });
    if (bad) expect(await books.complete(name, 240)).toMatchObject({ verdict: 'Fail' });
    else await books.until(name, 'mirrors', isMirroring, 240);
    await books.delete(name);
    await books.gone(name, 120);
  }
}

function told({ objects, rss, resources, listeners }: Measurement): string {
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return `${megabytes(objects)} MB of objects, ${megabytes(rss)} MB resident, ${sum(resources)} resources, ${listeners} listeners`;
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 1024);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
