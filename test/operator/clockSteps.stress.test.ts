import { afterAll, beforeAll, describe, test } from 'vitest';
import { V2, V3 } from '../support/lab.ts';
import { conditionOf, until } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type Replica, startReplica, writesWithoutLease } from '../support/replica.ts';

type Context = Parameters<OperatorStage['lab']>[0] & { readonly task: { readonly name: string } };

/** Seconds. */
const INTERVAL = 5;
/** A look, the verdict and the restore with its rollouts: seconds, but for a machine that is busy with other tests. */
const END = 15;
const HOUR = 3600;

let stage: OperatorStage;
const recoveries: string[] = [];

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  process.stdout.write(`clock steps:\n${recoveries.map((line) => `  ${line}\n`).join('')}`);
});

/** A run of a good candidate that has been looked at once. The services' clocks, and this process's, are right. */
async function analysed(context: Context, analysis: object) {
  const books = await stage.lab(context, { traffic: { behaviour: V2, requestsPerSecond: 30 } });
  const before = await books.targets();
  const operator = await stage.operator({ settings: { WATCH_NAMESPACE: books.namespace }, probed: true });
  context.onTestFinished(() => operator.kill());
  await books.create('candidate', { analysis: { intervalSeconds: INTERVAL, ...analysis } });
  const looked = ({ status }: { readonly status: { readonly lastAnalysisTime?: string } }) =>
    status.lastAnalysisTime !== undefined;
  const { status } = await books.until('candidate', 'is looked at', looked);
  /** Real seconds since the first copy. */
  const mirrored = () => (Date.now() - Date.parse(status.mirroringSince ?? '')) / 1000;
  return { books, before, operator, mirrored };
}

function measured(what: string, seconds: number, bound: string): void {
  recoveries.push(`${what}: ${seconds.toFixed(1)} s (bound ${bound})`);
}

describe.concurrent('an operator whose clock is set in the middle of a run', { timeout: 170_000 }, () => {
  test.for([
    [30, 65],
    [-30, 55],
  ] as const)('by %d s passes a good candidate, not before %d s', async ([seconds, minimum], context) => {
    const { expect } = context;
    const { books, before, operator, mirrored } = await analysed(context, {
      minDurationSeconds: minimum,
      deadlineSeconds: 300,
    });
    await operator.step(seconds * 1000);
    expect(await books.complete('candidate', 130)).toMatchObject({ verdict: 'Pass' });
    measured(`set by ${seconds} s: Pass`, mirrored(), `at least ${minimum} s`);
    expect(mirrored()).toBeGreaterThanOrEqual(minimum);
    expect(await books.targets()).toEqual(before);
    expect(operator.errors()).toBe('');
  });

  test.for([
    ['forward past the deadline', [HOUR], 60, 'NotEnoughEvidence'],
    ['back by an hour', [-HOUR], 170, 'ClockChanged'],
    ['forward by an hour and back again', [HOUR, -HOUR], 2 * HOUR, 'ClockChanged'],
  ] as const)(
    '%s ends it without a verdict on the candidate',
    async ([what, steps, deadlineSeconds, reason], context) => {
      const { expect } = context;
      const { books, before, operator } = await analysed(context, { deadlineSeconds });
      const [first, ...more] = steps;
      await operator.step(first * 1000);
      for (const step of more) {
        const ahead = Date.now() + (HOUR / 2) * 1000;
        const looked = ({ lastAnalysisTime }: { readonly lastAnalysisTime?: string }) =>
          Date.parse(lastAnalysisTime ?? '') > ahead;
        await books.until('candidate', 'is looked at then', ({ status }) => looked(status));
        await operator.step(step * 1000);
      }
      const start = Date.now();
      const status = await books.complete('candidate', INTERVAL + END);
      measured(`set ${what}: restored`, (Date.now() - start) / 1000, `${INTERVAL + END} s`);
      expect(status).toMatchObject({ verdict: 'Inconclusive' });
      expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason });
      expect(await books.targets()).toEqual(before);
      expect(operator.errors()).toBe('');
    },
  );

  test('forward by an hour still fails a bad candidate', async (context) => {
    const { expect } = context;
    const { books, before, operator } = await analysed(context, { deadlineSeconds: 2 * HOUR });
    await operator.step(HOUR * 1000);
    books.traffic.change({ behaviour: V3 });
    expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail' });
    expect(await books.targets()).toEqual(before);
    expect(operator.errors()).toBe('');
  });
});

const LEASE = { seconds: 4, deadline: 2.5, retry: 0.5 };

test.concurrent('replicas whose clocks are set keep their leader, and none takes over early', {
  timeout: 170_000,
}, async (context) => {
  const { expect } = context;
  const books = await stage.lab(context, { traffic: { requestsPerSecond: 10 } });
  const before = await books.targets();
  const settings = {
    WATCH_NAMESPACE: books.namespace,
    LEASE_SECONDS: String(LEASE.seconds),
    RENEW_DEADLINE_SECONDS: String(LEASE.deadline),
    RETRY_SECONDS: String(LEASE.retry),
  };
  const start = async (): Promise<Replica> => {
    const replica = await startReplica(stage, settings, { probed: true });
    context.onTestFinished(() => replica.stop());
    return replica;
  };
  const leader = await start();
  await until('the first leads', async () => leader.leads());
  const standby = await start();
  await books.create('candidate', { analysis: { deadlineSeconds: 170, minRequests: 100_000 } });
  await books.until('candidate', 'is looked at', ({ status }) => status.lastAnalysisTime !== undefined);
  for (const [replica, seconds] of [
    [leader, HOUR],
    [standby, -HOUR],
    [leader, -2 * HOUR],
    [standby, 2 * HOUR + 30],
  ] as const) {
    await replica.step(seconds * 1000);
    const since = new Date().toISOString();
    // For longer than a lease.
    const renewals = Math.ceil((1.5 * LEASE.seconds) / LEASE.retry);
    await until('the lease is renewed again and again', async () => (await renewalsOf(leader, since)) >= renewals, 30);
    expect([leader.leads(), standby.leads()]).toEqual([true, false]);
  }
  const killed = Date.now();
  await leader.kill();
  await until('the other leads', async () => standby.leads(), LEASE.seconds + LEASE.retry + END);
  const takeover = (Date.now() - killed) / 1000;
  measured(
    'a standby whose clock is an hour ahead takes over after a kill',
    takeover,
    'at least 3.3 s of a lease of 4',
  );
  // Counted from the last renewal, which is up to a retry before the kill.
  expect(takeover).toBeGreaterThanOrEqual(LEASE.seconds - LEASE.retry - 0.2);
  await books.complete('candidate', 30);
  expect(await books.targets()).toEqual(before);
  const own = new Set([leader.address, standby.address]);
  const requests = (await stage.requests()).filter(({ sourceIPs }) => own.has(sourceIPs[0] ?? ''));
  const { writes, unheld } = writesWithoutLease(requests, LEASE.seconds);
  expect(unheld).toEqual([]);
  expect(writes).toBeGreaterThan(5);
  expect([leader.errors(), standby.errors()]).toEqual(['', '']);
});

/** Since a time, RFC 3339. */
async function renewalsOf({ address }: Replica, since: string): Promise<number> {
  const requests = await stage.requests();
  return requests.filter(
    ({ objectRef, verb, sourceIPs, requestReceivedTimestamp }) =>
      objectRef?.resource === 'leases' &&
      verb === 'update' &&
      sourceIPs[0] === address &&
      requestReceivedTimestamp > since,
  ).length;
}
