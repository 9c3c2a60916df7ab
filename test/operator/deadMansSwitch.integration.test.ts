import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { startSwitch } from '../support/deadMansSwitch.ts';
import { conditionOf, until, type Version } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

/** Of the operators and of the switch. */
const LEASE = { LEASE_SECONDS: '4', RENEW_DEADLINE_SECONDS: '2.5', RETRY_SECONDS: '0.5' };
const ABSENT_SECONDS = 8;

const SWITCH_USER = 'system:serviceaccount:mirror-experiment-system:mirror-experiment-dead-mans-switch';

let stage: OperatorStage;
const measured: Record<string, number> = {};

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(async () => {
  await stage?.stop();
  console.info(`dead man's switch, seconds until gone ${ABSENT_SECONDS}, lease 4; in ms:`, JSON.stringify(measured));
});

const settingsOf = (namespace: string) => ({ WATCH_NAMESPACE: namespace, ...LEASE });

/** An operator that holds the Lease, until the test ends at the latest. */
async function operate({ onTestFinished }: TestContext, namespace: string): Promise<OperatorProcess> {
  const operator = await stage.operator({ settings: { ...settingsOf(namespace), LEADER_ELECTION: 'true' } });
  onTestFinished(() => operator.kill());
  await until('the operator leads', async () => operator.log.some(({ message }) => message === 'leading'), 60);
  return operator;
}

const runSwitch = (namespace: string, settings: Readonly<Record<string, string>> = {}) =>
  startSwitch(stage, {
    ...settingsOf(namespace),
    DEAD_MANS_SWITCH_SECONDS: String(ABSENT_SECONDS),
    ...settings,
  });

const isMirroring = ({ status }: Version) => conditionOf(status, 'Mirroring')?.status === 'True';

/** What the switch has asked the API server for since. */
async function requestsOfSwitch(since = 0) {
  return (await stage.requests()).filter(
    ({ user, requestReceivedTimestamp }) =>
      user.username === SWITCH_USER && Date.parse(requestReceivedTimestamp) >= since,
  );
}

describe('the dead man’s switch', { timeout: 120_000 }, () => {
  test('ends a run whose operator was killed, restores every byte, and lets the experiment be deleted', async (context) => {
    const books = await stage.lab(context);
    const before = await books.targets();
    const operator = await operate(context, books.namespace);
    await books.create('candidate', { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
    await books.until('candidate', 'mirrors', isMirroring);
    await operator.kill();
    const killed = Date.now();
    expect((await books.targets()).some((each) => JSON.stringify(each).includes('mirroring.dev/journal'))).toBe(true);

    const first = await runSwitch(books.namespace);
    const { code, at } = await first.ended;
    measured.restored = at - killed;
    expect({ code, errors: first.errors(), log: first.log.filter(({ level }) => level === 'error') }).toEqual({
      code: 0,
      errors: '',
      log: [],
    });
    const about = first.log.filter(({ experiment }) => experiment !== undefined);
    expect(about.length).toBeGreaterThan(3);
    for (const line of about) {
      const uid = expect.stringMatching(/^[0-9a-f-]{36}$/);
      expect(line).toMatchObject({ namespace: books.namespace, experiment: 'candidate', uid });
    }
    expect(first.log.filter((line) => !about.includes(line) && JSON.stringify(line).includes('candidate'))).toEqual([]);
    const status = await books.complete('candidate', 5);
    expect(status).toMatchObject({ verdict: 'Inconclusive', observedGeneration: 1 });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'OperatorAbsent' });
    expect(status.summary).toMatch(
      /^Inconclusive: no operator was at work: the Lease mirror-experiment-system\/mirror-experiment was not renewed for 8 s \(held by \S+, last written at \S+ by that one’s clock\); the dead man’s switch has ended mirroring$/,
    );
    expect(conditionOf(status, 'Mirroring')).toMatchObject({ status: 'False', reason: 'Restored' });
    expect(await books.targets()).toEqual(before);
    expect((await books.events('candidate')).filter((event) => event.startsWith('OperatorAbsent'))).toEqual([
      'OperatorAbsent x1',
    ]);

    // With nothing left to do it ends at once, and deleting the experiment takes no operator either.
    const [idle, since] = [await runSwitch(books.namespace), Date.now()];
    expect(await idle.ended).toMatchObject({ code: 0 });
    expect((await requestsOfSwitch(since)).map(({ verb }) => verb)).toEqual(['list']);
    await books.delete('candidate');
    expect(await (await runSwitch(books.namespace)).ended).toMatchObject({ code: 0 });
    await books.gone('candidate');
    expect((await requestsOfSwitch()).filter(({ responseStatus }) => responseStatus.code === 403)).toEqual([]);
  });

  test('leaves a live operator alone, and gives way to one that is back within a failover, as it ships', async (context) => {
    const books = await stage.lab(context);
    const operator = await operate(context, books.namespace);
    await books.create('candidate', { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
    await books.until('candidate', 'mirrors', isMirroring);
    const begin = Date.now();
    const beside = await runSwitch(books.namespace);
    const { code, at } = await beside.ended;
    measured.besideLive = at - begin;
    expect([code, beside.log.at(-1)?.message]).toEqual([0, 'an operator is at work']);

    // The settings of deploy/: a lease of 15 s, and 300 s until an operator is gone.
    await operator.kill();
    const shipped = await startSwitch(stage, { WATCH_NAMESPACE: books.namespace });
    // The Lease has not been renewed for its 15 s.
    const standsStill = () => shipped.log.some(({ message }) => message === 'the Lease stands still');
    await until('the Lease stands still', async () => standsStill(), 60);
    await operate(context, books.namespace);
    expect(await shipped.ended).toMatchObject({ code: 0 });
    expect(shipped.log.at(-1)?.message).toBe('an operator is at work');

    const writes = (await requestsOfSwitch(begin)).filter(({ verb }) => !['get', 'list'].includes(verb));
    expect(writes).toEqual([]);
    await books.delete('candidate');
    await books.gone('candidate');
  });

  test('finishes a deletion that nobody attends to, and holds the Lease while it writes', async (context) => {
    const books = await stage.lab(context);
    const before = await books.targets();
    const operator = await operate(context, books.namespace);
    await books.create('candidate', { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
    await books.until('candidate', 'mirrors', isMirroring);
    await operator.kill();
    const killed = Date.now();
    await books.delete('candidate');
    const run = await runSwitch(books.namespace);
    // An operator that is back while the switch is at work stands by until it has released the Lease.
    await until('the switch leads', async () => run.log.some(({ message }) => message === 'leading'), 40);
    const [back] = await Promise.all([operate(context, books.namespace), run.ended]);
    await books.gone('candidate');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(await books.targets()).toEqual(before);
    expect(back.log.filter(({ level }) => level === 'error')).toEqual([]);
    expect(await writesOutOfTerm(killed)).toEqual([]);
  });

  test('goes on where a run was ended, or killed', async (context) => {
    const books = await stage.lab(context);
    const before = await books.targets();
    const operator = await operate(context, books.namespace);
    await books.create('candidate', { analysis: { deadlineSeconds: 600, minDurationSeconds: 300 } });
    await books.until('candidate', 'mirrors', isMirroring);
    await operator.kill();

    const asked = await runSwitch(books.namespace);
    const standsStill = () => asked.log.some(({ message }) => message === 'the Lease stands still');
    await until('the Lease stands still', async () => standsStill(), 40);
    asked.terminate();
    expect(await asked.ended).toMatchObject({ code: 1 });
    expect(asked.errors()).toBe('ended by SIGTERM before it was done\n');

    const first = await runSwitch(books.namespace);
    await books.until('candidate', 'has a verdict', ({ status }) => status.verdict !== undefined, 40);
    first.kill();
    expect(await first.ended).toMatchObject({ code: null });
    expect(await (await runSwitch(books.namespace)).ended).toMatchObject({ code: 0 });
    expect(await books.complete('candidate', 5)).toMatchObject({ verdict: 'Inconclusive' });
    expect(await books.targets()).toEqual(before);
  });

  test.for([
    [
      'without leader election',
      { LEADER_ELECTION: 'false' },
      'with LEADER_ELECTION=false there is none: do not run it',
    ],
    ['that would not wait for a failover', { DEAD_MANS_SWITCH_SECONDS: '4' }, 'DEAD_MANS_SWITCH_SECONDS must be more'],
  ] as const)('refuses to run %s', async ([, settings, message]) => {
    const run = await runSwitch('default', settings);
    expect(await run.ended).toMatchObject({ code: 2 });
    expect(run.errors()).toContain(message);
  });

  test('tells of a Lease that it may not read, and fails', async (context) => {
    const books = await stage.lab(context);
    await operate(context, books.namespace);
    await books.create('candidate');
    await books.until('candidate', 'has targets', ({ status }) => status.targets !== undefined);
    const run = await runSwitch(books.namespace, { LEASE_NAME: 'another' });
    expect(await run.ended).toMatchObject({ code: 1 });
    expect(run.errors()).toMatch(/leases.* "another" is forbidden/);
  });
});

/** Writes of anybody after which the Lease was last taken or renewed by another account, or released. */
async function writesOutOfTerm(since: number): Promise<readonly string[]> {
  const requests = (await stage.requests()).filter(
    ({ verb, stageTimestamp }) => !['get', 'list', 'watch'].includes(verb) && Date.parse(stageTimestamp) >= since,
  );
  const isLease = ({ objectRef }: (typeof requests)[number]) => objectRef?.resource === 'leases';
  const terms = requests
    .filter((each) => isLease(each) && each.responseStatus.code < 300)
    .toSorted((a, b) => a.stageTimestamp.localeCompare(b.stageTimestamp));
  const writes = requests.filter((each) => !isLease(each));
  expect(writes.length).toBeGreaterThan(0);
  return writes
    .filter((write) => {
      const held = terms.findLast((term) => term.stageTimestamp <= write.requestReceivedTimestamp);
      return held?.user.username !== write.user.username || held.requestObject?.spec?.holderIdentity === '';
    })
    .map(({ user, verb, requestURI }) => `${user.username} ${verb} ${requestURI}`);
}
