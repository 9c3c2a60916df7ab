import type { Cursor } from './cursor.ts';
import { findConnectionManagers, type RouteSite } from './findRoutes.ts';
import { Refusal } from './refusal.ts';
import type { MirrorIntent } from './types.ts';

/** Why there is nothing to mirror, with what the config has instead. */
export function explainNoRoute(
  root: Cursor,
  sites: readonly RouteSite[],
  live: readonly RouteSite[],
  intent: MirrorIntent,
): Refusal {
  const { key } = root.file;
  const cluster = `"${intent.liveCluster}"`;
  if (live.length > 0) {
    const lines = live.map((site) => site.route.line).join(', ');
    return new Refusal(
      'RouteNotFound',
      `${key}: the routes to ${cluster} (line ${lines}) take none of the methods ${intent.methods.join(', ')}. ` +
        'Name a method that they take.',
    );
  }
  const byHeader = sites.find((site) => site.route.get('route')?.get('cluster_header') !== undefined);
  if (byHeader !== undefined) {
    return new Refusal(
      'ClusterHeaderRoute',
      `${key}, line ${byHeader.route.line}: route "${byHeader.names.route}" of virtual host ` +
        `"${byHeader.names.virtualHost}" takes its cluster from a request header, so it cannot be told which requests ` +
        `go to ${cluster}. Add a route with "cluster: ${intent.liveCluster}".`,
    );
  }
  return new Refusal('RouteNotFound', `${key} has no route to the cluster ${cluster}. ${whatThereIs(root, sites)}`);
}

function whatThereIs(root: Cursor, sites: readonly RouteSite[]): string {
  const clusters = new Set(sites.flatMap((site) => site.route.get('route')?.get('cluster')?.string ?? []));
  if (clusters.size > 0) {
    const names = [...clusters].map((name) => `"${name}"`);
    const shown = names.slice(0, 10).join(', ');
    return `Its routes go to ${shown}${names.length > 10 ? ` and ${names.length - 10} others` : ''}. Name one of these as the live cluster.`;
  }
  const rds = findConnectionManagers(root).find((manager) => manager.get('rds') !== undefined);
  if (rds !== undefined) {
    const source = rds.get('rds')?.get('config_source');
    const path = source?.get('path_config_source')?.get('path')?.string ?? source?.get('path')?.string;
    return path === undefined
      ? 'Its listeners get their routes from a control plane (rds). Set the mirror up there.'
      : `Its listeners read their routes from ${path}. Name the ConfigMap key of that file.`;
  }
  if (root.get('dynamic_resources')?.get('lds_config') !== undefined) {
    return 'Its listeners come from elsewhere (lds_config). Name the ConfigMap key that holds the routes.';
  }
  return 'It has no HTTP routes at all; only HTTP requests can be mirrored.';
}
