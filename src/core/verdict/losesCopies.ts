import { isRequired } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import type { EvidenceDocument } from './evidence.ts';
import { groupsOf, mirrorFraction } from './groups.ts';

/**
 * True when a coverage gate that a Pass needs is open because copies are missing. The evaluation's own reason LostCopies
 * also covers gates that are open only because fewer than ten blocks are analysed.
 */
export function losesCopies(document: EvidenceDocument, evaluation: Evaluation): boolean {
  const { minRequests, coverage } = document.analysis;
  return groupsOf(document).some((group, index) => {
    const { live, mirror } = group.route;
    const gate = evaluation.routes[index]?.gates.find((each) => each.gate === 'coverage');
    const expected = (1 - coverage.maxLossPercent / 100) * mirrorFraction(document) * live.requests;
    return (
      isRequired(document, group) &&
      gate !== undefined &&
      gate.effectiveLive >= minRequests &&
      mirror.requests < expected
    );
  });
}
