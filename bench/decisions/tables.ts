import type { BenchTable, Cell } from '../bench.ts';
import { clopperPearson } from './clopperPearson.ts';
import { RULES } from './rules.ts';
import type { Scenario } from './scenarios.ts';
import type { Outcome } from './simulate.ts';
import { INTERVAL_SECONDS } from './traffic.ts';

export interface Simulated {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
}

/** When a rule failed the candidate, in intervals; null: not within the hour. */
interface Judge {
  readonly name: string;
  readonly failsAt: (outcome: Outcome) => number | null;
}

const JUDGES: readonly Judge[] = [
  { name: '**MirrorExperiment**', failsAt: ({ verdict, decidedAt }) => (verdict === 'Fail' ? decidedAt : null) },
  { name: '**MirrorExperiment**, asked after every interval', failsAt: ({ toleratedFailsAt }) => toleratedFailsAt },
  { name: '**MirrorExperiment**, without tolerance', failsAt: ({ equalityFailsAt }) => equalityFailsAt },
  ...RULES.map(({ name }, index) => ({ name, failsAt: ({ failsAt }: Outcome) => failsAt[index] ?? null })),
];

/** What each rule gets wrong, over all scenarios of a kind; and how soon it finds the given regressions. */
export function summaryTable(
  title: string,
  all: readonly Simulated[],
  soon: readonly Simulated[],
  notes: readonly string[],
): BenchTable {
  const of = (kind: Scenario['kind']): readonly Outcome[] =>
    all.filter(({ scenario }) => scenario.kind === kind).flatMap(({ outcomes }) => outcomes);
  const [identical, regression, harmless] = [of('identical'), of('regression'), of('harmless')];
  return {
    title,
    columns: [
      'rule',
      `identical versions that failed (${identical.length} simulated hours), %`,
      `regressions that did not fail (${regression.length}), %`,
      `harmless changes that failed (${harmless.length}), %`,
      ...soon.map(({ scenario }) => `${scenario.name}, s to Fail`),
    ],
    rows: JUDGES.map(({ name, failsAt }) => [
      name,
      share(identical, (outcome) => failsAt(outcome) !== null),
      share(regression, (outcome) => failsAt(outcome) === null),
      share(harmless, (outcome) => failsAt(outcome) !== null),
      ...soon.map(({ outcomes }) => secondsCell(outcomes.map(failsAt))),
    ]),
    notes,
  };
}

/** Each rule's share of runs that ended in Fail, within so many intervals. */
export function failedTable(
  title: string,
  all: readonly Simulated[],
  notes: readonly string[],
  { sum, within = Number.POSITIVE_INFINITY }: { readonly sum?: string; readonly within?: number } = {},
): BenchTable {
  const columns = all.map(({ scenario, outcomes }) => ({ name: scenario.name, outcomes }));
  if (sum !== undefined) columns.push({ name: sum, outcomes: all.flatMap(({ outcomes }) => outcomes) });
  return {
    title,
    columns: ['rule', ...columns.map(({ name, outcomes }) => `${name} (${outcomes.length} runs), %`)],
    rows: JUDGES.map(({ name, failsAt }) => [
      name,
      ...columns.map(({ outcomes }) =>
        share(outcomes, (outcome) => {
          const interval = failsAt(outcome);
          return interval !== null && interval <= within;
        }),
      ),
    ]),
    notes,
  };
}

/** Each rule's time to Fail: the median and, in brackets, the 90th percentile. */
export function secondsTable(title: string, all: readonly Simulated[], notes: readonly string[]): BenchTable {
  return {
    title,
    columns: ['rule', ...all.map(({ scenario }) => `${scenario.name}, s`)],
    rows: JUDGES.map(({ name, failsAt }) => [name, ...all.map(({ outcomes }) => secondsCell(outcomes.map(failsAt)))]),
    notes,
  };
}

/** Our verdicts. */
export function verdictTable(title: string, all: readonly Simulated[], notes: readonly string[]): BenchTable {
  return {
    title,
    columns: ['scenario', 'runs', 'Pass, %', 'Fail, %', 'Inconclusive, %', 'Pass or Fail after, s'],
    rows: all.map(({ scenario, outcomes }) => [
      scenario.name,
      outcomes.length,
      ...(['Pass', 'Fail', 'Inconclusive'] as const).map((wanted) =>
        share(outcomes, ({ verdict }) => verdict === wanted),
      ),
      secondsCell(outcomes.map(({ verdict, decidedAt }) => (verdict === 'Inconclusive' ? null : decidedAt))),
    ]),
    notes,
  };
}

/** `0.4 [0.1, 1.2]`: per cent, with the exact 95 % interval. */
function share(outcomes: readonly Outcome[], holds: (outcome: Outcome) => boolean): Cell {
  const count = outcomes.filter(holds).length;
  const [lower, upper] = clopperPearson(count, outcomes.length);
  return `${percent(count / outcomes.length)} [${percent(lower)}, ${percent(upper)}]`;
}

function percent(value: number): string {
  const digits = value > 0 && value < 0.01 ? 2 : 1;
  return String(Number((100 * value).toFixed(digits)));
}

/** A run that never came to it counts as later than all others. */
function secondsCell(intervals: readonly (number | null)[]): Cell {
  const ascending = intervals.map((each) => each ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const at = (p: number): string => {
    const value = ascending[Math.ceil(p * ascending.length) - 1] ?? Number.NaN;
    return value === Number.POSITIVE_INFINITY ? 'never' : String(INTERVAL_SECONDS * value);
  };
  return at(0.5) === 'never' && at(0.9) === 'never' ? 'never' : `${at(0.5)} [${at(0.9)}]`;
}
