import type { MirrorExperimentStatus } from '../../api/types.generated.ts';
import type { RouteSamples, Samples } from '../samples/samples.ts';
import type { Interval } from '../stats/interval.ts';
import type { Evaluation, RouteEvaluation } from '../verdict/evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument } from '../verdict/evidence.ts';
import { groupsOf } from '../verdict/groups.ts';
import {
  documentEstimates,
  documentIntervals,
  type ErrorEstimate,
  type LatencyEstimate,
  type RouteEstimates,
  type RouteIntervals,
  type RouteMoments,
} from '../verdict/intervals.ts';
import { evidenceShares } from './evidenceShares.ts';
import { milliseconds, percent, round, signed } from './format.ts';

type Results = Pick<
  MirrorExperimentStatus,
  'requests' | 'latency' | 'meanLatency' | 'errors' | 'progress' | 'routes' | 'routesLeftOut'
>;

/** Most routes in a status; the worst ones come first. The resource definition has the same limit. */
const MOST_ROUTES = 10;

/** Of the intervals, relative to live's figure: finer than any person reads them. */
const PRECISION = 1e-4;

/** The figures that cost most: those with intervals. */
type Estimates = Pick<Results, 'latency' | 'meanLatency' | 'errors'>;

/**
 * What was measured, as the status shows it. Absent figures are those for which there is no data.
 * @param standing shown in place of new estimates, which are not computed then
 */
export function resultsOf(
  samples: Samples,
  document: EvidenceDocument,
  evaluation: Evaluation,
  standing?: Estimates,
): Results {
  const groups = groupsOf(document);
  const [all] = groups;
  if (all === undefined) return { requests: { live: 0, mirror: 0 } };
  const { live, mirror } = all.route;
  const expected = live.requests * ((document.mirrorPercent ?? 100) / 100);
  const routes = worstFirst(evaluation.routes.map((route, index) => ({ route, index }))).filter(
    ({ route }) => route.name !== ALL_ROUTES,
  );
  return {
    requests: {
      live: live.requests,
      mirror: mirror.requests,
      ...(expected > 0 && { coveragePercent: round((100 * mirror.requests) / expected) }),
      sampled: live.items !== live.requests || mirror.items !== mirror.requests,
    },
    ...(standing === undefined ? estimatesOf(samples, document) : estimatesOfStatus(standing)),
    progress: progressOf(document, evaluation),
    routes: routes.slice(0, MOST_ROUTES).map(({ route, index }) => {
      const group = groups[index];
      return {
        name: route.name,
        verdict: route.verdict,
        ...reasonOf(route),
        ...(group !== undefined && {
          requests: { live: group.route.live.requests, mirror: group.route.mirror.requests },
        }),
        // Intervals cost a hundred times what the verdict does: for a route only once there is one.
        ...figures(
          evaluation.verdict === 'Running'
            ? documentEstimates(document, index)
            : documentIntervals(document, index, { precision: PRECISION }),
        ),
      };
    }),
    routesLeftOut: Math.max(0, routes.length - MOST_ROUTES),
  };
}

/** Of the sum over the routes, or of the only route. */
function estimatesOf({ routes }: Samples, document: EvidenceDocument): Estimates {
  const intervals = documentIntervals(document, 0, { moments: sumOfMoments(routes), precision: PRECISION });
  return {
    latency: intervals.latency.map(latencyOf),
    ...meanOf(routes, intervals),
    errors: errorsOf(intervals.errors),
  };
}

function estimatesOfStatus({ latency, meanLatency, errors }: Estimates): Estimates {
  return {
    ...(latency !== undefined && { latency }),
    ...(meanLatency !== undefined && { meanLatency }),
    ...(errors !== undefined && { errors }),
  };
}

function figures({ latency, errors }: RouteEstimates) {
  return { latency: latency.map(latencyOf), errors: errorsOf(errors) };
}

/** Of the sum over the routes, or of the only route. */
function progressOf({ analysis }: EvidenceDocument, { routes: [all] }: Evaluation): NonNullable<Results['progress']> {
  return (all?.gates ?? []).map((gate) => ({
    gate: gate.gate,
    verdict: gate.verdict,
    ...evidenceShares(analysis, gate),
  }));
}

function meanOf(routes: readonly RouteSamples[], { mean }: RouteIntervals): Pick<Results, 'meanLatency'> {
  if (mean === null) return {};
  const { live, mirror } = sumOfMoments(routes);
  const { difference, lower, upper } = mean;
  return {
    meanLatency: {
      ...defined({
        liveMilliseconds: live.sum / live.weight,
        mirrorMilliseconds: mirror.sum / mirror.weight,
        deltaMilliseconds: difference,
      }),
      deltaInterval: defined({ lower, upper }),
    },
  };
}

function latencyOf(estimate: LatencyEstimate & { readonly deltaInterval?: Interval }) {
  const { percentile, liveMilliseconds, mirrorMilliseconds, deltaMilliseconds, deltaPercent, deltaInterval } = estimate;
  return {
    percentile,
    ...defined({ liveMilliseconds, mirrorMilliseconds, deltaMilliseconds, deltaPercent }),
    ...(deltaMilliseconds !== null && { delta: signed(deltaMilliseconds, milliseconds, 'ms') }),
    ...(deltaInterval !== undefined && { deltaInterval: defined({ ...deltaInterval }) }),
  };
}

function errorsOf(estimate: ErrorEstimate & { readonly deltaInterval?: Interval }) {
  const { livePercent, mirrorPercent, deltaPercentagePoints, deltaInterval } = estimate;
  return {
    ...defined({ livePercent, mirrorPercent, deltaPercentagePoints }),
    ...(deltaPercentagePoints !== null && { delta: signed(deltaPercentagePoints, percent, 'pp') }),
    ...(deltaInterval !== undefined && { deltaInterval: defined({ ...deltaInterval }) }),
  };
}

function reasonOf(route: RouteEvaluation): { reason?: string } {
  const gate = route.gates
    .filter(({ verdict }) => verdict === route.verdict && verdict !== 'Pass')
    .sort((a, b) => b.logEvidenceFail - b.threshold - (a.logEvidenceFail - a.threshold))[0];
  return gate === undefined ? {} : { reason: gate.gate };
}

/** Fails by how clear they are, then what is undecided, then what passes; otherwise as they first appeared. */
function worstFirst<T extends { route: RouteEvaluation }>(routes: readonly T[]): readonly T[] {
  const order = { Fail: 0, Inconclusive: 1, Running: 1, Pass: 2 };
  const excess = ({ route }: T) => Math.max(...route.gates.map((gate) => gate.logEvidenceFail - gate.threshold));
  return [...routes].sort(
    (a, b) =>
      order[a.route.verdict] - order[b.route.verdict] || (a.route.verdict === 'Fail' ? excess(b) - excess(a) : 0),
  );
}

function sumOfMoments(routes: readonly RouteSamples[]): RouteMoments {
  const sum = (arm: 'live' | 'mirror') => ({
    weight: total(routes, (route) => route[arm].requests - route[arm].errors),
    sum: total(routes, (route) => route[arm].sumMilliseconds),
    sumOfSquares: total(routes, (route) => route[arm].sumSquaredMilliseconds),
  });
  return { live: sum('live'), mirror: sum('mirror') };
}

function total(routes: readonly RouteSamples[], value: (route: RouteSamples) => number): number {
  return routes.reduce((sum, route) => sum + value(route), 0);
}

/** The figures that there are, rounded. */
function defined<K extends string>(figures: Readonly<Record<K, number | null>>): Partial<Record<K, number>> {
  const present: Partial<Record<K, number>> = {};
  for (const key of Object.keys(figures) as K[]) {
    const value = figures[key];
    if (value !== null && Number.isFinite(value)) present[key] = round(value);
  }
  return present;
}
