import { alphaShare } from './alphaSplit.ts';
import type { EvidenceDocument, EvidenceRoute } from './evidence.ts';
import { sumRoutes } from './sumRoutes.ts';

/** What is judged as one: the sum over the routes, or one route. */
export interface Group {
  readonly route: EvidenceRoute;
  /** The false-alarm rate of each of its gates. */
  readonly alpha: number;
}

/** The sum first, then the routes in the document's order; a single route is its own sum. */
export function groupsOf(document: EvidenceDocument): Group[] {
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
