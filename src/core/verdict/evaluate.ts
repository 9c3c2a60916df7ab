import { type Evaluation, type RouteEvaluation, reasonOf, type VerdictReason } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument } from './evidence.ts';
import { type Group, groupsOf, mirrorFraction } from './groups.ts';
import { judgeRoute } from './judgeRoute.ts';

const MAJOR_SHARE = 0.1; // a route with this share of the live requests must pass on its own

/**
 * The verdict on an evidence document: a pure function of it. Any failing gate of any route is a Fail; a Pass needs
 * every gate of the sum and of every major route at once; everything else is Running, or Inconclusive at the deadline.
 * The probability of a false Fail, over all routes, gates and polls, is at most falseAlarmPercent, and so is that of a
 * Pass for a candidate that is out of tolerance on the sum or on a major route.
 * @throws RangeError when a histogram bucket is no integer or a block lacks a percentile
 */
export function evaluate(document: EvidenceDocument): Evaluation {
  const { analysis, deadline } = document;
  const groups = groupsOf(document);
  const fraction = mirrorFraction(document);
  const routes = groups.map(({ route, alpha }) => judgeRoute(route, { analysis, alpha, fraction, deadline }));

  const failed = failureReason(routes);
  if (failed) return { verdict: 'Fail', reason: failed, routes };

  const required = routes.filter((_, index) => isRequired(document, groups[index]));
  const anyTraffic = document.routes.some((route) => route.live.requests > 0);
  if (required.length > 0 && anyTraffic && required.every((route) => route.verdict === 'Pass')) {
    return { verdict: 'Pass', reason: 'WithinTolerance', routes };
  }
  const lost = required.some((route) =>
    route.gates.some(
      ({ gate, verdict, effectiveLive }) =>
        gate === 'coverage' && verdict !== 'Pass' && effectiveLive >= analysis.minRequests,
    ),
  );
  return {
    verdict: deadline ? 'Inconclusive' : 'Running',
    reason: lost && deadline ? 'LostCopies' : 'NotEnoughEvidence',
    routes,
  };
}

/** True for what must pass: the sum, the major routes and the declared ones. */
export function isRequired({ analysis, routes }: EvidenceDocument, group: Group | undefined): boolean {
  if (!group) return false;
  const { name, live } = group.route;
  const total = routes.reduce((sum, route) => sum + route.live.requests, 0);
  const declared = analysis.routes?.include ?? [];
  return name === ALL_ROUTES || live.requests >= MAJOR_SHARE * total || declared.includes(name);
}

/** The reason of the failing gate with the largest excess of evidence; equal ones are told apart by the gate's name. */
function failureReason(routes: readonly RouteEvaluation[]): VerdictReason | null {
  const failed = routes.flatMap((route) => route.gates).filter((gate) => gate.verdict === 'Fail');
  const [worst] = failed.sort(
    (a, b) =>
      b.logEvidenceFail - b.threshold - (a.logEvidenceFail - a.threshold) ||
      (a.gate < b.gate ? 1 : a.gate > b.gate ? -1 : 0),
  );
  return worst ? reasonOf(worst.gate) : null;
}
