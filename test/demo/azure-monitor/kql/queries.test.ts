import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell, RequestRow } from '../../../../demo/azure-monitor/contract.ts';
import { copies, groupBy, openTestEngine, START, type TestEngine } from '../support.ts';

const LIVE = 'V1MIR-BookService';
const MIRROR = 'V3MIR-BookService';
const rows = copies(600);
let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine();
  // What must not be counted: another version, no version, and what lies outside of the window.
  const odd = (version: string | undefined, offset: number): RequestRow => ({
    timestamp: new Date(START + offset),
    name: 'GET Books/Get',
    durationMilliseconds: 1,
    success: true,
    resultCode: '200',
    ...(version === undefined ? {} : { properties: { VersionTag: version } }),
  });
  await engine.insert([...rows, odd('V2MIR-BookService', 5), odd(undefined, 6), odd(LIVE, -1), odd(LIVE, 86_400_000)]);
}, 60_000);
afterAll(() => engine.close());

/** The rows of both versions in the window, for the workspace's schema. */
const R = `let Live = "${LIVE}"; let Mirror = "${MIRROR}";
  let Start = datetime(2025-03-01); let End = datetime(2025-03-02);
  let R = AppRequests
  | where TimeGenerated >= Start and TimeGenerated < End
  | extend Ver = tostring(Properties["VersionTag"])
  | where Ver == Live or Ver == Mirror
  | project Ts = TimeGenerated, Op = OperationId, Nm = Name, Ver, Code = ResultCode, Ok = Success, Ms = DurationMs, W = ItemCount;`;

const version = (row: RequestRow) => row.properties?.VersionTag ?? '';
const weight = (row: RequestRow) => row.itemCount ?? 1;
const sum = (items: readonly RequestRow[], value: (row: RequestRow) => number) =>
  items.reduce((total, row) => total + value(row), 0);
const sorted = (table: readonly (readonly unknown[])[]) => table.map((row) => JSON.stringify(row)).sort();

async function expectRows(kql: string, expected: readonly (readonly Cell[])[]) {
  const { rows: answer } = await engine.ask(kql);
  expect(answer.length).toBeGreaterThan(0);
  expect(sorted(answer)).toEqual(sorted(expected));
}

describe("the lab's query", () => {
  it('averages durations and counts rows per name, version and code, in order', async () => {
    const { columns, rows: answer } = await engine.ask(`requests
      | where customDimensions["VersionTag"] contains "MIR-"
      | where timestamp >= datetime(2025-03-01) and timestamp < datetime(2025-03-02)
      | summarize duration = avg(duration), requestCount = count() by name, podVersion = tostring(customDimensions["VersionTag"]), resultCode
      | sort by name, podVersion`);
    expect(columns.map(({ name }) => name)).toEqual(['name', 'podVersion', 'resultCode', 'duration', 'requestCount']);
    const [first, second] = [answer.map(([name]) => String(name)), answer.map(([, pod]) => String(pod))];
    const order = answer.map((_, index) => `${first[index]}\u0000${second[index]}`);
    expect(order).toEqual([...order].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0)));
    const groups = groupBy(rows, (row) => [row.name, version(row), row.resultCode]);
    const others = answer.filter(([, pod]) => pod !== 'V2MIR-BookService');
    const rounded = others.map(([name, pod, code, mean, count]) => [name, pod, code, Number(mean).toFixed(9), count]);
    expect(sorted(rounded)).toEqual(
      sorted(
        [...groups].map(([key, group]) => [
          ...JSON.parse(key),
          (sum(group, (row) => row.durationMilliseconds) / group.length).toFixed(9),
          group.length,
        ]),
      ),
    );
  });

  it('shows 500s of the candidate', async () => {
    const failed = rows.filter((row) => version(row) === MIRROR && row.resultCode === '500');
    await expectRows(
      `requests | where success == "False" and resultCode == "500" and customDimensions.VersionTag startswith "V3" | count`,
      [[failed.length]],
    );
  });
});

describe('histogram', () => {
  const bucket = (milliseconds: number) =>
    milliseconds <= 0 ? -349 : Math.max(-349, Math.ceil(Math.log(milliseconds) / Math.log(1.02) - 1e-9));

  it.each([
    ['AppRequests', R],
    [
      'requests',
      R.replace('AppRequests', 'requests')
        .replaceAll('TimeGenerated', 'timestamp')
        .replace('Properties[', 'customDimensions[')
        .replace('OperationId', 'operation_Id')
        .replace('= Name', '= name')
        .replace('ResultCode', 'resultCode')
        .replace('= Success', '= success == "True"')
        .replace('DurationMs', 'duration')
        .replace('ItemCount', 'itemCount'),
    ],
  ])('of logarithmic buckets with sums of weights, from %s', async (_table, common) => {
    const groups = groupBy(rows, (row) => [row.name, version(row), row.resultCode, bucket(row.durationMilliseconds)]);
    await expectRows(
      `${common} R
        | extend Bucket = iff(Ms > 0.0, max_of(-349, tolong(ceiling(log(Ms) / log(1.02) - 1e-9))), -349)
        | summarize Requests = sum(W), Items = count(), SumMs = sum(Ms*W), SumMs2 = sum(Ms*Ms*W), SumW2 = sum(W*W), MaxMs = max(Ms), Failed = countif(not(Ok)) by Name = Nm, Version = Ver, ResultCode = Code, Bucket`,
      [...groups].map(([key, group]) => [
        ...JSON.parse(key),
        sum(group, weight),
        group.length,
        sum(group, (row) => row.durationMilliseconds * weight(row)),
        sum(group, (row) => row.durationMilliseconds ** 2 * weight(row)),
        sum(group, (row) => weight(row) ** 2),
        Math.max(...group.map((row) => row.durationMilliseconds)),
        group.filter((row) => !row.success).length,
      ]),
    );
  });
});

describe('names', () => {
  const kept = [...new Set(rows.filter((row) => version(row) === LIVE).map((row) => row.name))].slice(0, 3);
  const folded = (row: RequestRow) => (kept.includes(row.name) ? row.name : '(other)');
  const expected = [...groupBy(rows, (row) => [folded(row), version(row)])].map(([key, group]) => [
    ...JSON.parse(key),
    sum(group, weight),
  ]);
  const first = 'R | where Ver == Live | summarize First = min(Ts) by Nm | sort by First asc, Nm asc | take 3';

  it.each([
    [
      'a table on the right of in',
      `let Names = ${first} | project Nm; R | extend N = iff(Nm in (Names), Nm, "(other)")`,
    ],
    [
      'a list from toscalar',
      `let Names = toscalar(${first} | summarize make_list(Nm)); R | extend N = iff(Nm in (Names), Nm, "(other)")`,
    ],
    [
      'lookup',
      `let Names = ${first}; R | lookup kind=leftouter (Names) on Nm | extend N = iff(isnull(First), "(other)", Nm)`,
    ],
    [
      'join',
      `let Names = ${first} | project Nm, Keep = Nm; R | join kind=leftouter Names on Nm | extend N = iff(isempty(Keep), "(other)", Keep)`,
    ],
  ])('beyond the first by first live request are folded, by %s', async (_how, query) => {
    await expectRows(`${R} ${query} | summarize Requests = sum(W) by N, Ver`, expected);
  });
});

describe('blocks', () => {
  it('counts per block of the window', async () => {
    const block = (row: RequestRow) => Math.floor((row.timestamp.getTime() - START) / 30_000);
    await expectRows(
      `${R} R | extend Block = tolong(floor((Ts - Start) / 30s, 1.0)) | summarize Items = count(), Failed = countif(not(Ok)), Slow = countif(Ms > 100) by Ver, Block`,
      [...groupBy(rows, (row) => [version(row), block(row)])].map(([key, group]) => [
        ...JSON.parse(key),
        group.length,
        group.filter((row) => !row.success).length,
        group.filter((row) => row.durationMilliseconds > 100).length,
      ]),
    );
  });
});

describe('pairs', () => {
  it('in one pass without a join, and the same by a join', async () => {
    const live = new Map(rows.filter((row) => version(row) === LIVE).map((row) => [row.operationId, row]));
    const pairs = rows
      .filter((row) => version(row) === MIRROR)
      .flatMap((mirror) => {
        const original = live.get(mirror.operationId);
        return original === undefined ? [] : [{ name: mirror.name, original, mirror }];
      });
    const expected = [...Map.groupBy(pairs, ({ name }) => name)].map(([name, group]) => [
      name,
      group.length,
      group.filter(({ original, mirror }) => original.success && !mirror.success).length,
      group.filter(({ original, mirror }) => !original.success && mirror.success).length,
      group.reduce(
        (total, { original, mirror }) => total + mirror.durationMilliseconds - original.durationMilliseconds,
        0,
      ),
    ]);
    await expectRows(
      `${R} R | where isnotempty(Op)
        | summarize hint.shufflekey = Op CntL = countif(Ver == Live), CntM = countif(Ver == Mirror), LMs = maxif(Ms, Ver == Live), MMs = maxif(Ms, Ver == Mirror), LOk = countif(Ver == Live and Ok), MOk = countif(Ver == Mirror and Ok) by Op, Nm
        | where CntL == 1 and CntM == 1
        | summarize Pairs = count(), OnlyMirror = countif(LOk == 1 and MOk == 0), OnlyLive = countif(LOk == 0 and MOk == 1), Delta = sum(MMs - LMs) by Nm`,
      expected,
    );
    await expectRows(
      `${R} R | where Ver == Live | join kind=inner (R | where Ver == Mirror) on Op, Nm
        | summarize Pairs = count(), OnlyMirror = countif(Ok and not(Ok1)), OnlyLive = countif(not(Ok) and Ok1), Delta = sum(Ms1 - Ms) by Nm`,
      expected,
    );
  });
});

describe('the time range', () => {
  it.each([
    ['2025-03-01T00:00:00Z/2025-03-02T00:00:00Z', rows.length + 3],
    ['2025-03-01T00:00:00Z/P1D', rows.length + 3],
    ['P1D/2025-03-02T00:00:00Z', rows.length + 3],
    ['2025-03-01T00:00:00.005Z/PT0.001S', 2],
    ['2025-02-28T00:00:00Z/P7D', rows.length + 4],
  ])('%s limits every table', async (timespan, expected) => {
    expect((await engine.ask('AppRequests | count', timespan)).rows).toEqual([[expected]]);
    expect((await engine.ask('requests | count', timespan)).rows).toEqual([[expected]]);
  });

  it.each(['yesterday', '2025-03-01', 'P1M', '2025-03-01/2025-03-02/2025-03-03'])(
    '%s is refused or read',
    async (text) => {
      await expect(engine.ask('AppRequests | count', text)).rejects.toThrow(RangeError);
    },
  );
});

describe('rows that are not ingested yet', () => {
  it('are not seen, and carry their ingestion time once they are', async () => {
    const late = await openTestEngine();
    const row = rows[0];
    if (row === undefined) throw new Error('no rows');
    await late.insert([row], new Date(Date.now() + 3_600_000));
    await late.insert([row], new Date(START + 90_000));
    const { rows: answer } = await late.ask('AppRequests | project ingestion_time() - TimeGenerated, ingestion_time()');
    expect(answer).toEqual([['00:01:30', '2025-03-01T00:01:30Z']]);
    await late.close();
  }, 60_000);
});

describe('closing', () => {
  it('waits for queries that are under way', async () => {
    const closing = await openTestEngine();
    const slow = closing.ask('range x from 1 to 3000000 step 1 | summarize dcount(x)');
    // The parser runs at once; only DuckDB is still at work.
    await closing.close();
    expect((await slow).rows).toEqual([[3_000_000]]);
  }, 60_000);
});
