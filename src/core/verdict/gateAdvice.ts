import { errorFailEvidence, errorPassEvidence, type PairCounts } from '../stats/errorEvidence.ts';
import { quantileOf } from '../stats/histogram.ts';
import { quantileFailEvidence, quantilePassEvidence } from '../stats/quantileEvidence.ts';
import { isInValley } from '../stats/valley.ts';
import type { LatencyComparison, RouteComparison } from './comparison.ts';
import type { GateEvaluation } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceAnalysis, type EvidenceRoute } from './evidence.ts';

const USUAL_PERCENTILES = [99, 97, 95, 90, 75, 50, 25, 10];
const MOST_TRAFFIC = 16; // times what there is; beyond it, more traffic is no advice
const NOISY = 3; // over-dispersion that is worth a word

export const LOOK_FOR_LOSS = 'look for dropped copies, restarts or missing telemetry';

export interface OpenRoute {
  readonly route: EvidenceRoute;
  readonly gates: readonly GateEvaluation[];
  readonly comparison: RouteComparison;
  readonly lost: number;
  /** Its sentence then speaks for the gates that lost copies keep open. */
  readonly coverageIsOpen: boolean;
  readonly analysis: EvidenceAnalysis;
  /** Share of live requests that is copied, 0 … 1. */
  readonly fraction: number;
}

export interface Advice {
  readonly sentence: string;
  /** How many the gate needs, when more requests would decide it. */
  readonly requests?: number;
}

/** What would decide an open gate of a route that has requests and blocks enough; null when another gate's advice says it. */
export function adviseGate(open: OpenRoute, gate: GateEvaluation): Advice | null {
  if (gate.gate === 'coverage') return adviseCoverage(open);
  if (gate.gate === 'errors') return adviseErrors(open, gate);
  const latency = open.comparison.latency.find((comparison) => comparison.gate === gate.gate);
  return latency ? adviseLatency(open, latency, gate) : null;
}

export function wordForRoute({ name }: EvidenceRoute): string {
  return name === ALL_ROUTES ? 'all routes together' : name;
}

export function wordForCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function adviseCoverage({ route, analysis, fraction }: OpenRoute): Advice {
  const percent = (100 * route.mirror.requests) / (route.live.requests * fraction);
  const { maxLossPercent } = analysis.coverage;
  return {
    sentence: `The candidate reported ${percent.toFixed(1)} % of the copies of ${wordForRoute(route)}, and at most ${maxLossPercent} % may be lost: ${LOOK_FOR_LOSS}.`,
  };
}

function adviseLatency(open: OpenRoute, latency: LatencyComparison, gate: GateEvaluation): Advice | null {
  const { route, lost, analysis } = open;
  const { live, mirror, p, tolerance, phi } = latency;
  const name = wordForRoute(route);
  const subject = `${gate.gate} of ${name}`;
  if (live.total === 0) {
    return {
      sentence: `Live itself never succeeded on ${name} (${wordForCount(route.live.requests)} requests), so there is no latency to compare: exclude the route, or correct its requests.`,
    };
  }
  if (mirror.total === 0) {
    return { sentence: `The candidate never succeeded on ${name}, so there is no latency to compare.` };
  }
  const size = Math.min(live.effectiveSize, mirror.effectiveSize);
  if (size < analysis.minRequests) {
    return {
      sentence: `${subject} has ${wordForCount(size)} successful requests in the smaller version and needs at least ${analysis.minRequests}: send more traffic, or exclude the route.`,
    };
  }
  if (isInValley(live, p, tolerance) || isInValley(mirror, p, tolerance)) {
    return {
      sentence: `${subject} lies between two modes, where the percentile is not determined: ${otherPercentile(latency)}.`,
    };
  }
  const enough = enoughForPass(analysis);
  if (lost > 0 && quantilePassEvidence({ ...latency, keep: 1 }) >= enough) return adviseLoss(open, subject, 'slow');
  const times = trafficNeeded(
    (more) =>
      quantilePassEvidence({ ...latency, phi: phi / more }, enough) >= enough ||
      quantileFailEvidence({ ...latency, phi: phi / more }, gate.threshold) >= gate.threshold,
  );
  if (times !== null) return moreTraffic(subject, size, times, phi);
  const from = quantileOf(live, p) ?? 0;
  const to = quantileOf(mirror, p) ?? 0;
  return {
    sentence: `${subject} went from ${milliseconds(from)} to ${milliseconds(to)}, too close to the tolerated ${milliseconds(tolerance.allowed(from))} to be decided: more traffic helps little, another tolerance does.`,
  };
}

function adviseErrors(open: OpenRoute, { threshold }: GateEvaluation): Advice | null {
  const { route, comparison, lost, analysis } = open;
  const { errors } = comparison;
  const subject = `The error rate of ${wordForRoute(route)}`;
  const enough = enoughForPass(analysis);
  if (lost > 0 && errorPassEvidence(errors.forFail, errors.delta) >= enough) return adviseLoss(open, subject, 'failed');

  const pairsHelp = !errors.paired && route.live.errors > 0 && route.mirror.errors > 0;
  const hint = pairsHelp ? ' Operation ids that both versions keep (pairs) would need less.' : '';
  const times = trafficNeeded(
    (more) =>
      errorPassEvidence(scaled(errors.forPass, more), errors.delta) >= enough ||
      errorFailEvidence(scaled(errors.forFail, more), errors.delta) >= threshold,
  );
  if (times !== null) {
    const advice = moreTraffic(subject, Math.min(errors.effectiveLive, errors.effectiveMirror), times, errors.phi);
    return { ...advice, sentence: advice.sentence + hint };
  }
  const from = (100 * route.live.errors) / route.live.requests;
  const to = (100 * route.mirror.errors) / route.mirror.requests;
  return {
    sentence: `${subject} went from ${from.toFixed(2)} % to ${to.toFixed(2)} %, too close to the tolerated ${(from + 100 * errors.delta).toFixed(2)} % to be decided.${hint}`,
  };
}

function adviseLoss({ lost, coverageIsOpen }: OpenRoute, subject: string, counted: string): Advice | null {
  if (coverageIsOpen) return null;
  return {
    sentence: `${subject} stays open because ${wordForCount(lost)} lost copies count as ${counted}: ${LOOK_FOR_LOSS}.`,
  };
}

function moreTraffic(subject: string, size: number, times: number, phi: number): Advice {
  const requests = roundUp(size * times);
  const noise =
    phi >= NOISY ? ' The versions differ more from interval to interval than chance does; more replicas help.' : '';
  return {
    sentence: `${subject} needs about ${wordForCount(requests)} requests in each version and has ${wordForCount(size)}: send more traffic or wait longer.${noise}`,
    requests,
  };
}

/** How many times the present traffic, with the same shares, would decide; null when 16 times would not. */
function trafficNeeded(decides: (times: number) => boolean): number | null {
  for (let times = 1; times <= MOST_TRAFFIC; times *= 1.25) if (decides(times)) return times;
  return null;
}

function otherPercentile({ live, mirror, tolerance, setting }: LatencyComparison): string {
  const clear = USUAL_PERCENTILES.filter(
    (percentile) =>
      percentile !== setting.percentile &&
      !isInValley(live, percentile / 100, tolerance) &&
      !isInValley(mirror, percentile / 100, tolerance),
  );
  const below = clear.find((percentile) => percentile < setting.percentile);
  const above = clear.findLast((percentile) => percentile > setting.percentile);
  const names = [below, above].filter((percentile) => percentile !== undefined).map((percentile) => `p${percentile}`);
  return names.length > 0 ? `compare ${names.join(' or ')} instead` : 'compare another percentile instead';
}

function enoughForPass({ falseAlarmPercent }: EvidenceAnalysis): number {
  return Math.log(100 / falseAlarmPercent);
}

function scaled({ onlyMirrorFailed, onlyLiveFailed, pairs }: PairCounts, times: number): PairCounts {
  return {
    onlyMirrorFailed: times * onlyMirrorFailed,
    onlyLiveFailed: times * onlyLiveFailed,
    pairs: times * pairs,
  };
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : wordForCount(value)} ms`;
}

function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
