import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { conditionOf, type LiveLab, until, type Version } from '../support/liveLab.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { type Replica, startReplica, writesWithoutLease } from '../support/replica.ts';

const LEASE = { seconds: 4, deadline: 2.5, retry: 0.5 };
const SETTINGS = {
  LEASE_SECONDS: String(LEASE.seconds),
  RENEW_DEADLINE_SECONDS: String(LEASE.deadline),
  RETRY_SECONDS: String(LEASE.retry),
};
/** For requests and timers on a busy machine. */
const SLACK = 1000;
const FAILOVER = (LEASE.seconds + LEASE.retry) * 1000 + SLACK;

const REQUESTS_PER_SECOND = 120;
const MIN_DURATION = 25;

let stage: OperatorStage;
let books: LiveLab;
let before: readonly unknown[];
const running = new Set<Replica>();

beforeAll(async () => {
  stage = await setOperatorStage();
  await Promise.all([start(), start()]);
  books = await stage.lab({ onTestFinished: afterAll }, { traffic: { requestsPerSecond: REQUESTS_PER_SECOND } });
  before = await books.targets();
}, 120_000);
afterAll(async () => {
  for (const replica of running) await replica.stop();
  await stage?.stop();
});

async function start(): Promise<Replica> {
  const replica = await startReplica(stage, SETTINGS);
  running.add(replica);
  return replica;
}

async function end(replica: Replica): Promise<void> {
  running.delete(replica);
  await replica.stop();
}

/** Both replicas, once exactly one leads. */
async function pair(): Promise<{ leader: Replica; standby: Replica }> {
  const [a, b] = [...running];
  if (a === undefined || b === undefined) throw new Error('there are no two replicas');
  await until('exactly one replica leads', async () => a.leads() !== b.leads());
  return a.leads() ? { leader: a, standby: b } : { leader: b, standby: a };
}

/** Milliseconds until the standby leads. */
async function takeover(standby: Replica, since: number): Promise<number> {
  await until('the standby leads', async () => standby.leads());
  return (standby.lastLogged('leading') ?? 0) - since;
}

const isMirroring = ({ status }: Version) => conditionOf(status, 'Mirroring')?.status === 'True';

/** Milliseconds of each way to lose a leader. */
const measured: Record<string, number> = {};
afterAll(() => console.info('failover in ms, lease 4 s, retry 0.5 s:', JSON.stringify(measured)));

afterEach(async ({ expect: local }) => {
  const { writes, unheld } = writesWithoutLease(await stage.requests(), LEASE.seconds);
  local(unheld).toEqual([]);
  local(writes).toBeGreaterThan(0);
});

describe('two replicas', { timeout: 60_000 }, () => {
  test('are both ready, and one acts', async () => {
    const { leader, standby } = await pair();
    await until('both are ready', async () => (await leader.isReady()) && (await standby.isReady()));
    // It lasts until the end of this file, through every leader.
    const latency = [{ percentile: 50, maxIncreasePercent: 300, maxIncreaseMilliseconds: 300 }];
    await books.create('long', { analysis: { minDurationSeconds: MIN_DURATION, deadlineSeconds: 120, latency } });
    await books.until('long', 'mirrors', isMirroring);
    const writers = new Set(
      (await stage.requests()).filter(({ verb }) => verb === 'patch').flatMap(({ sourceIPs }) => sourceIPs),
    );
    expect([...writers]).toEqual([leader.address]);
    expect(standby.lastLogged('standing by')).toBeDefined();
  });

  test('replace a leader that is killed within lease and retry', async () => {
    const { leader, standby } = await pair();
    await leader.kill();
    measured.killed = await takeover(standby, Date.now());
    expect(measured.killed).toBeLessThan(FAILOVER);
    await end(leader);
    await start();
  });

  test('replace a leader that stands still, which writes nothing when it goes on', async () => {
    const { leader, standby } = await pair();
    const revived = (await stage.requests()).length;
    leader.freeze();
    measured.frozen = await takeover(standby, Date.now());
    expect(measured.frozen).toBeLessThan(FAILOVER);
    // The new leader looks twice, an interval apart: the old one's next look is overdue.
    const looks = () => new Set(books.history('long').map(({ status }) => status.lastAnalysisTime)).size;
    const [first, count] = [Date.now(), looks()];
    await until('the new leader has looked twice', async () => looks() >= count + 2 && Date.now() - first > 5000);
    leader.resume();
    await until('the old leader stands by', async () => !leader.leads());
    await until('it has looked at the Lease', async () => {
      const seen = (await stage.requests()).slice(revived);
      return seen.some(({ objectRef, verb, sourceIPs }) => {
        return objectRef?.resource === 'leases' && verb === 'get' && sourceIPs[0] === leader.address;
      });
    });
    expect(standby.leads()).toBe(true);
    expect(await leader.isReady()).toBe(true);
  });

  test('replace a leader that is cut off, after it has stopped', async () => {
    const { leader, standby } = await pair();
    leader.proxy.freeze();
    measured.cutOff = await takeover(standby, Date.now());
    expect(measured.cutOff).toBeLessThan(FAILOVER);
    const stopped = leader.lastLogged('no longer leading') ?? Number.NaN;
    expect(stopped).toBeLessThan(standby.lastLogged('leading') ?? 0);
    // What the network still held is lost with its connections.
    leader.proxy.cut();
    leader.proxy.thaw();
    await until('the old leader hears of the new one', async () => (leader.lastLogged('standing by') ?? 0) > stopped);
    expect(standby.leads()).toBe(true);
  });

  test('hand over at once on SIGTERM', async () => {
    const { leader, standby } = await pair();
    const since = Date.now();
    const [{ code, milliseconds }, handover] = await Promise.all([leader.terminate(), takeover(standby, since)]);
    measured.terminated = handover;
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(3000);
    expect(handover).toBeLessThan(3000);
    expect(leader.lastLogged('released the lease')).toBeDefined();
    expect(leader.errors()).toBe('');
    await end(leader);
  });

  test('have brought the experiment to the right verdict with all its evidence, and restored everything', async () => {
    const status = await books.complete('long', 60);
    expect(status).toMatchObject({ verdict: 'Pass', observedGeneration: 1 });
    const history = books.history('long').map((version) => version.status);
    for (const field of ['startTime', 'mirroringSince'] as const) {
      expect(new Set(history.flatMap((each) => each[field] ?? [])).size).toBe(1);
    }
    // Requests since the first leader began to mirror, not since the last took over.
    expect(status.requests?.mirror).toBeGreaterThan(MIN_DURATION * REQUESTS_PER_SECOND * 0.9);
    expect(await books.targets()).toEqual(before);
    const get = ['get', 'lease', 'mirror-experiment', '-n', 'mirror-experiment-system', '-o'];
    const { stdout } = await books.kubectl([...get, 'jsonpath={.spec.leaseTransitions}']);
    // Killed, frozen, cut off and terminated.
    expect(stdout).toBe('4');
    expect([...running].flatMap(({ log }) => log.filter(({ level }) => level === 'error'))).toEqual([]);
  });
});
