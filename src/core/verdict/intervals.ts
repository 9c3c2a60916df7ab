import { errorInterval } from '../stats/errorEvidence.ts';
import { type Histogram, quantileOf } from '../stats/histogram.ts';
import type { Interval, Levels } from '../stats/interval.ts';
import { type MeanDifference, meanInterval } from '../stats/meanInterval.ts';
import { quantileDifferenceInterval } from '../stats/quantileInterval.ts';
import { compareRoute, type LatencyComparison, type RouteComparison } from './comparison.ts';
import type { EvidenceAnalysis, EvidenceArm, EvidenceDocument, EvidenceRoute } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';

/** What the data say about one route, for people: estimates and the limits that the verdict's own evidence gives. */
export interface RouteIntervals {
  readonly name: string;
  readonly latency: readonly LatencyDifference[];
  /** null without moments, or when an arm has no success. */
  readonly mean: MeanDifference | null;
  readonly errors: ErrorDifference;
}

/** null: the arm has no success. An end of the interval is null as long as there is no bound. */
export interface LatencyDifference {
  readonly percentile: number;
  readonly liveMilliseconds: number | null;
  readonly mirrorMilliseconds: number | null;
  readonly deltaMilliseconds: number | null;
  readonly deltaPercent: number | null;
  readonly deltaInterval: Interval;
}

/** Error rates in percent, their difference and its limits in percentage points. */
export interface ErrorDifference {
  readonly livePercent: number | null;
  readonly mirrorPercent: number | null;
  readonly deltaPercentagePoints: number | null;
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

/**
 * The intervals of one entry of `evaluate(document).routes`, at the levels at which its gates are judged. So a Fail has a
 * lower latency limit above maxIncreaseMilliseconds and a lower error limit above maxIncreaseBasisPoints, and an upper
 * limit that is below either is a Pass. Costs a few milliseconds: for what is shown, not for every poll of every route.
 * @param index position in the evaluation's routes; 0 is "(all)" when there is more than one route
 * @throws RangeError when there is no such entry
 */
export function documentIntervals(document: EvidenceDocument, index: number, moments?: RouteMoments): RouteIntervals {
  const group = groupsOf(document)[index];
  if (!group) throw new RangeError(`the evaluation has no route at ${index}`);
  const { analysis } = document;
  const levels = { lower: group.alpha, upper: analysis.falseAlarmPercent / 100 };
  return routeIntervals(group.route, { analysis, fraction: mirrorFraction(document), levels }, moments);
}

function routeIntervals(
  route: EvidenceRoute,
  { analysis, fraction, levels }: IntervalSettings,
  moments?: RouteMoments,
): RouteIntervals {
  const comparison = compareRoute(route, analysis, fraction);
  return {
    name: route.name,
    latency: comparison.latency.map((latency) => latencyDifference(latency, levels)),
    mean: moments ? meanDifference(comparison, moments, levels) : null,
    errors: errorDifference(route, comparison, levels),
  };
}

function latencyDifference(comparison: LatencyComparison, levels: Levels): LatencyDifference {
  const live = quantileOf(comparison.live, comparison.p);
  const mirror = quantileOf(comparison.mirror, comparison.p);
  const delta = live === null || mirror === null ? null : mirror - live;
  return {
    percentile: comparison.setting.percentile,
    liveMilliseconds: live,
    mirrorMilliseconds: mirror,
    deltaMilliseconds: delta,
    deltaPercent: delta === null || live === null ? null : (100 * delta) / live,
    deltaInterval: quantileDifferenceInterval(comparison, levels),
  };
}

function errorDifference(route: EvidenceRoute, { errors }: RouteComparison, levels: Levels): ErrorDifference {
  const live = errorPercent(route.live);
  const mirror = errorPercent(route.mirror);
  const known = live !== null && mirror !== null;
  const { lower, upper } = known ? errorInterval(errors.forFail, errors.forPass, levels) : UNBOUNDED;
  return {
    livePercent: live,
    mirrorPercent: mirror,
    deltaPercentagePoints: known ? mirror - live : null,
    deltaInterval: { lower: lower === null ? null : 100 * lower, upper: upper === null ? null : 100 * upper },
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
