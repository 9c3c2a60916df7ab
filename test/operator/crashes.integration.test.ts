import { afterAll, beforeAll, describe, test } from 'vitest';
import { startAzureMonitor } from '../../demo/azure-monitor/index.ts';
import { V3 } from '../support/lab.ts';
import { conditionOf, isComplete, type LiveLab, type Version } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';
import { seededRandom } from '../support/random.ts';

let stage: OperatorStage;

beforeAll(async () => {
  stage = await setOperatorStage();
});
afterAll(() => stage?.stop());

/** An operator for the lab's namespace alone. */
const operate = (books: LiveLab, settings: Readonly<Record<string, string>> = {}) =>
  stage.operator({ settings: { WATCH_NAMESPACE: books.namespace, ...settings } });

const reasonOf = ({ status }: Version) => conditionOf(status, 'Passed')?.reason;
const isMirroring = ({ status }: Version) => conditionOf(status, 'Mirroring')?.status === 'True';

describe.concurrent('an operator that is killed', { timeout: 150_000 }, () => {
  test('at every stage goes on to the same verdict, and everything is restored', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    let operator = await operate(books);
    await books.create('candidate', { analysis: { deadlineSeconds: 100 } });
    const stages: readonly [string, (version: Version) => boolean][] = [
      ['is accepted', ({ status }) => conditionOf(status, 'Accepted')?.status === 'True'],
      ['prepares the candidate', ({ status }) => status.targets?.some(({ patched }) => patched) === true],
      ['mirrors', isMirroring],
      ['has seen a copy', ({ status }) => status.mirroringSince !== undefined],
      ['has a verdict', ({ status }) => status.verdict !== undefined],
    ];
    for (const [what, isThere] of stages) {
      await books.until('candidate', what, isThere);
      await operator.kill();
      operator = await operate(books);
    }
    const status = await books.complete('candidate');
    expect(status).toMatchObject({ verdict: 'Fail', observedGeneration: 1 });
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'Latency' });
    expect(await books.targets()).toEqual(before);
    expect(new Set(books.history('candidate').flatMap((each) => each.status.startTime ?? [])).size).toBe(1);
    // Said at most once: a kill between the status and its Event loses the Event, and no process says it again.
    const events = await books.events('candidate');
    expect(events.filter((event) => event.startsWith('Latency ')).length).toBeLessThanOrEqual(1);
    await operator.kill();
  });

  test('again and again, at any moment, leaves nothing behind', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    const random = seededRandom(20_260_101);
    let operator = await operate(books);
    await books.create('candidate', { analysis: { deadlineSeconds: 120 } });
    let kills = 0;
    while (!books.history('candidate').some(isComplete)) {
      await new Promise((resolve) => setTimeout(resolve, 200 + 6000 * random.uniform()));
      await operator.kill();
      kills += 1;
      operator = await operate(books);
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(await books.complete('candidate')).toMatchObject({ verdict: 'Fail' });
    expect(await books.targets()).toEqual(before);
    await operator.kill();
  });

  test('while an experiment is deleted restores it when it is back', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context);
    const before = await books.targets();
    const first = await operate(books);
    await books.create('candidate');
    await books.until('candidate', 'mirrors', isMirroring);
    await first.kill();
    await books.delete('candidate');
    const { deletionTimestamp } = await books.until(
      'candidate',
      'waits for its finalizer',
      (version) => version.deletionTimestamp !== undefined,
    );
    expect(deletionTimestamp).toBeDefined();
    expect(await books.config()).toContain('request_mirror_policies');
    const second = await operate(books);
    await books.gone('candidate');
    expect(await books.targets()).toEqual(before);
    await second.kill();
  });

  test('leaves no verdict that a pipeline takes for that of a newer spec', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const first = await operate(books);
    await books.create('candidate');
    await books.complete('candidate');
    const waitFor = (condition: string) =>
      books.kubectl(['wait', `--for=condition=${condition}`, 'mexp/candidate', '--timeout=1s']);
    expect(await waitFor('Complete')).toMatchObject({ code: 0 });
    expect(await waitFor('Passed=False')).toMatchObject({ code: 0 });
    await first.kill();
    await books.edit('candidate', { spec: { analysis: { minRequests: 30 } } });
    expect(await waitFor('Complete')).toMatchObject({ code: 1, stderr: expect.stringContaining('timed out') });
    expect(await waitFor('Passed=False')).toMatchObject({ code: 1 });
    const second = await operate(books);
    const { status } = await books.until('candidate', 'runs anew', (each) => each.status.observedGeneration === 2);
    expect(conditionOf(status, 'Complete')).toMatchObject({ status: 'False', observedGeneration: 2 });
    await second.kill();
  });
});

describe.concurrent('an operator that is asked to end', { timeout: 150_000 }, () => {
  test('ends with 0 at once, leaves mirroring on, and the next one finishes', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { requestsPerSecond: 4 } });
    const before = await books.targets();
    const first = await operate(books);
    await books.create('candidate', { analysis: { deadlineSeconds: 90 } });
    await books.until('candidate', 'is analysed', (version) => reasonOf(version) === 'Analysing');
    const config = await books.config();
    const { code, milliseconds } = await first.terminate();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(5000);
    expect(first.errors()).toBe('');
    expect(first.log.at(-1)?.message).toBe('stopped');
    expect(await books.config()).toBe(config);
    expect(config).toContain('request_mirror_policies');

    books.traffic.change({ behaviour: V3, requestsPerSecond: 60 });
    const second = await operate(books);
    expect(await books.complete('candidate', 100)).toMatchObject({ verdict: 'Fail' });
    expect(await books.targets()).toEqual(before);
    await second.kill();
  });

  test('does not wait for an answer that never comes', async (context) => {
    const { expect } = context;
    const azure = await startAzureMonitor();
    context.onTestFinished(() => azure.close());
    const books = await stage.lab(context, { azure });
    const settings = { WATCH_NAMESPACE: books.namespace, SHUTDOWN_GRACE_SECONDS: '2' };
    const operator: OperatorProcess = await stage.operator({ azure, settings });
    azure.fault({ kind: 'hang' });
    await books.create('candidate');
    await books.until('candidate', 'has begun', ({ status }) => status.observedGeneration === 1);
    const { code, milliseconds } = await operator.terminate();
    expect(code).toBe(0);
    expect(milliseconds).toBeLessThan(6000);
  });
});
