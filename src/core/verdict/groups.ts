import { alphaShare } from './alphaSplit.ts';
import type { EvidenceDocument, EvidenceRoute } from './evidence.ts';
import { sumRoutes } from './sumRoutes.ts';

/** What is judged as one: the sum over the routes, or one route. */
export interface Group {
  readonly route: EvidenceRoute;
  /** The false-alarm rate of each of its gates. */
  readonly alpha: number;
}

/**
 * The sum first, then the routes in the document's order; a single route is its own sum. Everything that is told about a
 * document begins with them, so they are made once for each.
 */
export function groupsOf(document: EvidenceDocument): readonly Group[] {
  const known = GROUPS.get(document);
  if (known !== undefined) return known;
  const groups = makeGroups(document);
  GROUPS.set(document, groups);
  return groups;
}

const GROUPS = new WeakMap<EvidenceDocument, readonly Group[]>();

function makeGroups(document: EvidenceDocument): readonly Group[] {
  const { analysis, routes } = document;
  const declared = analysis.routes?.include ?? [];
  const judged = routes.length > 1 ? [sumRoutes(routes), ...routes] : routes;
  const gates = analysis.latency.length + 2;
  const declaredGroups = declared.length > 0 ? declared.length + 1 : undefined;
  return judged.map((route, index) => ({
    route,
    alpha: alphaShare(analysis.falseAlarmPercent / 100, index + 1, gates, declaredGroups),
  }));
}

export function mirrorFraction(document: EvidenceDocument): number {
  return (document.mirrorPercent ?? 100) / 100;
}
