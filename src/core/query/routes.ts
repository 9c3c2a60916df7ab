import { longLiteral, stringLiteral } from './escape.ts';

/** Name under which every operation beyond the kept ones is summed. */
export const OTHER_ROUTES = '(other)';
/** Operation names that are analysed on their own. */
export const KEPT_ROUTES = 49;
/** Characters of a name that is kept. Application Insights cuts names there; what is longer does not come from its SDKs. */
export const LONGEST_NAME = 1024;

/** A route as the first query found it. The position in a list of these is the route's number in later answers. */
export interface QueriedRoute {
  readonly name: string;
  /** Bucket of live's percentile, in the order of the gates; undefined when live has no success. */
  readonly thresholds: readonly (number | undefined)[];
}

/**
 * `let Routes = datatable(…) […];`: names, numbers and thresholds as literals, so that a later query divides the rows in
 * exactly the way the first one did, and answers with numbers in place of names.
 */
export function routesTable(routes: readonly QueriedRoute[], thresholds: number): string {
  const columns = Array.from({ length: thresholds }, (_, gate) => `, T${gate}:long`).join('');
  const rows = routes.map(({ name, thresholds: buckets }, number) => {
    const cells = Array.from({ length: thresholds }, (_, gate) => `, ${longLiteral(buckets[gate])}`).join('');
    return `${stringLiteral(name)}, ${number}${cells}`;
  });
  return `let Routes = datatable(Name:string, Route:long${columns}) [${rows.join(', ')}];`;
}

/** Operators that add the route's number and thresholds to rows with a Name. Without `(other)`, unknown names are dropped. */
export function routeLookup(routes: readonly QueriedRoute[], thresholds: number): string {
  const other = routes.findIndex(({ name }) => name === OTHER_ROUTES);
  if (other < 0) return '| lookup kind=inner (Routes) on Name';
  // A row that is really called "(other)" is found by the look-up.
  const gates = (routes[other]?.thresholds.slice(0, thresholds) ?? []).map(
    (bucket, gate) => `T${gate} = iff(isnull(Route), ${longLiteral(bucket)}, T${gate})`,
  );
  return [
    '| lookup kind=leftouter (Routes) on Name',
    ...(gates.length > 0 ? [`| extend ${gates.join(', ')}`] : []),
    `| extend Route = coalesce(Route, ${longLiteral(other)})`,
  ].join('\n');
}
