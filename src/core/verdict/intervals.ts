import { errorInterval } from '../stats/errorEvidence.ts';
import { type Histogram, histogramFrom, quantileOf } from '../stats/histogram.ts';
import type { Interval, Levels } from '../stats/interval.ts';
import { type MeanDifference, meanInterval } from '../stats/meanInterval.ts';
import { quantileDifferenceInterval } from '../stats/quantileInterval.ts';
import { compareRoute, type LatencyComparison, type RouteComparison } from './comparison.ts';
import type { EvidenceAnalysis, EvidenceArm, EvidenceDocument, EvidenceRoute } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';

/** What the data say about one route, for people. */
export interface RouteEstimates {
  readonly name: string;
  readonly latency: readonly LatencyEstimate[];
  readonly errors: ErrorEstimate;
}

/** Estimates, and the limits that the verdict's own evidence gives. */
export interface RouteIntervals extends RouteEstimates {
  readonly latency: readonly LatencyDifference[];
  /** null without moments, or when an arm has no success. */
  readonly mean: MeanDifference | null;
  readonly errors: ErrorDifference;
}

/** null: the arm has no success. */
export interface LatencyEstimate {
  readonly percentile: number;
  readonly liveMilliseconds: number | null;
  readonly mirrorMilliseconds: number | null;
  readonly deltaMilliseconds: number | null;
  readonly deltaPercent: number | null;
}

/** An end of the interval is null as long as there is no bound. */
interface LatencyDifference extends LatencyEstimate {
  readonly deltaInterval: Interval;
}

/** Error rates in percent, and their difference in percentage points; null: the arm has no request. */
export interface ErrorEstimate {
  readonly livePercent: number | null;
  readonly mirrorPercent: number | null;
  readonly deltaPercentagePoints: number | null;
}

interface ErrorDifference extends ErrorEstimate {
  readonly deltaInterval: Interval;
}

/** Moments of the successful rows' durations, which the document does not carry: the verdict does not need them. */
export interface ArmMoments {
  /** Σ itemCount. */
  readonly weight: number;
  /** Σ itemCount · duration, in milliseconds. */
  readonly sum: number;
  /** Σ itemCount · duration², in milliseconds². */
  readonly sumOfSquares: number;
}

export interface RouteMoments {
  readonly live: ArmMoments;
  readonly mirror: ArmMoments;
}

interface IntervalSettings {
  readonly analysis: EvidenceAnalysis;
  /** Share of live requests that is copied, 0 … 1. */
  readonly fraction: number;
  readonly levels: Levels;
}

const UNBOUNDED: Interval = { lower: null, upper: null };

interface IntervalOptions {
  readonly moments?: RouteMoments;
  /** By how much an end of a latency interval may be too far out, as a share of live's percentile. Default: next to nothing. */
  readonly precision?: number;
}

/**
 * The intervals of one entry of `evaluate(document).routes`, at the levels at which its gates are judged. So a Fail has a
 * lower latency limit above maxIncreaseMilliseconds and a lower error limit above maxIncreaseBasisPoints, and an upper
 * limit that is below either is a Pass. Costs a few milliseconds: for what is shown, not for every poll of every route.
 * @param index position in the evaluation's routes; 0 is "(all)" when there is more than one route
 * @throws RangeError when there is no such entry
 */
export function documentIntervals(
  document: EvidenceDocument,
  index: number,
  options: IntervalOptions = {},
): RouteIntervals {
  const group = groupsOf(document)[index];
  if (!group) throw new RangeError(`the evaluation has no route at ${index}`);
  const { analysis } = document;
  const levels = { lower: group.alpha, upper: analysis.falseAlarmPercent / 100 };
  return routeIntervals(group.route, { analysis, fraction: mirrorFraction(document), levels }, options);
}

function routeIntervals(
  route: EvidenceRoute,
  { analysis, fraction, levels }: IntervalSettings,
  { moments, precision = 0 }: IntervalOptions,
): RouteIntervals {
  const comparison = compareRoute(route, analysis, fraction);
  return {
    name: route.name,
    latency: comparison.latency.map((latency) => latencyDifference(latency, levels, precision)),
    mean: moments ? meanDifference(comparison, moments, levels) : null,
    errors: errorDifference(route, comparison, levels),
  };
}

/** The estimates of one entry of `evaluate(document).routes`, without intervals: a hundredth of their cost. */
export function documentEstimates(document: EvidenceDocument, index: number): RouteEstimates {
  const group = groupsOf(document)[index];
  if (!group) throw new RangeError(`the evaluation has no route at ${index}`);
  const { name, live, mirror } = group.route;
  const liveHistogram = histogramFrom(live.histogram);
  const mirrorHistogram = histogramFrom(mirror.histogram);
  return {
    name,
    latency: document.analysis.latency.map(({ percentile }) =>
      latencyEstimate(percentile, liveHistogram, mirrorHistogram),
    ),
    errors: errorEstimate(group.route),
  };
}

function latencyDifference(comparison: LatencyComparison, levels: Levels, precision: number): LatencyDifference {
  const estimate = latencyEstimate(comparison.setting.percentile, comparison.live, comparison.mirror);
  const resolution = precision * (estimate.liveMilliseconds ?? 0);
  return { ...estimate, deltaInterval: quantileDifferenceInterval(comparison, levels, { resolution }) };
}

function latencyEstimate(percentile: number, liveHistogram: Histogram, mirrorHistogram: Histogram): LatencyEstimate {
  const live = quantileOf(liveHistogram, percentile / 100);
  const mirror = quantileOf(mirrorHistogram, percentile / 100);
  const delta = live === null || mirror === null ? null : mirror - live;
  return {
    percentile,
    liveMilliseconds: live,
    mirrorMilliseconds: mirror,
    deltaMilliseconds: delta,
    deltaPercent: delta === null || live === null ? null : (100 * delta) / live,
  };
}

function errorDifference(route: EvidenceRoute, { errors }: RouteComparison, levels: Levels): ErrorDifference {
  const estimate = errorEstimate(route);
  const known = estimate.deltaPercentagePoints !== null;
  const { lower, upper } = known ? errorInterval(errors.forFail, errors.forPass, levels) : UNBOUNDED;
  return {
    ...estimate,
    deltaInterval: { lower: lower === null ? null : 100 * lower, upper: upper === null ? null : 100 * upper },
  };
}

function errorEstimate(route: EvidenceRoute): ErrorEstimate {
  const live = errorPercent(route.live);
  const mirror = errorPercent(route.mirror);
  return {
    livePercent: live,
    mirrorPercent: mirror,
    deltaPercentagePoints: live === null || mirror === null ? null : mirror - live,
  };
}

function errorPercent({ errors, requests }: EvidenceArm): number | null {
  return requests > 0 ? (100 * errors) / requests : null;
}

/** Deflated by the largest over-dispersion of the latency gates; there is none of the mean's own. */
function meanDifference(comparison: RouteComparison, moments: RouteMoments, levels: Levels): MeanDifference | null {
  const phi = Math.max(1, ...comparison.latency.map((latency) => latency.phi));
  const live = { ...moments.live, size: effectiveSize(moments.live, comparison.live) };
  const mirror = { ...moments.mirror, size: effectiveSize(moments.mirror, comparison.mirror) };
  const atLower = meanInterval(live, mirror, levels.lower, phi);
  const atUpper = meanInterval(live, mirror, levels.upper, phi);
  return atLower && atUpper ? { ...atLower, upper: atUpper.upper } : null;
}

function effectiveSize({ weight }: ArmMoments, histogram: Histogram): number {
  return histogram.total > 0 ? (weight * histogram.effectiveSize) / histogram.total : 0;
}
