import { describe, expect, it } from 'vitest';
import { RULES } from '../../../bench/decisions/rules.ts';
import { SCENARIOS } from '../../../bench/decisions/scenarios.ts';
import { EQUALITY, type Job, type Outcome, simulate } from '../../../bench/decisions/simulate.ts';
import { simulateAll } from '../../../bench/decisions/simulateAll.ts';
import { failedTable, secondsTable, summaryTable, verdictTable } from '../../../bench/decisions/tables.ts';

const scenario = (name: string): number => {
  const index = SCENARIOS.findIndex((each) => each.name.startsWith(name));
  if (index < 0) throw new Error(`no scenario ${name}`);
  return index;
};
const job = (name: string, run = 0, intervals = 12): Job => ({ scenario: scenario(name), run, intervals });

describe('one simulated experiment', () => {
  it('fails the lab’s V3 and V4 after two intervals, and every other rule does too, in its time', () => {
    for (const name of ['V3', 'V4']) {
      const { verdict, decidedAt, toleratedFailsAt, equalityFailsAt, failsAt } = simulate(job(name));
      expect({ verdict, decidedAt, toleratedFailsAt, equalityFailsAt }).toEqual({
        verdict: 'Fail',
        decidedAt: 2,
        toleratedFailsAt: 2,
        equalityFailsAt: 2,
      });
      const limits = RULES.map(({ check, limit }) => (check === 'kayenta' ? 10 : limit.times));
      expect(failsAt).toEqual(limits);
    }
  });

  it('passes a faster candidate after ten intervals, the five minutes that a Pass takes at least', () => {
    expect(simulate(job('20 % faster'))).toMatchObject({ verdict: 'Pass', decidedAt: 10, toleratedFailsAt: null });
  });

  it('is looked at when the operator looks: after 20 intervals not at each', () => {
    const outcomes = Array.from({ length: 12 }, (_, run) => simulate(job('all ×1.2', run, 45)));
    // The last look takes what there is.
    const looks = [...Array.from({ length: 20 }, (_, index) => index + 1), 22, 24, 26, 28, 30, 33, 36, 39, 42, 45];
    const decided = outcomes.map(({ decidedAt }) => decidedAt);
    expect(decided.filter((each) => !looks.includes(each))).toEqual([]);
    expect(Math.max(...decided)).toBeGreaterThan(20);
    const between = outcomes
      .map(({ toleratedFailsAt }) => toleratedFailsAt ?? 0)
      .filter((each) => !looks.includes(each) && each > 0);
    expect(between).not.toEqual([]);
  });

  it('is inconclusive when the time is over', () => {
    expect(simulate(job('all ×1.2', 0, 5))).toMatchObject({ verdict: 'Inconclusive', decidedAt: 5 });
  });

  it('has no tolerance in the comparison with tests of equality', () => {
    expect(EQUALITY.latency.map((each) => [each.maxIncreasePercent, each.maxIncreaseMilliseconds])).toEqual(
      Array(3).fill([0, 0]),
    );
    expect(EQUALITY.errors.maxIncreaseBasisPoints).toBe(0);
    const { verdict, equalityFailsAt } = simulate(job('all ×1.05 at 100'));
    expect(verdict).toBe('Pass');
    expect(equalityFailsAt).not.toBeNull();
  });

  it('refuses a scenario that does not exist', () => {
    expect(() => simulate({ scenario: 99, run: 0, intervals: 1 })).toThrow('there is no scenario 99');
  });
});

describe('all of them', () => {
  it('come out the same, and in order, however many workers share them', async () => {
    const jobs = SCENARIOS.flatMap((_, index) => [0, 1].map((run) => ({ scenario: index, run, intervals: 3 })));
    let done = 0;
    const shared = await simulateAll(jobs, 3, (count) => {
      done = count;
    });
    expect(shared).toEqual(jobs.map(simulate));
    expect(done).toBe(jobs.length);
    // Otherwise their order would not matter.
    expect(new Set(shared.map((each) => JSON.stringify(each))).size).toBeGreaterThan(10);
  });

  it('fail when one of them does', async () => {
    await expect(simulateAll([{ scenario: 99, run: 0, intervals: 1 }], 2)).rejects.toThrow('there is no scenario 99');
  });
});

describe('the tables', () => {
  const outcome = (verdict: Outcome['verdict'], decidedAt: number, firstRule: number | null): Outcome => ({
    verdict,
    decidedAt,
    toleratedFailsAt: verdict === 'Fail' ? decidedAt : null,
    equalityFailsAt: null,
    failsAt: RULES.map((_, index) => (index === 0 ? firstRule : null)),
  });
  const [first, second] = SCENARIOS;
  if (first === undefined || second === undefined) throw new Error('too few scenarios');
  const simulated = [
    { scenario: first, outcomes: [outcome('Fail', 2, 1), outcome('Fail', 4, 3), outcome('Pass', 10, null)] },
    { scenario: second, outcomes: [outcome('Inconclusive', 120, null)] },
  ];

  it('say which share failed, with its interval, and in all', () => {
    const { columns, rows } = failedTable('', simulated, [], { sum: 'all' });
    expect(columns).toEqual(['rule', 'independent (3 runs), %', 'drifting (1 runs), %', 'all (4 runs), %']);
    expect(rows).toHaveLength(3 + RULES.length);
    expect(rows[0]?.slice(1)).toEqual(['66.7 [9.4, 99.2]', '0 [0, 97.5]', '50 [6.8, 93.2]']);
    expect(rows[1]?.slice(1)).toEqual(rows[0]?.slice(1));
    expect(rows[2]?.[1]).toBe('0 [0, 70.8]');
    expect(rows[3]?.slice(1)).toEqual(rows[0]?.slice(1));
    expect(rows[4]?.[1]).toBe('0 [0, 70.8]');
  });

  it('say which share failed soon', () => {
    const { rows } = failedTable('', simulated, [], { within: 2 });
    expect(rows[0]?.slice(1)).toEqual(['33.3 [0.84, 90.6]', '0 [0, 97.5]']);
  });

  it('say in short what was wrong, and how soon what was right', () => {
    const kinds = ['identical', 'regression', 'harmless'] as const;
    const all = kinds.map((kind, index) => ({
      scenario: { ...first, kind },
      outcomes: [outcome('Fail', 2, null), ...Array<Outcome>(index + 1).fill(outcome('Pass', 10, null))],
    }));
    const { columns, rows } = summaryTable('', all, all.slice(1, 2), []);
    expect(columns.slice(1, 4).map((each) => /\d+/.exec(each)?.[0])).toEqual(['2', '3', '4']);
    expect(rows[0]?.slice(1).map((each) => String(each).split(' ')[0])).toEqual(['50', '66.7', '25', 'never']);
    expect(rows[3]?.slice(1).map((each) => String(each).split(' ')[0])).toEqual(['0', '100', '0', 'never']);
  });

  it('say when, where a run that never failed is later than all others', () => {
    const { rows } = secondsTable('', simulated, []);
    expect(rows.slice(0, 5).map((row) => row.slice(1))).toEqual([
      ['120 [never]', 'never'],
      ['120 [never]', 'never'],
      ['never', 'never'],
      ['90 [never]', 'never'],
      ['never', 'never'],
    ]);
  });

  it('say what we decided', () => {
    const { rows } = verdictTable('', simulated, []);
    expect(rows).toEqual([
      ['independent', 3, '33.3 [0.84, 90.6]', '66.7 [9.4, 99.2]', '0 [0, 70.8]', '120 [300]'],
      ['drifting', 1, '0 [0, 97.5]', '0 [0, 97.5]', '100 [2.5, 100]', 'never'],
    ]);
  });
});
