import { mannWhitneyZ, PairwiseShifts } from './mannWhitney.ts';
import { type Requests, requestCount } from './traffic.ts';
import { momentsOf, momentsOfShare, welch } from './welch.ts';

/** Whether this interval looks bad; asked interval after interval. */
export type Check = (live: Requests, mirror: Requests) => boolean;

/** The default tolerances of MirrorExperiment, which the thresholds below share. */
const allowed = (ms: number): number => Math.max(1.1 * ms, ms + 20);
const MORE_ERRORS = 0.01;

/**
 * Thresholds on mirror's p50, p95 and error rate, as Argo Rollouts and Flagger compare a query's result with a number. Their
 * documentation shows numbers for one service (Flagger: success rate at least 99 %, p99 at most 500 ms); to be fair they
 * are tuned here, from live's last ten minutes before the copying began, with the same tolerances as ours.
 */
export function fixedThreshold(before: Requests): Check {
  const limits = quantilesOf(before.latencies).map(allowed);
  const errorLimit = errorRate(before) + MORE_ERRORS;
  return (_, mirror) =>
    quantilesOf(mirror.latencies).some((value, index) => value > (limits[index] ?? Number.NaN)) ||
    errorRate(mirror) > errorLimit;
}

/** Upper 1 % of the normal distribution: the lower limit of a two-sided 98 % interval lies above 0. */
const Z_98 = 2.3263478740408408;

/**
 * Mann and Whitney's test on the interval's requests: their latencies, and whether they failed. Confidence level 0.98, which
 * Kayenta's judge (NetflixACAJudge) passes to its MannWhitneyClassifier; only a rise counts.
 */
export function mannWhitneyPerInterval(): Check {
  return (live, mirror) =>
    mannWhitneyZ(sorted(live.latencies), sorted(mirror.latencies)) > Z_98 ||
    mannWhitneyZ(failures(live), failures(mirror)) > Z_98;
}

/**
 * Welch's test on the interval's requests: the mean latency, and the share of failures. alpha = 0.05, two-sided, as usual
 * (scipy.stats.ttest_ind, R's t.test); only a rise counts.
 */
export function welchPerInterval(): Check {
  return (live, mirror) => {
    const tests = [
      welch(momentsOf(live.latencies), momentsOf(mirror.latencies)),
      welch(momentsOfShare(live.failures, requestCount(live)), momentsOfShare(mirror.failures, requestCount(mirror))),
    ];
    return tests.some(({ t, p }) => t > 0 && p < 0.05);
  };
}

const KAYENTA_TOLERANCE = 0.25;
const KAYENTA_FEWEST_POINTS = 10;

/**
 * Kayenta's own use of the test: on one value for each interval (p50, p95 and error rate here), all intervals so far, asked
 * again after each from the tenth on. High, as in MannWhitneyClassifier: the lower 98 % limit of the shift is above a quarter
 * of its estimate (Hodges and Lehmann's). One metric that is High fails, as if it were marked critical. The allowed increase of
 * the effect size is left at its default, which excludes nothing.
 */
export function kayentaJudge(): Check {
  const series = [new PairwiseShifts(), new PairwiseShifts(), new PairwiseShifts()];
  let points = 0;
  return (live, mirror) => {
    const ofMirror = [...quantilesOf(mirror.latencies), errorRate(mirror)];
    [...quantilesOf(live.latencies), errorRate(live)].forEach((value, index) => {
      series[index]?.add(value, ofMirror[index] ?? Number.NaN);
    });
    points++;
    if (points < KAYENTA_FEWEST_POINTS) return false;
    return series.some((shifts) => shifts.lowerLimit(Z_98) > KAYENTA_TOLERANCE * Math.abs(shifts.median));
  };
}

function quantilesOf(latencies: readonly number[]): readonly number[] {
  const ascending = sorted(latencies);
  // By the nearest rank.
  return [0.5, 0.95].map((p) => ascending[Math.ceil(p * ascending.length) - 1] ?? Number.NaN);
}

function errorRate(requests: Requests): number {
  return requests.failures / requestCount(requests);
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** 0 for a request that succeeded, 1 for one that failed. */
function failures(requests: Requests): Float64Array {
  return new Float64Array(requestCount(requests)).fill(1, requests.latencies.length);
}
