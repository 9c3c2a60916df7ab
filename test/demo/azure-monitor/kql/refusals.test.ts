import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KqlError } from '../../../../demo/azure-monitor/kql/errors.ts';
import { openTestEngine, type TestEngine } from '../support.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine();
}, 60_000);
afterAll(() => engine.close());

async function refusal(kql: string): Promise<KqlError> {
  const error = await engine.ask(kql).then(
    (table) => new Error(`answered ${JSON.stringify(table)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof KqlError) return error;
  throw error;
}

describe('what the service would refuse', () => {
  it.each([
    ['AppRequests | whre Name == "x"', 'SyntaxError', /whre/],
    ['AppRequests | where Name == "x', 'SyntaxError', /Missing/],
    ['AppRequests | where Name == "a\\qb"', 'SyntaxError', /parsed/],
    ['AppRequests | summarize hint.unknown=1 count()', 'SyntaxError', /'='/],
    ['AppRequests | top 5 by Name asc, DurationMs desc', 'SyntaxError', /','/],
    ['', 'SyntaxError', /No tabular statement/],
    ['let a = 1;', 'SyntaxError', /No tabular statement/],
    ['.show tables', 'SyntaxError', /query was expected/],
    ['AppRequests | where name == "x"', 'SemanticError', /named 'name'/],
    ['apprequests | count', 'SemanticError', /named 'apprequests'/],
    ['AppDependencies | count', 'SemanticError', /named 'AppDependencies'/],
    ['AppRequests | summarize sum(Name)', 'SemanticError', /summable/],
    ['AppRequests | where Success == "True"', 'SemanticError', /types bool and string/],
    ['requests | where success == true', 'SemanticError', /types string and bool/],
    ['AppRequests | where Name == 5', 'SemanticError', /types string and long/],
    ['AppRequests | where Name > "a"', 'SemanticError', /not defined/],
    ['AppRequests | summarize count() by Properties.VersionTag', 'SemanticError', /dynamic/],
    ['AppRequests | extend Row = row_number()', 'SemanticError', /serialized/],
  ] as const)('%s', async (kql, code, message) => {
    const error = await refusal(kql);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.detailCode).not.toBe('STANDIN');
  });

  it('points at the place', async () => {
    expect((await refusal('AppRequests\n| where Nam == "x"')).offset).toBe('AppRequests\n| where '.length);
  });
});

describe('what only the stand-in does not know', () => {
  it.each([
    ['AppRequests | make-series count() on TimeGenerated step 1m', 'MakeSeriesOperator'],
    ['AppRequests | mv-expand Properties', 'MvExpandOperator'],
    ['AppRequests | parse Name with Method " " Rest', 'ParseOperator'],
    ['AppRequests | sample 5', 'SampleOperator'],
    ['AppRequests | evaluate bag_unpack(Properties)', 'EvaluateOperator'],
    ['AppRequests | summarize stdev(DurationMs)', 'stdev()'],
    ['AppRequests | summarize percentilew(DurationMs, ItemCount, 50)', 'percentilew()'],
    ['AppRequests | summarize make_bag(Properties)', 'make_bag()'],
    ['AppRequests | extend x = hash(Name)', 'hash()'],
    ['AppRequests | extend x = ItemCount % 2', 'ModuloExpression'],
    ['AppRequests | extend x = dynamic({"a":1}).a + 1', 'dynamic + long'],
    ['AppRequests | extend x = base64_encode_tostring(Name)', 'base64_encode_tostring()'],
    ['AppRequests | where Name has OperationName', 'no string literal'],
    ['AppRequests | join kind=fullouter (AppRequests) on Name', 'kind=fullouter'],
    ['union withsource=Source AppRequests, requests', 'withsource'],
    ['print decimal(1.5)', 'decimal'],
    ['print guid(74be27de-1e4e-49d9-b579-fe0b331d3642)', 'guid'],
    ['AppRequests | take 1; requests | take 1', 'second query'],
    ['set notruncation; AppRequests', 'SetOptionStatement'],
    ['search "x"', 'SearchOperator'],
    ['range x from 1.0 to 2.0 step 0.5', 'range of real'],
  ])('%s names %s', async (kql, named) => {
    const error = await refusal(kql);
    expect(error.message).toContain(named);
  });

  it('never fails on its own SQL: an overflow is the query’s', async () => {
    expect((await refusal('print long(9223372036854775807) * 2')).message).toMatch(/Out of Range/);
  });
});
