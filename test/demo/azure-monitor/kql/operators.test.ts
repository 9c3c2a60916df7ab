import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestEngine, type TestEngine } from '../support.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await openTestEngine();
}, 60_000);
afterAll(() => engine.close());

const PETS = `let Pets = datatable(Name:string, name:string, Age:long, Weight:real)
  ["cat", "Tom", 3, 4.5, "cat", "tim", long(null), 5.5, "dog", "Rex", 9, real(null), "Cat", "ann", 1, 1.0];`;

async function rows(kql: string) {
  return (await engine.ask(kql)).rows;
}

describe('operators', () => {
  it('tell columns apart that differ in case only', async () => {
    expect(await rows(`${PETS} Pets | where Name == "cat" | project name, Name`)).toEqual([
      ['Tom', 'cat'],
      ['tim', 'cat'],
    ]);
    const { columns } = await engine.ask(`${PETS} Pets | extend NAME = 1, age = 2 | project-away Age`);
    expect(columns.map(({ name }) => name)).toEqual(['Name', 'name', 'Weight', 'NAME', 'age']);
  });

  it('sort descending with nulls last, ascending with nulls first, or as asked', async () => {
    const ages = async (order: string) => (await rows(`${PETS} Pets | sort by ${order} | project Age`)).flat();
    expect(await ages('Age')).toEqual([9, 3, 1, null]);
    expect(await ages('Age asc')).toEqual([null, 1, 3, 9]);
    expect(await ages('Age asc nulls last')).toEqual([1, 3, 9, null]);
    expect(await ages('Age desc nulls first')).toEqual([null, 9, 3, 1]);
    expect(await ages('Name asc, Age')).toEqual([1, 3, null, 9]);
  });

  it('keep an order through where, extend and project, and number it', async () => {
    expect(
      await rows(`${PETS} Pets | order by Age asc nulls last | where Name != "dog"
        | extend Row = row_number(), Before = prev(Age), Sum = row_cumsum(Age) | project Row, Age, Before, Sum`),
    ).toEqual([
      [1, 1, null, 1],
      [2, 3, 1, 4],
      [3, null, 3, 4],
    ]);
    expect(await rows(`${PETS} Pets | sort by Age | where row_number() <= 2 | project Age`)).toEqual([[9], [3]]);
    expect(await rows('range x from 1 to 3 step 1 | serialize Row = row_number() | where x == 3')).toEqual([[3, 3]]);
  });

  it('top and take', async () => {
    expect(await rows(`${PETS} Pets | top 2 by Age | project Age`)).toEqual([[9], [3]]);
    expect(await rows(`${PETS} Pets | top 1 by Age asc nulls last | project Age`)).toEqual([[1]]);
    expect(await rows(`let N = 2; ${PETS} Pets | sort by name asc | take N | project name`)).toEqual([
      ['Rex'],
      ['Tom'],
    ]);
    expect(await rows(`${PETS} Pets | limit 3 | count`)).toEqual([[3]]);
  });

  it('extend in place, rename, keep and reorder', async () => {
    const names = async (operators: string) =>
      (await engine.ask(`${PETS} Pets | ${operators}`)).columns.map(({ name }) => name);
    expect(await names('extend Age = Age * 2, New = 1')).toEqual(['Name', 'name', 'Age', 'Weight', 'New']);
    expect(await names('project-rename Kind = Name')).toEqual(['Kind', 'name', 'Age', 'Weight']);
    expect(await names('project-keep Age, Name')).toEqual(['Name', 'Age']);
    expect(await names('project-reorder Weight')).toEqual(['Weight', 'Name', 'name', 'Age']);
    expect(await names("project ['a b'] = Age, name, Age2 = Age")).toEqual(['a b', 'name', 'Age2']);
  });

  it('distinct and count', async () => {
    expect((await rows(`${PETS} Pets | distinct Name | sort by Name asc`)).flat()).toEqual(['Cat', 'cat', 'dog']);
    expect(await rows(`${PETS} Pets | distinct * | count`)).toEqual([[4]]);
  });

  it('union by name, with nulls and empty strings for what is missing', async () => {
    const table = await engine.ask('union (print a = 1, b = "x"), (print c = 2.5) | sort by a asc nulls last');
    expect(table.columns.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(table.rows).toEqual([
      [1, 'x', null],
      [null, '', 2.5],
    ]);
    expect(
      (await rows('print a = 1 | union (print a = "s") | project a_long, a_string | sort by a_string')).flat(),
    ).toEqual([null, 's', 1, '']);
  });

  it('a let function, a table in a let, toscalar and in (table)', async () => {
    expect(await rows('let f = (x:long, y:long) { x * 10 + y }; range x from 1 to 2 step 1 | project f(x, 5)')).toEqual(
      [[15], [25]],
    );
    expect(
      await rows(`${PETS} let Oldest = toscalar(Pets | summarize max(Age)); Pets | where Age == Oldest | project name`),
    ).toEqual([['Rex']]);
    expect(
      await rows(
        `${PETS} let Old = materialize(Pets | where Age > 2 | project Name); Pets | where Name in (Old) | count`,
      ),
    ).toEqual([[3]]);
    expect(await rows(`${PETS} Pets | where Name in~ ((Pets | where Age > 2 | project Name)) | count`)).toEqual([[4]]);
    expect(await rows(`${PETS} Pets | where Name !in ((Pets | where Age > 2 | project Name)) | project name`)).toEqual([
      ['ann'],
    ]);
  });
});

describe('join', () => {
  const TABLES = `let L = datatable(k:string, v:long)["a", 1, "a", 1, "b", 2, "c", 3];
    let R = datatable(k:string, w:string)["a", "x", "a", "y", "b", "z", "d", "q"];`;

  it.each([
    ['kind=inner', 5],
    // One of the two rows with the key a takes part.
    ['', 3],
    ['kind=innerunique', 3],
    ['kind=leftouter', 6],
    ['kind=leftanti', 1],
    ['kind=leftsemi', 3],
    ['hint.strategy=shuffle kind=inner', 5],
  ])('%s gives %i rows', async (kind, expected) => {
    expect(await rows(`${TABLES} L | join ${kind} (R) on k | count`)).toEqual([[expected]]);
  });

  it('repeats the right key under another name; unmatched strings are empty, not null', async () => {
    const table = await engine.ask(`${TABLES} L | where v == 3 | join kind=leftouter (R) on $left.k == $right.k`);
    expect(table.columns.map(({ name }) => name)).toEqual(['k', 'v', 'k1', 'w']);
    expect(table.rows).toEqual([['c', 3, '', '']]);
    expect(await rows(`${TABLES} L | join kind=leftouter (R) on k | where isempty(w) | project k`)).toEqual([['c']]);
  });

  it('lookup leaves out the right key', async () => {
    const table = await engine.ask(`${TABLES} L | lookup (R | summarize w = max(w) by k) on k | sort by v asc, k asc`);
    expect(table.columns.map(({ name }) => name)).toEqual(['k', 'v', 'w']);
    expect(table.rows.at(-1)).toEqual(['c', 3, '']);
  });
});

describe('summarize', () => {
  it('gives the default values for no rows, and no row for no groups', async () => {
    const kql = `${PETS} Pets | where false | summarize count(), countif(Age > 1), sum(Age), dcount(Name), avg(Age), max(Age),
      make_list(Age), make_set(Name), take_any(name)`;
    expect(await rows(kql)).toEqual([[0, 0, 0, 0, 'NaN', null, '[]', '[]', '']]);
    expect(await rows(`${PETS} Pets | where false | summarize count() by Name`)).toEqual([]);
  });

  it('ignores nulls, and conditions that are null', async () => {
    const kql = `${PETS} Pets | sort by name asc | summarize count(), countif(Age > 2), sum(Age), avg(Age), min(Age), sumif(Weight, Age > 2),
      maxif(Weight, Age < 0), minif(Weight, Name == "cat"), dcount(Age), make_list(Age)`;
    expect(await rows(kql)).toEqual([[4, 2, 13, 13 / 3, 1, 4.5, null, 4.5, 3, '[9,3,1]']]);
  });

  it('arg_min and arg_max return the row of the extreme', async () => {
    expect(await rows(`${PETS} Pets | summarize arg_max(Age, name, Weight)`)).toEqual([[9, 'Rex', null]]);
    expect(await rows(`${PETS} Pets | summarize (Youngest, Who) = arg_min(Age, name) by Name | sort by Name`)).toEqual([
      ['dog', 9, 'Rex'],
      ['cat', 3, 'Tom'],
      ['Cat', 1, 'ann'],
    ]);
    const table = await engine.ask(`${PETS} Pets | summarize arg_max(Age, *) by Name | where Name == "dog"`);
    expect(table.columns.map(({ name }) => name)).toEqual(['Name', 'Age', 'name', 'Weight']);
    expect(table.rows).toEqual([['dog', 9, 'Rex', null]]);
  });

  it('computes with aggregates', async () => {
    expect(await rows(`${PETS} Pets | summarize Share = 100.0 * countif(Name == "cat") / count()`)).toEqual([[50]]);
    expect(await rows(`${PETS} Pets | summarize percentiles(Age, 50, 100), percentile(Weight, 50)`)).toEqual([
      [3, 9, 4.5],
    ]);
  });
});

describe('against a model in JavaScript', () => {
  const cell = fc.record({
    key: fc.constantFrom('a', 'A', 'b', ''),
    value: fc.option(fc.integer({ min: -1000, max: 1000 })),
    weight: fc.integer({ min: 1, max: 20 }),
  });
  const table = (items: readonly { key: string; value: number | null; weight: number }[]) =>
    `let T = datatable(Key:string, Value:long, Weight:int)[${items
      .map(({ key, value, weight }) => `"${key}", long(${value}), ${weight}`)
      .join(', ')}];`;

  it('summarize by key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { maxLength: 30 }), async (items) => {
        const answer =
          await rows(`${table(items)} T | summarize N = count(), S = sum(Value * Weight), W = sum(Weight * Weight),
          P = countif(Value > 0), Max = maxif(Value, Weight > 5) by Key | sort by Key asc`);
        const expected = [...Map.groupBy(items, ({ key }) => key)]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, group]) => {
            const values = group.flatMap(({ value, weight }) => (value === null ? [] : [{ value, weight }]));
            const heavy = values.filter(({ weight }) => weight > 5).map(({ value }) => value);
            return [
              key,
              group.length,
              values.reduce((sum, { value, weight }) => sum + value * weight, 0),
              group.reduce((sum, { weight }) => sum + weight * weight, 0),
              values.filter(({ value }) => value > 0).length,
              heavy.length === 0 ? null : Math.max(...heavy),
            ];
          });
        expect(answer).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  it('where, with nulls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(cell, { maxLength: 20 }), fc.integer({ min: -3, max: 3 }), async (items, limit) => {
        const kept = async (condition: string) =>
          (await rows(`${table(items)} T | where ${condition} | count`))[0]?.[0];
        const count = (test: (value: number | null) => boolean) => items.filter(({ value }) => test(value)).length;
        expect(await kept(`Value == ${limit}`)).toBe(count((value) => value === limit));
        expect(await kept(`Value != ${limit}`)).toBe(count((value) => value !== limit));
        expect(await kept(`not(Value > ${limit})`)).toBe(count((value) => value !== null && value <= limit));
        expect(await kept(`Value / 7 == ${limit}`)).toBe(
          count((value) => value !== null && Math.trunc(value / 7) === limit),
        );
        expect(await kept(`bin(Value, 7) == ${limit * 7}`)).toBe(
          count((value) => value !== null && Math.floor(value / 7) === limit),
        );
      }),
      { numRuns: 15 },
    );
  });

  it('string operators', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'B', 'b', '-', ' ', '1', '.', '_'), maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(word, word, async (text, part) => {
        const [low, lowPart] = [text.toLowerCase(), part.toLowerCase()];
        const [a, b] = [JSON.stringify(text), JSON.stringify(part)];
        expect(
          await engine.print(
            `${a} contains ${b}, ${a} contains_cs ${b}, ${a} startswith ${b}, ${a} endswith_cs ${b}, ${a} =~ ${b}, ${a} has ${b}`,
          ),
        ).toEqual([
          low.includes(lowPart),
          text.includes(part),
          low.startsWith(lowPart),
          text.endsWith(part),
          low === lowPart,
          hasTerm(low, lowPart),
        ]);
      }),
      { numRuns: 60 },
    );
  });
});

/** An occurrence that neither begins nor ends inside of a run of letters and digits. */
function hasTerm(text: string, term: string): boolean {
  const inside = (left: string | undefined, right: string | undefined) =>
    /[a-z0-9]/.test(left ?? '') && /[a-z0-9]/.test(right ?? '');
  for (let at = text.indexOf(term); at >= 0; at = text.indexOf(term, at + 1)) {
    if (term === '') return true;
    const end = at + term.length;
    if (!inside(text[at - 1], text[at]) && !inside(text[end - 1], text[end])) return true;
  }
  return false;
}
