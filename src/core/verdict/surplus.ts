import { surplusEvidence } from '../stats/surplusEvidence.ts';
import { isRequired } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument, type EvidenceRoute } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';

/**
 * What to say when the candidate surely reports more requests than were copied to it; undefined: it does not. As much is
 * tolerated as may be lost. The evaluation does not look at it; but a comparison with requests that live never got is none,
 * so no Pass rests on it.
 */
export function surplusOf(document: EvidenceDocument, evaluation: Evaluation): string | undefined {
  const { analysis } = document;
  const fraction = mirrorFraction(document);
  const tolerated = analysis.coverage.maxLossPercent;
  for (const [index, group] of groupsOf(document).entries()) {
    const gate = evaluation.routes[index]?.gates.find((each) => each.gate === 'coverage');
    if (gate === undefined || !isRequired(document, group)) continue;
    const { live, mirror } = group.route;
    if (gate.effectiveMirror < analysis.minRequests) continue;
    if (mirror.requests <= (1 + tolerated / 100) * fraction * live.requests) continue;
    if (surplusEvidence(live, mirror, fraction, tolerated / 100) < gate.threshold) continue;
    return describe(group.route, fraction, tolerated);
  }
  return undefined;
}

function describe({ name, live, mirror }: EvidenceRoute, fraction: number, tolerated: number): string {
  const where = name === ALL_ROUTES ? 'all routes together' : name;
  return `the candidate reports ${Math.round(mirror.requests)} requests of ${where}, and only ${Math.round(live.requests * fraction)} were copied (tolerated ${tolerated} % more): others use it, it counts requests twice, or live’s telemetry is lost or sampled without its weight`;
}
