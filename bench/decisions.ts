import { availableParallelism } from 'node:os';
import type { Bench } from './bench.ts';
import { SCENARIOS, type Scenario } from './decisions/scenarios.ts';
import type { Job } from './decisions/simulate.ts';
import { simulateAll } from './decisions/simulateAll.ts';
import { failedTable, type Simulated, secondsTable, summaryTable, verdictTable } from './decisions/tables.ts';

const INTERVALS = 120;
const RUNS: Readonly<Record<Scenario['kind'], number>> = {
  identical: 500,
  'noise of one pod': 200,
  regression: 200,
  harmless: 200,
};
const SHORT = { intervals: 12, runs: 2 };

const FEW_LOOKS = 20;

const CONDITIONS = [
  'Simulated requests: 10 a second unless said, of one route that answers in 100 ms (median; log-normal, sigma 0.5) and fails 0.5 % of them; V3 and V4: three routes of 15 ms, one of them changed. A run is one hour of intervals of 30 s. Every rule looks at the same requests after every interval, and the first Fail counts. In brackets the exact 95 % interval (Clopper and Pearson).',
  'MirrorExperiment: its engine with the defaults of spec.analysis, at the looks that the operator takes (after every interval at first, then whenever the window has grown by a tenth), until its first verdict: as in the product, a Pass ends the experiment. Asked after every interval, it is asked as often as the other rules, for the whole hour, whatever it said before; without tolerance it is also what a test of equality is.',
  'A regression that did not fail within the hour was missed by the other rules. MirrorExperiment leaves it Inconclusive or passes it: the last table says which.',
  'The others are small models of how these tools decide, not the tools; they judge all routes as one, at the same interval of 30 s. The fixed thresholds are tuned from live’s last ten minutes with MirrorExperiment’s tolerances. The tests of equality have no tolerance.',
];
const TIMES =
  'Median [90th percentile] over all runs, in time of the requests: warm-up and the delay of telemetry come on top for every rule. never: not within the hour.';

export const bench: Bench = {
  question: 'How often is a verdict wrong, and how soon is it right, compared with what others do?',

  async run({ short, tell }) {
    const intervals = short ? SHORT.intervals : INTERVALS;
    const runsOf = SCENARIOS.map(({ kind }) => (short ? SHORT.runs : RUNS[kind]));
    const jobs: Job[] = runsOf.flatMap((runs, scenario) =>
      Array.from({ length: runs }, (_, run) => ({ scenario, run, intervals })),
    );
    const tellOften = (done: number): void => {
      if (done % 500 === 0) tell(`${done} of ${jobs.length} simulated hours`);
    };
    const outcomes = await simulateAll(jobs, availableParallelism(), tellOften);
    const all = SCENARIOS.map(
      (scenario, index): Simulated => ({
        scenario,
        outcomes: outcomes.filter((_, job) => jobs[job]?.scenario === index),
      }),
    );
    const of = (kind: Scenario['kind']): readonly Simulated[] => all.filter(({ scenario }) => scenario.kind === kind);
    const identical = of('identical');
    const lab = of('regression').filter(({ scenario }) => /^V[34]:/.test(scenario.name));
    return [
      summaryTable('In short', all, lab, [...CONDITIONS, TIMES]),
      failedTable('False alarms: identical versions that failed within the hour', identical, [], { sum: 'all' }),
      failedTable(
        `False alarms in the first ${FEW_LOOKS} intervals`,
        identical,
        ['Ten minutes, about as long as a short canary analysis: fewer looks, fewer false alarms.'],
        { sum: 'all', within: FEW_LOOKS },
      ),
      failedTable('Stated limit: identical versions of which a pod is noisy, that failed', of('noise of one pod'), [
        'No statistic can tell one slow pod from a slow version. A pod wanders by 5 % (autoregressive, over 60 s), or is three times as slow for 7 % of the time, 5 s at a time.',
      ]),
      failedTable('Regressions that failed within the hour', of('regression'), []),
      secondsTable('Time to Fail', of('regression'), [TIMES]),
      failedTable('Harmless changes that failed within the hour', of('harmless'), [
        'Within MirrorExperiment’s default tolerances; without tolerance, and for a test of equality, ×1.05 and +0.5 pp are differences like others.',
      ]),
      verdictTable('MirrorExperiment’s verdicts with the defaults', all, [TIMES]),
    ];
  },
};
