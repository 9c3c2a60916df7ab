import { compareRoute, lostCopies } from './comparison.ts';
import { isRequired } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { ALL_ROUTES, type EvidenceDocument } from './evidence.ts';
import { adviseGate, LOOK_FOR_LOSS, type OpenRoute, wordForCount, wordForRoute } from './gateAdvice.ts';
import { groupsOf, mirrorFraction } from './groups.ts';
import { BLOCKS_FOR_PASS } from './judgeRoute.ts';

const MOST_SENTENCES = 5;

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
  return [...sentences.slice(0, MOST_SENTENCES), `And ${sentences.length - MOST_SENTENCES} more.`];
}

function openRoutes(document: EvidenceDocument, evaluation: Evaluation): OpenRoute[] {
  const { analysis } = document;
  const fraction = mirrorFraction(document);
  return groupsOf(document).flatMap((group, index) => {
    const gates = evaluation.routes[index]?.gates.filter(({ verdict }) => verdict !== 'Pass') ?? [];
    if (gates.length === 0 || !isRequired(document, group)) return [];
    const { route } = group;
    const comparison = compareRoute(route, analysis, fraction);
    const lost = lostCopies(route, fraction);
    const coverageIsOpen = gates.some(({ gate }) => gate === 'coverage');
    return [{ route, gates, comparison, lost, coverageIsOpen, analysis, fraction }];
  });
}

function adviseRoute(open: OpenRoute): string[] {
  const { route, gates, comparison, analysis } = open;
  if (gates.length === 0) return [];
  const name = wordForRoute(route);
  const { effectiveLive, effectiveMirror } = comparison.errors;
  const [live, mirror] = [wordForCount(effectiveLive), wordForCount(effectiveMirror)];
  if (effectiveLive < analysis.minRequests) {
    return [`${name} had ${live} live requests and needs at least ${analysis.minRequests}: send more traffic.`];
  }
  if (route.mirror.items === 0) {
    return [
      `The candidate reported none of the copies of ${name}: check that it runs and that its telemetry carries its version.`,
    ];
  }
  if (effectiveMirror < analysis.minRequests) {
    return [
      `The candidate reported ${mirror} of the ${live} requests of ${name} and needs at least ${analysis.minRequests}: ${LOOK_FOR_LOSS}.`,
    ];
  }
  if (comparison.blocks < BLOCKS_FOR_PASS) {
    return [
      `${name} had live requests in ${comparison.blocks === 1 ? '1 interval' : `${comparison.blocks} intervals`} and a Pass needs ${BLOCKS_FOR_PASS}: wait longer, or send steadier traffic.`,
    ];
  }
  const advice = gates.flatMap((gate) => adviseGate(open, gate) ?? []);
  const most = Math.max(...advice.map(({ requests }) => requests ?? 0));
  const needsMost = advice.find(({ requests }) => requests === most); // what decides that gate decides the others too
  return advice.filter((each) => each.requests === undefined || each === needsMost).map(({ sentence }) => sentence);
}
