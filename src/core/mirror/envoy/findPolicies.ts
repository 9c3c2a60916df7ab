import { isMap, isNode, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap, type YAMLSeq } from 'yaml';
import { outline, type ParsedDocument, sameOutline } from './outline.ts';
import { isMethodMatcher, type Mark, type Owner, ownerOfPolicy } from './recognise.ts';

/** A `request_mirror_policies` field, wherever it stands. */
export interface PolicyField {
  readonly map: YAMLMap<unknown, unknown>;
  readonly index: number;
  readonly pair: Pair<unknown, unknown>;
  readonly policies: readonly { readonly node: Node; readonly owner: Owner; readonly cluster: string | undefined }[];
  /** The element of a list of routes that has it. */
  readonly route?: RouteElement | undefined;
}

export interface RouteElement {
  readonly list: YAMLSeq<unknown>;
  readonly index: number;
  readonly item: YAMLMap<unknown, unknown>;
}

/** Every mirror policy of a document, with whose it is. Repeated keys and all levels that Envoy has are looked at. */
export function findPolicies(
  document: ParsedDocument,
  mark: Mark,
  mirrorClusters: ReadonlySet<string>,
): readonly PolicyField[] {
  const found: PolicyField[] = [];
  visit(document, {
    Pair(_key, pair, path) {
      const map = path.at(-1);
      if (!isNamed(pair, 'request_mirror_policies', 'requestMirrorPolicies') || !isMap(map)) return;
      const nodes = isSeq(pair.value) ? pair.value.items : [pair.value];
      const policies = nodes.filter(isNode).map((node) => {
        const data: unknown = node.toJS(document);
        return { node, owner: ownerOfPolicy(data, mark, mirrorClusters), cluster: clusterOf(data) };
      });
      found.push({ map, index: map.items.indexOf(pair), pair, policies, route: routeAround(path) });
    },
  });
  return found;
}

/**
 * Whether a route is recognisably our copy of the one below it: identical apart from our policies and one matcher for
 * methods.
 */
export function isCopyOfNext(document: ParsedDocument, field: PolicyField): boolean {
  const { route } = field;
  if (route === undefined) return false;
  const ours = field.policies.filter(({ owner }) => owner === 'ours').map(({ node }) => node);
  // A list that was there before, empty or not, stays without our policy.
  const ways = ours.length === field.policies.length ? [[field.pair], ours] : [ours];
  return ways.some((policies) => isNarrowed(document, route, route.item, policies, (each) => each));
}

/**
 * Whether a route may be our copy of the one below it: both lead the same requests to the same cluster, apart from a matcher
 * for methods, and only the copy is mirrored.
 */
export function mayBeCopyOfNext(
  document: ParsedDocument,
  route: RouteElement,
  mirrored: readonly PolicyField[],
): boolean {
  const next = route.list.items[route.index + 1];
  if (mirrored.some((field) => field.route?.item === next)) return false;
  const parts = (each: unknown, ...names: string[]) =>
    names.reduce<unknown>((part, name) => (isMap(part) ? fieldValue(part, name) : undefined), each);
  const cluster = (each: unknown) => outline(parts(each, 'route', 'cluster'), new Set());
  return (
    sameOutline(cluster(route.item), cluster(next)) &&
    isNarrowed(document, route, route.item, [], (each) => parts(each, 'match'))
  );
}

function isNarrowed(
  document: ParsedDocument,
  { list, index }: RouteElement,
  item: YAMLMap<unknown, unknown>,
  ours: readonly unknown[],
  part: (route: unknown) => unknown,
): boolean {
  const next = list.items[index + 1];
  const matcher = methodMatcherOf(document, item);
  if (next === undefined || matcher === undefined) return false;
  const original = outline(part(next), new Set());
  return [matcher.whole, matcher.item].some((narrowing) =>
    sameOutline(outline(part(item), new Set<unknown>([...ours, narrowing])), original),
  );
}

/** A route's matcher for methods that looks like ours, and what goes with it when it is the only one. */
function methodMatcherOf(
  document: ParsedDocument,
  route: YAMLMap<unknown, unknown>,
): { item: unknown; whole: unknown } | undefined {
  const match = fieldValue(route, 'match');
  const headers = isMap(match) ? match.items.find((pair) => isNamed(pair, 'headers')) : undefined;
  if (headers === undefined || !isSeq(headers.value)) return undefined;
  const item = headers.value.items.findLast((each) => isNode(each) && isMethodMatcher(each.toJS(document)));
  if (item === undefined) return undefined;
  return { item, whole: headers.value.items.length === 1 ? headers : item };
}

function routeAround(path: readonly unknown[]): RouteElement | undefined {
  // …, list of routes, route, its field "route", the action
  const [list, item, field, action] = path.slice(-4);
  if (!isSeq(list) || !isMap(item) || !isMap(action)) return undefined;
  if (!isNamed(field, 'route')) return undefined;
  return { list, index: list.items.indexOf(item), item };
}

function isNamed(pair: unknown, ...names: string[]): boolean {
  const key = typeof pair === 'object' && pair !== null && 'key' in pair ? pair.key : undefined;
  return isScalar(key) && names.some((name) => key.value === name);
}

function fieldValue(map: YAMLMap<unknown, unknown>, name: string): unknown {
  return map.items.find((pair) => isNamed(pair, name))?.value;
}

function clusterOf(policy: unknown): string | undefined {
  if (typeof policy !== 'object' || policy === null || !('cluster' in policy)) return undefined;
  return typeof policy.cluster === 'string' ? policy.cluster : undefined;
}
