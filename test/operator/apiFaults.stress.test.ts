import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { operatorEnvironment } from '../../demo/operatorEnvironment.ts';
import { type ApiGateway, type GatewayFault, type GatewayRequest, startApiGateway } from '../support/apiGateway.ts';
import { V3 } from '../support/lab.ts';
import { conditionOf, type LiveLab, until, type Version } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type Random, seededRandom } from '../support/random.ts';

type Context = Parameters<OperatorStage['lab']>[0] & { readonly task: { readonly name: string } };

let stage: OperatorStage;
const directories: string[] = [];
const recoveries: string[] = [];

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
  process.stdout.write(`recovery:\n${recoveries.map((line) => `  ${line}\n`).join('')}`);
});

/** An operator that reaches the API server through a gateway only. */
async function operate(context: Context, on: OperatorStage, namespace: string) {
  const directory = await mkdtemp(join(tmpdir(), 'api-faults-'));
  directories.push(directory);
  const gateway = await startApiGateway(on.server);
  const environment = await operatorEnvironment(on.server.kubeconfig, on.azure, directory);
  const KUBECONFIG = await gateway.kubeconfig(environment.KUBECONFIG ?? '');
  const settings = { KUBECONFIG, WATCH_NAMESPACE: namespace, LOG_LEVEL: 'debug', LEADER_ELECTION: 'false' };
  const operator = await on.operator({ settings });
  context.onTestFinished(async () => {
    await operator.kill();
    await gateway.close();
  });
  return { gateway, operator };
}

/** A lab with a candidate that fails, and an operator behind a gateway of its own. */
async function alone(context: Context, on: OperatorStage = stage) {
  const books = await on.lab(context, { traffic: { behaviour: V3 } });
  const before = await books.targets();
  return { books, before, ...(await operate(context, on, books.namespace)) };
}

/** Awaits the recovery within its bound, in seconds, and notes how long it took. */
async function recovers(context: Context, bound: number, recovered: Promise<unknown>): Promise<void> {
  const start = Date.now();
  await recovered;
  const line = `${context.task.name}: ${((Date.now() - start) / 1000).toFixed(1)} s (bound ${bound} s)`;
  recoveries.push(line);
}

const isMirroring = ({ status }: Version) => conditionOf(status, 'Mirroring')?.status === 'True';

/** A stop to the run while it waits for copies: whatever happens then is the operator's doing. */
async function mirrors(books: LiveLab): Promise<void> {
  books.traffic.change({ silent: { mirror: true } });
  await books.create('candidate', { analysis: { deadlineSeconds: 170 } });
  await books.until('candidate', 'mirrors', isMirroring);
}

/**
 * Every refusal is told in the log, by its number; a cut connection has none. The last ones are of Events, which the
 * operator sends when the status is written: the line may come when the test has long seen what it waited for.
 */
function allTold(gateway: ApiGateway, operator: OperatorProcess): Promise<void> {
  const left = () => untold(gateway, operator);
  return until(
    'every refusal is told',
    async () => left().length === 0,
    10,
    () => left().join(', '),
  );
}

function untold(gateway: ApiGateway, operator: OperatorProcess): readonly string[] {
  const told = new Set(
    operator.log.flatMap((line) => [...JSON.stringify(line).matchAll(/injected fault (\d+)/g)].map(([, n]) => n)),
  );
  return gateway.log
    .filter(({ fault, faultNumber }) => fault?.kind === 'answer' && !told.has(String(faultNumber)))
    .map(({ method, path, faultNumber }) => `${faultNumber}: ${method} ${path}`);
}

/** Of a run from beginning to end: what each request of it meets, and how long it may take. Without faults: 12 s.
 * A reconcile reads eight objects, some write twice, and all is done again when one request fails, after 0.5 s at first and
 * 15 s at most: the bounds hold for rates of failure at which most reconciles get through. At random, because what fails in
 * step with the writes of a reconcile fails for ever. */
const THROUGHOUT: readonly (readonly [
  what: string,
  seconds: number,
  fault: (random: Random) => (request: GatewayRequest) => GatewayFault | undefined,
])[] = [
  ['409 on a quarter of the writes', 120, (random) => some(random, { write: 4 }, 409)],
  [
    '500 on every 25th read, a quarter of the writes and half of the watches',
    120,
    (random) => some(random, { read: 25, write: 4, watch: 2 }, 500),
  ],
  [
    '503 on a quarter of the writes, 410 on half of the watches',
    120,
    (random) => {
      const [writes, watches] = [some(random, { write: 4 }, 503), some(random, { watch: 2 }, 410)];
      return (request) => writes(request) ?? watches(request);
    },
  ],
  [
    'a connection cut at every second write, before or after it is done',
    120,
    (random) => (request) =>
      request.kind === 'write' && request.number % 2 === 0
        ? { kind: 'cut', when: random.chance(0.5) ? 'before' : 'after' }
        : undefined,
  ],
];

/** One request in so many of its kind is refused. */
function some(random: Random, oneIn: Partial<Record<GatewayRequest['kind'], number>>, status: 409 | 410 | 500 | 503) {
  return ({ kind }: GatewayRequest): GatewayFault | undefined =>
    random.chance(1 / (oneIn[kind] ?? Number.POSITIVE_INFINITY)) ? { kind: 'answer', status } : undefined;
}

describe.concurrent('a run comes to its verdict and is restored', { timeout: 200_000 }, () => {
  test.for(THROUGHOUT)('with %s', async ([_, seconds, fault], context) => {
    const { expect } = context;
    const { books, before, gateway, operator } = await alone(context);
    gateway.decide(fault(seededRandom(20_260_301)));
    await books.create('candidate', { analysis: { deadlineSeconds: 170 } });
    await recovers(context, seconds, books.complete('candidate', seconds));
    expect(conditionOf((await last(books)).status, 'Passed')).toMatchObject({ status: 'False', reason: 'Latency' });
    expect(await books.targets()).toEqual(before);
    // How many writes there are depends on how many fail: a quarter of about twenty, by chance.
    expect(gateway.log.filter((record) => record.fault !== undefined).length).toBeGreaterThanOrEqual(3);
    await allTold(gateway, operator);
    expect(operator.errors()).toBe('');
  });
});

const last = (books: LiveLab) => books.until('candidate', 'is there', () => true);

describe.concurrent('a deleted experiment is restored', { timeout: 150_000 }, () => {
  test('15 s after the API server has asked for patience, and not before', async (context) => {
    const { expect } = context;
    const { books, before, gateway, operator } = await alone(context);
    await mirrors(books);
    let refusals = 3;
    gateway.decide(({ kind, path }) => {
      if (kind !== 'write' || !path.includes('/configmaps/') || refusals === 0) return undefined;
      refusals -= 1;
      return { kind: 'answer', status: 429, retryAfterSeconds: 3 };
    });
    await books.delete('candidate');
    await recovers(context, 3 * 3 + 15, books.gone('candidate', 3 * 3 + 15));
    expect(await books.targets()).toEqual(before);
    const times = gateway.log.filter(({ fault }) => fault !== undefined).map(({ at }) => at);
    expect(times).toHaveLength(3);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2990);
    await allTold(gateway, operator);
  });

  test.for([409, 500] as const)('when every write has been refused with %d, five times', async (status, context) => {
    const { expect } = context;
    const { books, before, gateway, operator } = await alone(context);
    await mirrors(books);
    gateway.decide(({ kind }) => (kind === 'write' ? { kind: 'answer', status } : undefined));
    await books.delete('candidate');
    const refused = () => gateway.log.filter(({ fault }) => fault !== undefined).length;
    await until('five writes are refused', async () => refused() >= 5, 60);
    expect(await books.targets()).not.toEqual(before);
    gateway.decide(() => undefined);
    await recovers(context, 15 + 15, books.gone('candidate', 15 + 15));
    expect(await books.targets()).toEqual(before);
    await allTold(gateway, operator);
    expect(operator.errors()).toBe('');
  });

  test('by an API server that takes 1 to 3 s for each answer', async (context) => {
    const { expect } = context;
    const { books, before, gateway, operator } = await alone(context);
    await mirrors(books);
    const random = seededRandom(20_260_302);
    gateway.decide(({ kind }) =>
      kind === 'watch' ? undefined : { kind: 'delay', milliseconds: 1000 + 2000 * random.uniform() },
    );
    await books.delete('candidate');
    await recovers(context, 60, books.gone('candidate', 60));
    expect(await books.targets()).toEqual(before);
    expect(operator.errors()).toBe('');
  });

  test('when all connections are cut again and again', async (context) => {
    const { expect } = context;
    const { books, before, gateway, operator } = await alone(context);
    await mirrors(books);
    const cuts = setInterval(() => gateway.cut(), 400);
    context.onTestFinished(() => clearInterval(cuts));
    await books.delete('candidate');
    await recovers(context, 40, books.gone('candidate', 40));
    expect(await books.targets()).toEqual(before);
    expect(operator.errors()).toBe('');
  });

  test('when the API server was killed and comes back on its data', async (context) => {
    const { expect } = context;
    const own = await setOperatorStage();
    context.onTestFinished(() => own.stop());
    const { books, before, operator } = await alone(context, own);
    await mirrors(books);
    await own.server.kill();
    const fails = () => operator.log.filter(({ message }) => /^watch of .* failed/.test(message)).length >= 4;
    await until('the operator has noticed, and has tried again', async () => fails(), 30);
    await own.server.restart();
    await until('the API server takes the deletion', () => books.delete('candidate').then(always, never), 30);
    await recovers(context, 45, books.gone('candidate', 45));
    expect(await books.targets()).toEqual(before);
    expect(operator.errors()).toBe('');
  });
});

const always = () => true;
const never = () => false;

test.concurrent('a watch that is silently frozen is noticed', { timeout: 90_000 }, async (context) => {
  const { expect } = context;
  const { books, before, gateway } = await alone(context);
  // The watch stands, and nothing comes through it any more.
  await mirrors(books);
  await books.delete('candidate');
  await books.gone('candidate');
  books.traffic.change({ silent: {} });
  gateway.freezeWatches();
  await books.create('second');
  const begins = books.until('second', 'begins', ({ status }) => status.observedGeneration === 1, 40);
  await recovers(context, 40, begins);
  expect(await books.complete('second')).toMatchObject({ verdict: 'Fail' });
  expect(await books.targets()).toEqual(before);
});
