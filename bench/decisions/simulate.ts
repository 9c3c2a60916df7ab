import { windowAt } from '../../src/core/schedule.ts';
import { evaluate } from '../../src/core/verdict/evaluate.ts';
import type { Verdict } from '../../src/core/verdict/evaluation.ts';
import type { EvidenceAnalysis } from '../../src/core/verdict/evidence.ts';
import { DEFAULT_ANALYSIS, EvidenceRecorder } from '../../test/support/evidenceRecorder.ts';
import { seededRandom } from '../../test/support/random.ts';
import { CHECKS, failsAt, RULES } from './rules.ts';
import { SCENARIOS } from './scenarios.ts';
import { allRoutes, INTERVAL_SECONDS, type RouteInterval, traffic } from './traffic.ts';

/** One simulated experiment. */
export interface Job {
  /** Index into SCENARIOS. */
  readonly scenario: number;
  readonly run: number;
  readonly intervals: number;
}

/** Times are the number of intervals that had passed. */
export interface Outcome {
  /** The first verdict at the default tolerances, at the looks that the product takes; Inconclusive: none at the deadline. */
  readonly verdict: Verdict;
  readonly decidedAt: number;
  /** When the default tolerances first fail it, asked as often as the other rules: after every interval, also after a Pass. */
  readonly toleratedFailsAt: number | null;
  /** The same with no tolerance at all. */
  readonly equalityFailsAt: number | null;
  /** For each of RULES. */
  readonly failsAt: readonly (number | null)[];
}

/** Tests of equality have no tolerance; this is what they can be compared with. */
export const EQUALITY: EvidenceAnalysis = {
  ...DEFAULT_ANALYSIS,
  latency: DEFAULT_ANALYSIS.latency.map((each) => ({ ...each, maxIncreasePercent: 0, maxIncreaseMilliseconds: 0 })),
  errors: { maxIncreaseBasisPoints: 0 },
};

/** Warm-up and the delay of telemetry are the same for every rule, and left out. */
const WITHOUT_DELAYS = {
  intervalSeconds: INTERVAL_SECONDS,
  warmupSeconds: 0,
  settleSeconds: 0,
  // the default of spec.analysis
  minDurationSeconds: 300,
};
const BEFORE_SECONDS = 600;
/** More runs of a scenario than there ever are. */
const SEEDS_PER_SCENARIO = 100_000;

/** All rules look at the same requests after every interval. A function of the job: the same wherever it runs. */
export function simulate({ scenario: index, run, intervals }: Job): Outcome {
  const scenario = SCENARIOS[index];
  if (scenario === undefined) throw new RangeError(`there is no scenario ${index}`);
  const next = traffic(scenario, seededRandom(SEEDS_PER_SCENARIO * (index + 1) + run), -BEFORE_SECONDS);
  const before = allRoutes(Array.from({ length: BEFORE_SECONDS / INTERVAL_SECONDS }, next).flat(), 'live');
  const checks = Object.entries(CHECKS).map(([name, start]) => ({ name, isBad: start(before), bad: [] as boolean[] }));
  const recorder = new EvidenceRecorder();
  let verdict: Verdict = 'Running';
  let decidedAt = 0;
  let toleratedFailsAt: number | null = null;
  let equalityFailsAt: number | null = null;
  for (let interval = 1; interval <= intervals; interval++) {
    const routes = next();
    const live = allRoutes(routes, 'live');
    const mirror = allRoutes(routes, 'mirror');
    for (const { bad, isBad } of checks) bad.push(isBad(live, mirror));
    const isOpen = verdict === 'Running' || toleratedFailsAt === null;
    if (!isOpen && equalityFailsAt !== null) continue;
    record(recorder, routes);
    const isLast = interval === intervals;
    const document = recorder.document(DEFAULT_ANALYSIS, isLast);
    if (isOpen) {
      const now = evaluate(document).verdict;
      if (now === 'Fail') toleratedFailsAt ??= interval;
      if (verdict === 'Running' && (isLast || isLook(interval))) [verdict, decidedAt] = [now, interval];
    }
    // The percentiles are the same, and with them all that is counted.
    if (equalityFailsAt === null && evaluate({ ...document, analysis: EQUALITY }).verdict === 'Fail') {
      equalityFailsAt = interval;
    }
  }
  return {
    verdict,
    decidedAt,
    toleratedFailsAt,
    equalityFailsAt,
    failsAt: RULES.map(({ check, limit }) => failsAt(checks.find(({ name }) => name === check)?.bad ?? [], limit)),
  };
}

/** Whether the operator looks at a window of so many intervals; it does so more rarely as the window grows. */
function isLook(interval: number): boolean {
  const now = interval * INTERVAL_SECONDS * 1000;
  return windowAt(now, 0, WITHOUT_DELAYS)?.end === now;
}

function record(recorder: EvidenceRecorder, routes: readonly RouteInterval[]): void {
  for (const interval of routes) {
    for (const arm of ['live', 'mirror'] as const) {
      for (const ms of interval[arm].latencies) recorder.record(interval.route, arm, ms);
      for (let left = interval[arm].failures; left > 0; left--) recorder.record(interval.route, arm, null);
    }
  }
  recorder.endBlock();
}
