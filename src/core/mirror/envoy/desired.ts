import type { MirrorIntent } from './types.ts';

/** A value to write into a config: plain data whose keys are in the order to write them. */
export type Plain = string | number | boolean | Plain[] | { [key: string]: Plain };

const CLUSTER_TYPE = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
export const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** `envoy.config.route.v3.RouteAction.RequestMirrorPolicy`; the header mutation exists from Envoy 1.36. */
export function mirrorPolicy(intent: Pick<MirrorIntent, 'mirrorCluster' | 'percent' | 'mark'>): Plain {
  return {
    cluster: intent.mirrorCluster,
    runtime_fraction: { default_value: { numerator: intent.percent, denominator: 'HUNDRED' } },
    // Otherwise the Host of copies gains "-shadow", and services that look at it answer them differently.
    disable_shadow_host_suffix_append: true,
    request_headers_mutations: [
      {
        append: {
          // Envoy reads "%" in a header's value as the start of a format command.
          header: { key: intent.mark.header, value: intent.mark.value.replaceAll('%', '%%') },
          append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
        },
      },
    ],
  };
}

/** `envoy.config.route.v3.HeaderMatcher` that takes the methods and no other. */
export function methodMatcher(methods: readonly string[]): Plain {
  const [first, ...others] = methods;
  const match: Plain =
    first !== undefined && others.length === 0 ? { exact: first } : { safe_regex: { regex: methods.join('|') } };
  return { name: ':method', string_match: match };
}

export interface LiveClusterTraits {
  http2: boolean;
  /** As written on the live cluster; where people have chosen one, the mirror needs the same. */
  dnsLookupFamily: string | undefined;
}

/** `envoy.config.cluster.v3.Cluster` for the mirror; `typed`: as an element of a discovery file's resources. */
export function mirrorClusterConfig(
  intent: Pick<MirrorIntent, 'mirrorCluster' | 'mirrorAddress' | 'maxStreamDurationSeconds' | 'maxRequests'>,
  traits: LiveClusterTraits,
  typed: boolean,
): Plain {
  const { host, port } = intent.mirrorAddress;
  return {
    ...(typed ? { '@type': CLUSTER_TYPE } : {}),
    name: intent.mirrorCluster,
    type: 'STRICT_DNS',
    ...(traits.dnsLookupFamily === undefined ? {} : { dns_lookup_family: traits.dnsLookupFamily }),
    connect_timeout: '1s',
    lb_policy: 'ROUND_ROBIN',
    load_assignment: {
      cluster_name: intent.mirrorCluster,
      endpoints: [
        { lb_endpoints: [{ endpoint: { address: { socket_address: { address: host, port_value: port } } } }] },
      ],
    },
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        '@type': `type.googleapis.com/${HTTP_OPTIONS}`,
        // A mirror that does not read holds back the live request's body for as long as its copy lives.
        common_http_protocol_options: { max_stream_duration: `${intent.maxStreamDurationSeconds}s` },
        explicit_http_config: { [traits.http2 ? 'http2_protocol_options' : 'http_protocol_options']: {} },
      },
    },
    // Copies beyond these limits are dropped, as upstream_rq_pending_overflow.
    circuit_breakers: {
      thresholds: [
        {
          max_connections: intent.maxRequests,
          max_pending_requests: intent.maxRequests,
          max_requests: intent.maxRequests,
        },
      ],
    },
  };
}
