import { type ClusterList, differenceWarnings, findCluster, findClusterLists, traitsOf } from './clusters.ts';
import type { Cursor } from './cursor.ts';
import { mirrorClusterConfig } from './desired.ts';
import type { RouteSite } from './findRoutes.ts';
import { Refusal } from './refusal.ts';
import { addItem, type Splice } from './splice.ts';
import { styleOf } from './style.ts';
import type { MirrorIntent } from './types.ts';

export interface ClusterPlan {
  /** Absent when the mirror cluster is there already. */
  addition?: { key: string; splice: Splice };
  warnings: string[];
}

/** Adds the mirror cluster beside the live one, unless some visible list has it. */
export function planCluster(
  routes: Cursor,
  clusters: Cursor | undefined,
  sites: readonly RouteSite[],
  intent: MirrorIntent,
): ClusterPlan {
  const lists = [
    ...findClusterLists(routes, false),
    ...(clusters === undefined ? [] : findClusterLists(clusters, true)),
  ];
  if (findCluster(lists, intent.mirrorCluster) !== undefined) return { warnings: [] };

  const target = lists.find((list) => findCluster([list], intent.liveCluster) !== undefined) ?? lists[0];
  if (target === undefined) throw unknownCluster(routes, clusters, intent);
  refuseUnloaded(target, sites, intent);

  const live = findCluster(lists, intent.liveCluster);
  const config = mirrorClusterConfig(intent, traitsOf(live), target.typed);
  const splice = addItem(target.list, config, styleOf(target.list.file));
  return {
    addition: { key: target.list.file.key, splice },
    warnings: differenceWarnings(live, intent.liveCluster, intent.mirrorCluster),
  };
}

function unknownCluster(routes: Cursor, clusters: Cursor | undefined, intent: MirrorIntent): Refusal {
  const files = clusters === undefined ? routes.file.key : `${routes.file.key} and ${clusters.file.key}`;
  return new Refusal(
    'MirrorClusterUnknown',
    `${files} has no list of clusters, so the cluster "${intent.mirrorCluster}" can neither be found nor added. ` +
      'Name the ConfigMap key that holds the clusters (static_resources.clusters, or a CDS file).',
  );
}

function refuseUnloaded(target: ClusterList, sites: readonly RouteSite[], intent: MirrorIntent): void {
  if (intent.reload !== 'watch') return;
  const { key } = target.list.file;
  const ownHand = `Add the cluster "${intent.mirrorCluster}" to ${key} yourself`;
  if (!target.typed) {
    throw new Refusal(
      'ReloadNeeded',
      `${key}, line ${target.list.line}: Envoy reads the clusters of a bootstrap only when it starts. ${ownHand} ` +
        'and restart Envoy, or let the operator restart the workload (reload).',
    );
  }
  // Envoy reads the two files in any order, and it does not read a rejected file again until it changes.
  const strict = sites.find((site) => validatesClusters(site));
  if (strict === undefined) return;
  throw new Refusal(
    'MirrorClusterNotLoaded',
    `${strict.route.file.key}, line ${strict.routeConfig?.line ?? strict.route.line}: Envoy rejects this route ` +
      `configuration when it reads it before the cluster "${intent.mirrorCluster}" (validate_clusters). ${ownHand}, ` +
      'or set "validate_clusters: false".',
  );
}

/** Routes inside a listener are validated unless they say no, others only if they say so. */
function validatesClusters(site: RouteSite): boolean {
  const setting = site.routeConfig?.get('validate_clusters')?.scalar;
  return typeof setting === 'boolean' ? setting : site.inListener;
}
