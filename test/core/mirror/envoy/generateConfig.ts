import type { Draw } from './draw.ts';

/** Plain data of a config, with keys in the order to write them. */
export type Data = string | number | boolean | Data[] | { [key: string]: Data };

export interface GeneratedConfig {
  data: { [key: string]: Data };
  liveCluster: string;
  /** Place of every route to the live cluster, and the one method that it takes when it is limited to one. */
  live: { path: (string | number)[]; method: string | undefined }[];
}

// Names that a careless writer or reader of YAML gets wrong.
const CLUSTERS = [
  'bookservice',
  'outbound|80||books.shop.svc.cluster.local',
  "it's",
  'a: b',
  '#hash',
  'été',
  'true',
  '123',
  'say "x"',
  'back\\slash',
  '- dash',
  '*star',
  '名前 😀',
  ' padded ',
  '{brace}',
  'a, b',
  'null',
];
const CONNECTION_MANAGER =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const ROUTER = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

/** A static bootstrap that Envoy accepts. */
export function generateConfig(draw: Draw): GeneratedConfig {
  const [liveCluster = 'bookservice', other = 'ratings'] = draw.shuffle(CLUSTERS);
  const live: GeneratedConfig['live'] = [];

  const route = (path: (string | number)[]): Data => {
    const kind = draw.pick('live', 'live', 'live', 'other', 'redirect');
    const method = draw.pick(undefined, undefined, 'GET', 'POST');
    const match: { [key: string]: Data } = { prefix: draw.pick('/', '/books', '/{id}', '/a b#c') };
    const headers: Data[] = [];
    if (method !== undefined) headers.push({ name: ':method', string_match: { exact: method } });
    if (draw.coin()) headers.push({ name: 'x-tenant', present_match: true });
    if (headers.length > 0 || draw.nat(9) === 0) match.headers = headers;
    if (kind === 'redirect') return shuffled(draw, { match, redirect: { https_redirect: true } });
    if (kind === 'live') live.push({ path, method });

    const action: { [key: string]: Data } = { cluster: kind === 'live' ? liveCluster : other };
    if (draw.coin()) action.timeout = '3s';
    if (draw.coin()) action.retry_policy = { retry_on: '5xx', num_retries: 2 };
    if (draw.nat(3) === 0) action.request_mirror_policies = draw.nat(2) === 0 ? [] : [{ cluster: other }];
    const whole: { [key: string]: Data } = { match: shuffled(draw, match), route: shuffled(draw, action) };
    if (draw.coin()) whole.metadata = { filter_metadata: { team: freeForm(draw, liveCluster) } };
    return shuffled(draw, whole);
  };

  const listeners = repeat(draw, 1, 2, (listener) => ({
    name: `listener-${listener}`,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [
      {
        filters: [
          {
            name: 'http',
            typed_config: {
              '@type': CONNECTION_MANAGER,
              stat_prefix: 'http',
              route_config: {
                name: 'local_route',
                virtual_hosts: repeat(draw, 1, 2, (host) => ({
                  name: `host-${host}`,
                  domains: [`${host}.example.com`],
                  routes: repeat(draw, 1, 3, (index) => {
                    const chain = ['static_resources', 'listeners', listener, 'filter_chains', 0, 'filters', 0];
                    return route([...chain, 'typed_config', 'route_config', 'virtual_hosts', host, 'routes', index]);
                  }),
                })),
              },
              http_filters: [{ name: 'router', typed_config: { '@type': ROUTER } }],
            },
          },
        ],
      },
    ],
  }));
  const clusters = [liveCluster, other].map((name) => {
    const cluster: { [key: string]: Data } = { name, type: 'STATIC' };
    if (draw.coin()) cluster.metadata = { filter_metadata: { team: freeForm(draw, liveCluster) } };
    return shuffled(draw, cluster);
  });
  const data = shuffled(draw, {
    node: { id: 'proxy', cluster: liveCluster },
    static_resources: shuffled(draw, { listeners, clusters }),
  });
  return { data, liveCluster, live };
}

/** Metadata that nobody reads, among it texts that look like routes. */
function freeForm(draw: Draw, liveCluster: string): { [key: string]: Data } {
  const fields: { [key: string]: Data } = { cluster: liveCluster, route: { cluster: liveCluster } };
  if (draw.coin()) fields.note = draw.pick('# no comment', "it's: so", '- a\n- b\n', 'x\n\n', 'end\n');
  if (draw.coin()) fields.list = draw.pick<Data>([], [1, true, 'three'], [[1], [2, 3]], {});
  return shuffled(draw, fields);
}

function repeat(draw: Draw, low: number, high: number, make: (index: number) => Data): Data[] {
  return Array.from({ length: low + draw.nat(high - low) }, (_value, index) => make(index));
}

function shuffled(draw: Draw, value: { [key: string]: Data }): { [key: string]: Data } {
  const keys = Object.keys(value);
  const order = draw.coin() ? keys : draw.shuffle(keys);
  return Object.fromEntries(order.map((key) => [key, value[key] ?? '']));
}
