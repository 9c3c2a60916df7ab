import type { Cursor } from './cursor.ts';
import { methodMatcher, mirrorPolicy, type Plain } from './desired.ts';
import { explainNoRoute } from './explainNoRoute.ts';
import { findRoutes, type RouteSite } from './findRoutes.ts';
import { methodOverlap } from './methods.ts';
import { Refusal } from './refusal.ts';
import type { Style } from './render.ts';
import { addField, addItem, copyItem, type Splice } from './splice.ts';
import type { MirroredRoute, MirrorIntent } from './types.ts';

export interface RoutePlan {
  splices: Splice[];
  sites: RouteSite[];
  routes: MirroredRoute[];
  warnings: string[];
}

/** The splices that give every route to the live cluster its mirror; throws a Refusal where that cannot be done. */
export function planRoutes(root: Cursor, intent: MirrorIntent, style: Style): RoutePlan {
  const sites = findRoutes(root);
  for (const site of sites) refuseUnclear(site, intent);
  const live = sites.filter((site) => clusterOf(site) === intent.liveCluster);
  const overlaps = live.map((site) => ({ site, overlap: methodOverlap(site.route.get('match'), intent.methods) }));
  const wanted = overlaps.filter(({ overlap }) => overlap !== 'none');
  if (wanted.length === 0) throw explainNoRoute(root, sites, live, intent);
  for (const { site } of wanted) refuseInherited(site);

  return {
    splices: wanted.map(({ site, overlap }) => mirrorRoute(site, overlap === 'some', intent, style)),
    sites: wanted.map(({ site }) => site),
    routes: wanted.map(({ site }) => ({ ...site.names })),
    warnings: [
      ...overlaps
        .filter(({ overlap }) => overlap === 'none')
        .map(({ site }) => `${where(site)} takes none of ${intent.methods.join(', ')}, so it is not mirrored`),
      ...sites.flatMap((site) => warnings(site, intent)),
    ],
  };
}

/** For people: file, line and names of a route. */
function where({ route, names }: RouteSite): string {
  return (
    `${route.file.key}, line ${route.line}: listener "${names.listener}", virtual host "${names.virtualHost}", ` +
    `route "${names.route}"`
  );
}

/** The cluster of a route that names exactly one. */
function clusterOf(site: RouteSite): string | undefined {
  return site.route.get('route')?.get('cluster')?.string;
}

function weightedClusters(site: RouteSite): string[] {
  const weighted = site.route.get('route')?.get('weighted_clusters')?.each('clusters') ?? [];
  return weighted.flatMap((cluster) => cluster.get('name')?.string ?? []);
}

function mirrorRoute(site: RouteSite, narrow: boolean, intent: MirrorIntent, style: Style): Splice {
  const action = site.route.get('route');
  const match = site.route.get('match');
  if (action === undefined) throw new Refusal('EditUnsafe', `${where(site)} has no action`);
  const policy = intoList(site, action, 'request_mirror_policies', mirrorPolicy(intent), style);
  if (!narrow) return policy;
  if (match === undefined) {
    throw new Refusal('ConfigFormUnsupported', `${where(site)} has no match, so Envoy will not take it. Add one.`);
  }
  const matcher = intoList(site, match, 'headers', methodMatcher(intent.methods), style);
  return copyItem(site.routes, site.index, [policy, matcher], style);
}

/** Adds an element to a field that is a list and may be absent. */
function intoList(site: RouteSite, map: Cursor, name: string, value: Plain, style: Style): Splice {
  const existing = map.field(name);
  if (existing === undefined) {
    return addField(map, map.field('cluster') ?? map.fields().at(-1), name, [value], style);
  }
  if (existing.value.list === undefined) {
    throw new Refusal(
      'ConfigFormUnsupported',
      `${where(site)} has a "${String(existing.key.value)}" that is not written as a list. Write it as a list, or remove it when it is empty.`,
    );
  }
  return addItem(existing.value, value, style);
}

function refuseUnclear(site: RouteSite, intent: MirrorIntent): void {
  for (const [level, owner] of policyOwners(site)) {
    for (const policy of owner?.each('request_mirror_policies') ?? []) {
      if (policy.get('cluster')?.string !== intent.mirrorCluster) continue;
      throw new Refusal(
        'MirrorPolicyPresent',
        `${where(site)}: its ${level} has a mirror policy to "${intent.mirrorCluster}" on line ${policy.line} already. ` +
          'Remove that policy: the operator adds one for the experiment and takes it out again.',
      );
    }
  }
  if (weightedClusters(site).includes(intent.liveCluster)) {
    throw new Refusal(
      'WeightedClusters',
      `${where(site)} shares its requests between weighted clusters, "${intent.liveCluster}" among them. A mirror ` +
        `policy would copy the requests of all of them. Route to "${intent.liveCluster}" alone for the experiment.`,
    );
  }
}

/** A route's list replaces that of its virtual host, which replaces that of the route configuration. */
function refuseInherited(site: RouteSite): void {
  const [own, ...inherited] = policyOwners(site);
  if ((own?.[1]?.each('request_mirror_policies').length ?? 0) > 0) return;
  for (const [level, owner] of inherited) {
    const policy = owner?.each('request_mirror_policies')[0];
    if (policy === undefined) continue;
    throw new Refusal(
      'MirrorPolicyInherited',
      `${where(site)}: its ${level} has a mirror policy on line ${policy.line}, which a policy of the route would ` +
        'switch off. Move that policy into the route, where another can stand beside it, or remove it.',
    );
  }
}

function policyOwners(site: RouteSite): [string, Cursor | undefined][] {
  return [
    ['action', site.route.get('route')],
    ['virtual host', site.virtualHost],
    ['route configuration', site.routeConfig],
  ];
}

function warnings(site: RouteSite, intent: MirrorIntent): string[] {
  const found: string[] = [];
  if (clusterOf(site) === intent.mirrorCluster || weightedClusters(site).includes(intent.mirrorCluster)) {
    found.push(`${where(site)} sends requests of its own to the mirror cluster "${intent.mirrorCluster}"`);
  }
  const header = site.route.get('route')?.get('cluster_header')?.string;
  if (header !== undefined) {
    found.push(`${where(site)} takes its cluster from the header "${header}", so it is not mirrored`);
  }
  if (site.index === 0 && site.virtualHost.get('matcher') !== undefined) {
    found.push(`${where(site)}: the virtual host has a "matcher" besides, whose routes are not mirrored`);
  }
  return found;
}
