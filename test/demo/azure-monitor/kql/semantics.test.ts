import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cell } from '../../../../demo/azure-monitor/contract.ts';
import { openTestEngine, type TestEngine } from '../support.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine();
}, 60_000);
afterAll(() => engine.close());

/** Expression, and what the service answers. */
const EXPRESSIONS: Record<string, [string, Cell][]> = {
  'numbers and their arithmetic': [
    ['5 / 2', 2],
    ['-5 / 2', -2],
    ['5 / 2.0', 2.5],
    ['1 / 0', null],
    ['1.0 / 0', 'Infinity'],
    ['0x1F', 31],
    ['long(-7)', -7],
    ['int(2147483647) + 1', 2147483648],
    ['real(nan)', 'NaN'],
    ['1e3', 1000],
    ['2 + 3 * 4', 14],
    ['-(2 + 3)', -5],
    ['long(null) + 1', null],
    ['9007199254740991', 9007199254740991],
    ['abs(-3)', 3],
    ['pow(2, 10)', 1024],
    ['exp(0)', 1],
    ['sqrt(9)', 3],
    ['log(1)', 0],
    ['log(0)', '-Infinity'],
    ['log(-1)', null],
    ['ceiling(1.2)', 2],
    ['ceiling(-1.2)', -1],
    ['floor(-1.2, 1)', -2],
    ['round(2.4)', 2],
    ['max_of(1, 2.5)', 2.5],
    ['min_of(3, 2)', 2],
  ],
  bins: [
    ['bin(7, 2)', 6],
    ['bin(-3, 2)', -4],
    ['bin(7.9, 2.5)', 7.5],
    ['bin(7, 0)', null],
    ['bin(datetime(2024-05-17 10:37:12.345), 5m)', '2024-05-17T10:35:00Z'],
    // Weeks of bin() begin on Mondays: 0001-01-01 was one.
    ['bin(datetime(2024-05-17), 7d)', '2024-05-13T00:00:00Z'],
    ['bin(90s, 1m)', '00:01:00'],
  ],
  'datetimes and timespans': [
    ['datetime(2024-02-29)', '2024-02-29T00:00:00Z'],
    ['datetime(2024-02-29T10:20:30.123456Z)', '2024-02-29T10:20:30.123456Z'],
    ['datetime("2024-02-29 10:20")', '2024-02-29T10:20:00Z'],
    ['datetime(2024-02-29T10:20:30+02:00)', '2024-02-29T08:20:30Z'],
    ['datetime(null)', null],
    ['datetime(2024-01-08) - datetime(2024-01-01)', '7.00:00:00'],
    ['datetime(2024-01-01) + 36h', '2024-01-02T12:00:00Z'],
    ['datetime(2024-01-01) - 1ms', '2023-12-31T23:59:59.999Z'],
    ['1.5h', '01:30:00'],
    ['-90s', '-00:01:30'],
    ['timespan(1.02:03:04.5)', '1.02:03:04.5000000'],
    ['2 * 45m', '01:30:00'],
    ['1h / 2', '00:30:00'],
    ['1h / 40m', 1.5],
    ['(datetime(2024-01-01 00:01:31) - datetime(2024-01-01)) / 30s', 91 / 30],
    ['tolong(floor((datetime(2024-01-01 00:01:31) - datetime(2024-01-01)) / 30s, 1.0))', 3],
    ['now() - now() == 0s', true],
    ['now() - ago(1h) == 1h', true],
    ['tostring(datetime(2024-01-01))', '2024-01-01T00:00:00.0000000Z'],
    ['todatetime("2024-01-01T00:00:00Z") == datetime(2024-01-01)', true],
    ['todatetime("soon")', null],
    ['tostring(90s)', '00:01:30'],
  ],
  strings: [
    ['"GET /api/Books" contains "BOOK"', true],
    ['"GET /api/Books" contains_cs "BOOK"', false],
    ['"GET /api/Books" !contains "book"', false],
    ['"V3MIR-BookService" contains "MIR-"', true],
    ['"GET /api/Books" has "api"', true],
    ['"GET /api/Books" has "Book"', false],
    ['"GET /api/Books" has "api/books"', true],
    ['"GET /api/Books" has_cs "books"', false],
    ['"GET /api/Books" !has "GET"', false],
    ['"GET /api/Books" hasprefix "Boo"', true],
    ['"GET /api/Books" hassuffix "oks"', true],
    ['"GET /api/Books" has_any ("x", "API")', true],
    ['"GET /api/Books" has_all ("x", "API")', false],
    ['"GET" startswith "ge"', true],
    ['"GET" startswith_cs "ge"', false],
    ['"GET" endswith "ET"', true],
    ['"GET" == "get"', false],
    ['"GET" != "get"', true],
    ['"GET" =~ "get"', true],
    ['"GET" !~ "get"', false],
    ['"GET" in ("get", "post")', false],
    ['"GET" in~ ("get", "post")', true],
    ['"GET" !in ("get", "post")', true],
    ['"GET" !in~ ("get", "post")', false],
    ['"book42" matches regex "^[a-z]+[0-9]+$"', true],
    ['extract("(\\\\d+)/(\\\\w+)", 2, "GET 12/ab")', 'ab'],
    ['extract("x(\\\\d+)", 1, "GET 12/ab")', ''],
    ['extract("(\\\\d+)", 1, "GET 12/ab", typeof(long))', 12],
    ['extract("^[^ ]*", 0, "GET a b")', 'GET'],
    ['strcat("a", 1, "b", true)', 'a1btrue'],
    ['toupper("aé")', 'AÉ'],
    ['tolower("AÉ")', 'aé'],
    ['strlen("日本")', 2],
    ['substring("abcdef", 2, 3)', 'cde'],
    ['replace_string("a.b.c", ".", "/")', 'a/b/c'],
    ['tostring(split("a/b/c", "/")[1])', 'b'],
    ['tostring(split("a/b/c", "/")[-1])', 'c'],
    ['tostring(split("a/b/c", "/")[9])', ''],
    ['tostring(split("a/b/c", "/", 2)[0])', 'c'],
  ],
  'null, empty and the choice between': [
    ['isempty("")', true],
    ['isnull("")', false],
    ['isnotempty(" ")', true],
    ['isnull(long(null))', true],
    ['isempty(long(null))', true],
    ['isnotnull(5)', true],
    ['long(null) == 5', false],
    ['long(null) != 5', true],
    ['long(null) == long(null)', null],
    ['long(null) < 5', null],
    ['isempty(tostring(long(null)))', true],
    ['iff(long(null) > 1, "yes", "no")', 'no'],
    ['iff(true, 1, 2.5)', 1],
    ['case(1 > 2, "a", 2 > 1, "b", "c")', 'b'],
    ['case(bool(null), "a", "c")', 'c'],
    ['coalesce(long(null), 7)', 7],
    ['coalesce("", "x")', 'x'],
    ['not(1 == 1)', false],
    ['5 between (1 .. 5)', true],
    ['6 !between (1 .. 5)', true],
    ['datetime(2024-01-02) between (datetime(2024-01-01) .. 1d)', true],
    ['2 in (1, 2)', true],
    ['3 in (1, 2)', false],
  ],
  conversions: [
    ['tolong("42")', 42],
    ['tolong("0x10")', 16],
    ['tolong("4 2")', null],
    ['tolong("1_000")', null],
    ['tolong(2.9)', 2],
    ['tolong(-2.9)', -2],
    ['tolong(real(nan))', null],
    ['toint("2147483648")', null],
    ['toint("0500")', 500],
    ['todouble("1.5e1")', 15],
    ['toreal("abc")', null],
    ['todouble("")', null],
    ['tobool("TRUE")', true],
    ['tobool("0")', false],
    ['tobool("perhaps")', null],
    ['tobool(2)', true],
    ['tostring(42)', '42'],
    ['tostring(true)', 'true'],
    ['tostring(1.5)', '1.5'],
  ],
  dynamic: [
    ['tostring(dynamic({"a b":"x"})["a b"])', 'x'],
    ['tostring(dynamic({"a":{"b":[1,"y"]}}).a.b[1])', 'y'],
    ['tolong(dynamic({"a":1.9}).a)', 1],
    ['tobool(dynamic({"a":true}).a)', true],
    ['isnull(dynamic({"a":null}).a)', true],
    ['isnull(dynamic({"a":1})["A"])', true],
    ['isempty(dynamic({"a":""}).a)', true],
    ['tostring(dynamic({"~/\\"":"odd"})["~/\\""])', 'odd'],
    ['isnull(parse_json("[\\"x\\"]")["0"])', true],
    ['tostring(dynamic({"0":"x"})["0"])', 'x'],
    ['dynamic({"a":"5"}).a == "5"', true],
    ['dynamic({"a":5}).a == 5', true],
    ['dynamic({"a":"V3MIR-x"}).a contains "mir-"', true],
    ['"b" in (dynamic(["a","b"]))', true],
    ['"B" in~ (dynamic(["a","b"]))', true],
    ['"c" in (dynamic(["a","b"]))', false],
    ['array_length(dynamic([1,2,3]))', 3],
    ['array_index_of(dynamic(["a","b"]), "b")', 1],
    ['tostring(pack_array(117, long(null), "b", 1 == 1))', '[117,null,"b",true]'],
    ['array_length(pack_array(1, dynamic([2, 3])))', 2],
    ['tostring(parse_json("{\\"a\\":[1]}").a)', '[1]'],
    ['dynamic({"a":[1,null]})', '{"a":[1,null]}'],
  ],
};

describe.each(Object.entries(EXPRESSIONS))('%s', (_topic, cases) => {
  it.each(cases)('%s', async (expression, expected) => {
    expect(await engine.print(expression)).toEqual([expected]);
  });
});

describe('types of the answer', () => {
  it('follow the analysis, not DuckDB', async () => {
    const { columns } = await engine.ask(
      'print a = 1, b = 1.5, c = "x", d = true, e = now(), f = 1h, g = dynamic([1]), h = int(1)',
    );
    expect(columns.map(({ name, type }) => `${name}:${type}`)).toEqual([
      'a:long',
      'b:real',
      'c:string',
      'd:bool',
      'e:datetime',
      'f:timespan',
      'g:dynamic',
      'h:int',
    ]);
  });

  it('sum and product of ints are long', async () => {
    const table = await engine.ask('datatable(W:int)[2147483647, 2147483647] | summarize S = sum(W), Q = sum(W * W)');
    expect(table.columns.map(({ type }) => type)).toEqual(['long', 'long']);
    expect(table.rows[0]?.[0]).toBe(4294967294);
  });

  it('columns without a name get those that the service makes up', async () => {
    const { columns } = await engine.ask('range x from 1 to 3 step 1 | summarize count(), sum(x), avg(x) by bin(x, 2)');
    expect(columns.map(({ name }) => name)).toEqual(['x', 'count_', 'sum_x', 'avg_x']);
  });
});
