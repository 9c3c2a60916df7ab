import { errorPassEvidence } from '../stats/errorEvidence.ts';
import { quantileOf } from '../stats/histogram.ts';
import { quantilePassEvidence } from '../stats/quantileEvidence.ts';
import { isInValley } from '../stats/valley.ts';
import { compareRoute, type LatencyComparison, lostCopies, type RouteComparison } from './comparison.ts';
import { isRequired } from './evaluate.ts';
import type { Evaluation, GateEvaluation } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument, type EvidenceRoute } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';
import { BLOCKS_FOR_PASS } from './judgeRoute.ts';

const MOST_SENTENCES = 5;
const USUAL_PERCENTILES = [99, 97, 95, 90, 75, 50, 25, 10];
const MOST_TRAFFIC = 64; // times what there is; beyond it, more traffic is no advice
const LOOK_FOR_LOSS = 'look for dropped copies, restarts or missing telemetry';
const NOISY = 3; // over-dispersion that is worth a word

interface OpenRoute {
  readonly route: EvidenceRoute;
  readonly gates: readonly GateEvaluation[];
  readonly comparison: RouteComparison;
  readonly lost: number;
  /** Its sentence then speaks for the gates that lost copies keep open. */
  readonly coverageIsOpen: boolean;
  /** ln(1/alpha) of a Pass. */
  readonly enough: number;
  readonly document: EvidenceDocument;
}

/**
 * Plain sentences that say, for a verdict that is Running or Inconclusive, which gate of which route is open and what
 * would decide it. The sum is named only where no single route explains it. Empty when the verdict is Pass or Fail.
 */
export function whatWouldHelp(document: EvidenceDocument, evaluation: Evaluation): string[] {
  if (evaluation.verdict === 'Pass' || evaluation.verdict === 'Fail') return [];
  if (!document.routes.some((route) => route.live.requests > 0)) {
    return ['No live request was seen in the analysed time: send traffic, and check that live reports telemetry.'];
  }
  const open = openRoutes(document, evaluation);
  const ofRoutes = open.filter(({ route }) => route.name !== ALL_ROUTES);
  const explained = new Set(ofRoutes.flatMap(({ gates }) => gates.map(({ gate }) => gate)));
  const sum = open
    .filter(({ route }) => route.name === ALL_ROUTES)
    .map((all) => ({ ...all, gates: all.gates.filter(({ gate }) => !explained.has(gate)) }));
  const sentences = [...new Set([...ofRoutes, ...sum].flatMap(adviseRoute))];
  if (sentences.length <= MOST_SENTENCES) return sentences;
  const left = sentences.length - MOST_SENTENCES;
  return [...sentences.slice(0, MOST_SENTENCES), `${left} more ${left === 1 ? 'gate is' : 'gates are'} undecided.`];
}

function openRoutes(document: EvidenceDocument, evaluation: Evaluation): OpenRoute[] {
  const fraction = mirrorFraction(document);
  const enough = Math.log(100 / document.analysis.falseAlarmPercent);
  return groupsOf(document).flatMap((group, index) => {
    const gates = evaluation.routes[index]?.gates.filter(({ verdict }) => verdict !== 'Pass') ?? [];
    if (gates.length === 0 || !isRequired(document, group)) return [];
    const { route } = group;
    const comparison = compareRoute(route, document.analysis, fraction);
    const lost = lostCopies(route, fraction);
    const coverageIsOpen = gates.some(({ gate }) => gate === 'coverage');
    return [{ route, gates, comparison, lost, coverageIsOpen, enough, document }];
  });
}

function adviseRoute(open: OpenRoute): string[] {
  const { route, gates, comparison, document } = open;
  if (gates.length === 0) return [];
  const name = nameOf(route);
  const { minRequests } = document.analysis;
  const { effectiveLive } = comparison.errors;
  if (effectiveLive < minRequests) {
    return [`${name} had ${count(effectiveLive)} live requests and needs at least ${minRequests}: send more traffic.`];
  }
  if (route.mirror.items === 0) {
    return [
      `The candidate reported none of the copies of ${name}: check that it runs and that its telemetry carries its version.`,
    ];
  }
  if (comparison.errors.effectiveMirror < minRequests) {
    const reported = count(comparison.errors.effectiveMirror);
    return [
      `The candidate reported ${reported} of the ${count(effectiveLive)} requests of ${name} and needs at least ${minRequests}: ${LOOK_FOR_LOSS}.`,
    ];
  }
  if (comparison.blocks < BLOCKS_FOR_PASS) {
    return [
      `${name} had live requests in ${comparison.blocks} intervals and a Pass needs ${BLOCKS_FOR_PASS}: wait longer, or send steadier traffic.`,
    ];
  }
  return gates.flatMap((gate) => adviseGate(open, gate) ?? []);
}

function adviseGate(open: OpenRoute, { gate }: GateEvaluation): string | null {
  if (gate === 'coverage') return adviseCoverage(open);
  if (gate === 'errors') return adviseErrors(open);
  const latency = open.comparison.latency.find((candidate) => candidate.gate === gate);
  return latency ? adviseLatency(open, latency) : null;
}

function adviseCoverage({ route, document }: OpenRoute): string {
  const { live, mirror } = route;
  const percent = (100 * mirror.requests) / (live.requests * mirrorFraction(document));
  const { maxLossPercent } = document.analysis.coverage;
  return `The candidate reported ${percent.toFixed(1)} % of the copies of ${nameOf(route)}, and at most ${maxLossPercent} % may be lost: ${LOOK_FOR_LOSS}.`;
}

function adviseLatency(
  { route, lost, coverageIsOpen, enough, document }: OpenRoute,
  latency: LatencyComparison,
): string | null {
  const name = nameOf(route);
  const subject = `${latency.gate} of ${name}`;
  const { minRequests } = document.analysis;
  const { live, mirror, p, tolerance } = latency;
  if (live.total === 0) {
    return `Live itself never succeeded on ${name} (${count(route.live.requests)} requests), so there is no latency to compare: exclude the route, or correct its requests.`;
  }
  if (mirror.total === 0) return `The candidate never succeeded on ${name}, so there is no latency to compare.`;
  const successes = Math.min(live.effectiveSize, mirror.effectiveSize);
  if (successes < minRequests) {
    return `${subject} has ${count(successes)} successful requests in the smaller version and needs at least ${minRequests}: send more traffic, or exclude the route.`;
  }
  if (isInValley(live, p, tolerance) || isInValley(mirror, p, tolerance)) {
    return `${subject} lies between two modes, where the percentile is not determined: ${otherPercentile(latency)}.`;
  }
  if (lost > 0 && quantilePassEvidence({ ...latency, keep: 1 }) >= enough) {
    return coverageIsOpen
      ? null
      : `${subject} stays open because ${count(lost)} lost copies count as slow: ${LOOK_FOR_LOSS}.`;
  }
  const factor = trafficNeeded((times) => quantilePassEvidence({ ...latency, phi: latency.phi / times }) >= enough);
  if (factor !== null) return moreTraffic(subject, successes, factor, latency.phi);
  const from = quantileOf(live, p) ?? 0;
  const to = quantileOf(mirror, p) ?? 0;
  return `${subject} went from ${milliseconds(from)} to ${milliseconds(to)}, too close to the tolerated ${milliseconds(tolerance.allowed(from))} to be decided: more traffic helps little, another tolerance does.`;
}

function adviseErrors({ route, comparison, lost, coverageIsOpen, enough }: OpenRoute): string | null {
  const { errors } = comparison;
  const subject = `The error rate of ${nameOf(route)}`;
  const passes = (times: number): boolean => {
    const { onlyMirrorFailed, onlyLiveFailed, pairs } = errors.forPass;
    const scaled = {
      onlyMirrorFailed: times * onlyMirrorFailed,
      onlyLiveFailed: times * onlyLiveFailed,
      pairs: times * pairs,
    };
    return errorPassEvidence(scaled, errors.delta) >= enough;
  };
  if (lost > 0 && errorPassEvidence(errors.forFail, errors.delta) >= enough) {
    return coverageIsOpen
      ? null
      : `${subject} stays open because ${count(lost)} lost copies count as failed: ${LOOK_FOR_LOSS}.`;
  }
  const size = Math.min(errors.effectiveLive, errors.effectiveMirror);
  const factor = trafficNeeded(passes);
  const pairsHelp = !errors.paired && route.live.errors > 0 && route.mirror.errors > 0;
  const hint = pairsHelp ? ' Operation ids that both versions keep (pairs) would need less.' : '';
  if (factor !== null) return moreTraffic(subject, size, factor, errors.phi) + hint;
  const from = (100 * route.live.errors) / route.live.requests;
  const to = (100 * route.mirror.errors) / route.mirror.requests;
  return `${subject} went from ${from.toFixed(2)} % to ${to.toFixed(2)} %, too close to the tolerated ${(from + 100 * errors.delta).toFixed(2)} % to be decided.${hint}`;
}

/** How many times the present traffic, with the same shares, would decide; null when 64 times would not. */
function trafficNeeded(decides: (times: number) => boolean): number | null {
  for (let times = 1; times <= MOST_TRAFFIC; times *= 1.25) if (decides(times)) return times;
  return null;
}

function moreTraffic(subject: string, size: number, factor: number, phi: number): string {
  const noise =
    phi >= NOISY ? ' The versions differ more from interval to interval than chance does; more replicas help.' : '';
  return `${subject} needs about ${count(roundUp(size * factor))} requests in each version and has ${count(size)}: send more traffic or wait longer.${noise}`;
}

function otherPercentile(latency: LatencyComparison): string {
  const { live, mirror, tolerance, setting } = latency;
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

function nameOf({ name }: EvidenceRoute): string {
  return name === ALL_ROUTES ? 'all routes together' : name;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(1) : count(value)} ms`;
}

function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
