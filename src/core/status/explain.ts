import { histogramFrom, quantileOf } from '../stats/histogram.ts';
import type { Evaluation } from '../verdict/evaluation.ts';
import type { EvidenceDocument, EvidenceRoute, LatencyTolerance } from '../verdict/evidence.ts';
import { groupsOf } from '../verdict/groups.ts';
import { whatWouldHelp } from '../verdict/whatWouldHelp.ts';
import { worstGate } from '../verdict/worstGate.ts';
import { count, milliseconds, percent, signed } from './format.ts';

/** The evaluation in a sentence that names the route, what it did, what was tolerated and after how many requests. */
export function explain(document: EvidenceDocument, evaluation: Evaluation): string {
  if (evaluation.verdict === 'Fail') return explainFail(document, evaluation);
  if (evaluation.verdict === 'Pass') return explainPass(document);
  const help = whatWouldHelp(document, evaluation);
  return help.length > 0 ? help.join(' ') : 'The evidence does not suffice yet, in either direction.';
}

function explainFail(document: EvidenceDocument, evaluation: Evaluation): string {
  const worst = worstGate(evaluation);
  const route = groupsOf(document).find((group) => group.route.name === worst?.route)?.route;
  if (worst === null || route === undefined) return 'out of tolerance';
  const after = `after ${count(route.mirror.requests)} requests`;
  if (worst.gate.gate === 'errors') {
    const [from, to] = [errorPercent(route.live), errorPercent(route.mirror)];
    const tolerated = percent(document.analysis.errors.maxIncreaseBasisPoints / 100);
    return `errors of ${route.name} rose ${percent(to - from)} percentage points (${percent(from)} % → ${percent(to)} %; tolerated ${tolerated}) ${after}`;
  }
  if (worst.gate.gate === 'coverage') {
    const expected = route.live.requests * ((document.mirrorPercent ?? 100) / 100);
    const lost = 100 * (1 - route.mirror.requests / expected);
    return `${percent(lost)} % of the copies of ${route.name} left no trace in the candidate’s telemetry (tolerated ${document.analysis.coverage.maxLossPercent} %) after ${count(route.live.requests)} live requests`;
  }
  const tolerance = document.analysis.latency.find((each) => `p${each.percentile}` === worst.gate.gate);
  return tolerance === undefined ? 'out of tolerance' : `${latencyRise(route, tolerance)} ${after}`;
}

function latencyRise(route: EvidenceRoute, tolerance: LatencyTolerance): string {
  const [live, mirror] = [route.live, route.mirror].map(
    (arm) => quantileOf(histogramFrom(arm.histogram, arm.successSumSquaredWeights), tolerance.percentile / 100) ?? 0,
  );
  const from = live ?? 0;
  const to = mirror ?? 0;
  const tolerated = Math.max((from * tolerance.maxIncreasePercent) / 100, tolerance.maxIncreaseMilliseconds);
  return `p${tolerance.percentile} of ${route.name} rose ${milliseconds(to - from)} ms (${milliseconds(from)} → ${milliseconds(to)}; tolerated ${milliseconds(tolerated)})`;
}

function explainPass(document: EvidenceDocument): string {
  const [all] = groupsOf(document);
  if (all === undefined) return 'within tolerance';
  const { route } = all;
  const latency = document.analysis.latency.map(({ percentile }) => {
    const [live, mirror] = [route.live, route.mirror].map(
      (arm) => quantileOf(histogramFrom(arm.histogram), percentile / 100) ?? 0,
    );
    return `p${percentile} ${signed((mirror ?? 0) - (live ?? 0), milliseconds, 'ms')}`;
  });
  const errors = `errors ${signed(errorPercent(route.mirror) - errorPercent(route.live), percent, 'percentage points')}`;
  const routes = document.routes.length === 1 ? '1 route' : `${document.routes.length} routes`;
  return `within tolerance on ${routes} after ${count(route.mirror.requests)} requests: ${[...latency, errors].join(', ')}`;
}

function errorPercent({ errors, requests }: EvidenceRoute['live']): number {
  return requests > 0 ? (100 * errors) / requests : 0;
}
