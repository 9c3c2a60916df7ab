import type { Cursor } from './cursor.ts';

/** A route with all that decides about its mirroring. */
export interface RouteSite {
  route: Cursor;
  /** The `routes` field that has it, and its place there. */
  routes: Cursor;
  index: number;
  virtualHost: Cursor;
  /** The RouteConfiguration around it; absent in files of virtual hosts only. */
  routeConfig: Cursor | undefined;
  /** Whether the routes are part of a listener, as opposed to a route configuration of its own. */
  inListener: boolean;
  names: { listener: string; virtualHost: string; route: string };
}

const ROUTE_CONFIG = /\.route\.v3\.RouteConfiguration$/;
const VIRTUAL_HOST = /\.route\.v3\.VirtualHost$/;
const SCOPED_ROUTES = /\.route\.v3\.ScopedRouteConfiguration$/;
const LISTENER = /\.listener\.v3\.Listener$/;
const CONNECTION_MANAGER = /\.http_connection_manager\.v3\.HttpConnectionManager$/;

/** All routes of a bootstrap or a discovery file, in the text's order within each listener. */
export function findRoutes(root: Cursor): RouteSite[] {
  return [
    ...(root.get('static_resources')?.each('listeners') ?? []).flatMap(routesOfListener),
    ...resources(root, LISTENER).flatMap(routesOfListener),
    ...resources(root, ROUTE_CONFIG).flatMap((config) => routesOfConfig(config, nameOf(config), false)),
    ...resources(root, SCOPED_ROUTES).flatMap((scope) => {
      return scope.each('route_configuration').flatMap((config) => routesOfConfig(config, nameOf(scope), false));
    }),
    ...resources(root, VIRTUAL_HOST).flatMap((host) => routesOfHost(host, undefined, root.file.key, false)),
  ];
}

/** HTTP connection managers, for messages about where routes come from. */
export function findConnectionManagers(root: Cursor): Cursor[] {
  const listeners = [...(root.get('static_resources')?.each('listeners') ?? []), ...resources(root, LISTENER)];
  return listeners.flatMap(connectionManagers);
}

/** Elements of a discovery file of one type; `resource` unwraps envoy.service.discovery.v3.Resource. */
export function resources(root: Cursor, type: RegExp): Cursor[] {
  return root
    .each('resources')
    .map((item) => item.get('resource') ?? item)
    .filter((item) => type.test(item.get('@type')?.string ?? ''));
}

function routesOfListener(listener: Cursor): RouteSite[] {
  const name = nameOf(listener);
  return connectionManagers(listener).flatMap((manager) => {
    const scopes = manager.get('scoped_routes')?.get('scoped_route_configurations_list');
    return [
      ...(manager.get('route_config')?.items() ?? []),
      ...(scopes?.each('scoped_route_configurations') ?? []).flatMap((scope) => scope.each('route_configuration')),
    ].flatMap((config) => routesOfConfig(config, name, true));
  });
}

function connectionManagers(listener: Cursor): Cursor[] {
  const chains = [...listener.each('filter_chains'), ...listener.each('default_filter_chain')];
  return chains
    .flatMap((chain) => chain.each('filters'))
    .flatMap((filter) => filter.each('typed_config'))
    .filter((config) => CONNECTION_MANAGER.test(config.get('@type')?.string ?? ''));
}

function routesOfConfig(config: Cursor, listener: string, inListener: boolean): RouteSite[] {
  return config.each('virtual_hosts').flatMap((host) => routesOfHost(host, config, listener, inListener));
}

function routesOfHost(host: Cursor, config: Cursor | undefined, listener: string, inListener: boolean): RouteSite[] {
  const routes = host.get('routes');
  return (routes?.items() ?? []).flatMap((route, index) => {
    if (routes === undefined) return [];
    const names = { listener, virtualHost: nameOf(host), route: describeRoute(route, index) };
    return [{ route, routes, index, virtualHost: host, routeConfig: config, inListener, names }];
  });
}

function nameOf(cursor: Cursor): string {
  return cursor.get('name')?.string ?? `(line ${cursor.line})`;
}

function describeRoute(route: Cursor, index: number): string {
  const name = route.get('name')?.string;
  if (name !== undefined && name !== '') return name;
  const match = route.get('match');
  for (const kind of ['prefix', 'path', 'path_separated_prefix']) {
    const value = match?.get(kind)?.string;
    if (value !== undefined) return `${kind} ${value}`;
  }
  const regex = match?.get('safe_regex')?.get('regex')?.string;
  return regex === undefined ? `number ${index + 1}` : `regex ${regex}`;
}
