import { afterAll, beforeAll, describe, test } from 'vitest';
import { V3 } from '../support/lab.ts';
import { conditionOf } from '../support/liveLab.ts';
import type { OperatorProcess } from '../support/operator.ts';
import { type OperatorStage, setOperatorStage } from '../support/operatorStage.ts';

let stage: OperatorStage;
let operator: OperatorProcess;

beforeAll(async () => {
  stage = await setOperatorStage();
  operator = await stage.operator({ settings: { LEADER_ELECTION: 'true' } });
});
afterAll(() => stage?.stop());

const waitFor = (condition: string, timeout: string) => [
  'wait',
  `--for=condition=${condition}`,
  'mexp/candidate',
  `--timeout=${timeout}`,
];

/** The cells of kubectl's table by column. */
function cells(table: string): Record<string, string> {
  const [header = '', row = ''] = table.split('\n');
  const names = [...header.matchAll(/\S+( \S+)*\s*/g)];
  return Object.fromEntries(
    names.map((match) => [match[0].trim(), row.slice(match.index, match.index + match[0].length).trim()]),
  );
}

describe.concurrent('what a pipeline sees', { timeout: 150_000 }, () => {
  test('a candidate within tolerance opens the gate, and each stage shows in the columns', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context);
    const before = await books.targets();
    await books.create('candidate', { analysis: { deadlineSeconds: 100 } });
    const gate = (async () => [
      await books.kubectl(waitFor('Complete', '120s'), 130_000),
      await books.kubectl(waitFor('Passed', '0')),
    ])();

    await books.until('candidate', 'is analysed', ({ status }) => status.requests !== undefined);
    const running = cells((await books.kubectl(['get', 'mexp', '-o', 'wide'])).stdout);
    expect(running).toMatchObject({ NAME: 'candidate', VERDICT: '', REASON: 'Analysing', PERCENT: '100' });
    expect(running).toMatchObject({ LIVE: books.versions.live, MIRROR: books.versions.mirror });
    expect(running['P95 DELTA']).toMatch(/^[+−±]\d+\.\d ms$/);

    expect(await gate).toMatchObject([
      { code: 0, stdout: 'mirrorexperiment.mirroring.dev/candidate condition met\n' },
      { code: 0, stdout: 'mirrorexperiment.mirroring.dev/candidate condition met\n' },
    ]);
    const passed = cells((await books.kubectl(['get', 'mirrorexperiments'])).stdout);
    expect(passed).toMatchObject({ VERDICT: 'Pass', REASON: 'WithinTolerance', 'ERROR DELTA': '±0 pp' });
    expect(Number(passed.REQUESTS)).toBeGreaterThan(2000);
    expect(passed.AGE).toMatch(/^\d+s$/);
    expect(await books.targets()).toEqual(before);

    // Their times are in whole seconds, so that those of one second have no order.
    expect([...(await books.events('candidate'))].sort()).toEqual([
      'Accepted x1',
      'Copying x1',
      'Finished x1',
      'Flowing x1',
      'Restored x1',
      'Restored x1',
      'RolloutComplete x1',
      'WithinTolerance x1',
    ]);
  });

  test('a candidate out of tolerance closes the gate at once', async (context) => {
    const { expect } = context;
    const books = await stage.lab(context, { traffic: { behaviour: V3 } });
    const before = await books.targets();
    await books.create('candidate');
    expect(await books.kubectl(waitFor('Complete', '120s'), 130_000)).toMatchObject({ code: 0 });
    const start = Date.now();
    expect(await books.kubectl(waitFor('Passed', '0'))).toMatchObject({ code: 1 });
    expect(Date.now() - start).toBeLessThan(10_000);
    const failed = cells((await books.kubectl(['get', 'mexp', '-o', 'wide'])).stdout);
    expect(failed).toMatchObject({ VERDICT: 'Fail', REASON: 'Latency', COVERAGE: '100' });
    expect(failed['P95 DELTA']).toMatch(/^\+1,\d{3} ms$/);
    expect(await books.targets()).toEqual(before);
    const events = await books.events('candidate');
    expect(events).toContain('Latency x1');
    expect(new Set(events.map((event) => event.split(' ')[1]))).toEqual(new Set(['x1']));
    const described = (await books.kubectl(['describe', 'mexp', 'candidate'])).stdout;
    expect(described).toMatch(/Warning {2}Latency .* Passed: p\d+ of GET Reviews\/Get rose 1,1\d\d ms/);
  });

  test('the operator asks and writes no more often than the interval, all day', async (context) => {
    const { expect } = context;
    // Too few requests for any verdict: it looks until the deadline.
    const books = await stage.lab(context, { traffic: { requestsPerSecond: 4 } });
    await books.create('candidate', { analysis: { minRequests: 1000, deadlineSeconds: 45 } });
    const status = await books.complete('candidate');
    expect(conditionOf(status, 'Passed')).toMatchObject({ status: 'False', reason: 'NotEnoughEvidence' });

    const analysing = books
      .history('candidate')
      .filter(({ status: each }) => conditionOf(each, 'Passed')?.reason === 'Analysing');
    const looks = analysing.map(({ status: each }) => Date.parse(each.lastAnalysisTime ?? ''));
    expect(looks.length).toBeGreaterThanOrEqual(5);
    // A look that a busy machine delays does not delay the next one: what counts is how many there are. Times are in seconds.
    const [first = 0, last = 0] = [looks[0], looks.at(-1)];
    expect(looks.length).toBeLessThanOrEqual((last - first) / 5000 + 2);

    const asked = stage.azure.queries().filter(({ kql }) => kql.includes(books.versions.mirror));
    const reads = asked.filter(({ kql }) => kql.includes('RouteFirst')).length;
    // The look at the deadline reads a second time to confirm.
    expect(reads).toBeLessThanOrEqual(looks.length + 2);

    const requests = (await stage.requests()).filter(({ requestURI }) => requestURI.includes(books.namespace));
    const [from = 0, to = 0] = [looks[0], looks.at(-1)];
    const during = requests.filter(({ stageTimestamp }) => {
      const at = Date.parse(stageTimestamp);
      return at > from + 2000 && at < to - 1000;
    });
    // Without the first look, which brings an Event, and the last, after which the deadline comes.
    const perLook = during.length / (looks.length - 2);
    console.info(`requests to the API server per look: ${perLook.toFixed(1)}; queries per look: 3`);
    // The experiment, its three targets, two Services; the status.
    expect(perLook).toBeLessThanOrEqual(8);
  });
});

test('the operator, one that takes part in the election, has been refused nothing and has complained of nothing', async ({
  expect,
}) => {
  const requests = await stage.requests();
  expect(requests.length).toBeGreaterThan(50);
  expect(requests.filter(({ responseStatus }) => responseStatus.code === 403)).toEqual([]);
  expect(operator.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
  expect(operator.errors()).toBe('');
});
