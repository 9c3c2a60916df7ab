import { isRecord } from '../../kubernetes/fields.ts';
import { sameData } from './check.ts';
import { HTTP_OPTIONS, methodMatcher, mirrorClusterConfig, mirrorPolicy } from './desired.ts';

/** Whose a piece of a config is, told from its plain data alone: for when no journal says it. */

/** The header that policies of the operator set on copies, with the experiment's name as its value. */
export interface Mark {
  readonly header: string;
  readonly value: string;
}

/**
 * `ours`: it has our mark, whatever else was changed on it; or it goes to the mirror cluster in exactly the form that we
 * write, with the mark taken out. `doubtful`: it goes to the mirror cluster, and may be ours or somebody else's.
 */
export type Owner = 'ours' | 'doubtful' | 'others';

export function ownerOfPolicy(policy: unknown, mark: Mark, mirrorClusters: ReadonlySet<string>): Owner {
  if (!isRecord(policy)) return 'others';
  const marks = marksOf(policy, mark.header);
  if (marks.includes(mark.value)) return 'ours';
  if (typeof policy.cluster !== 'string' || !mirrorClusters.has(policy.cluster)) return 'others';
  return marks.length === 0 && isUnmarkedPolicy(policy) ? 'ours' : 'doubtful';
}

/** The values that a policy sets the marking header to. */
function marksOf(policy: Record<string, unknown>, header: string): string[] {
  return listAt(policy, 'request_headers_mutations').flatMap((mutation) => {
    const set = isRecord(mutation) && isRecord(mutation.append) ? mutation.append.header : undefined;
    if (!isRecord(set) || typeof set.key !== 'string' || typeof set.value !== 'string') return [];
    return set.key.toLowerCase() === header.toLowerCase() ? [set.value.replaceAll('%%', '%')] : [];
  });
}

function isUnmarkedPolicy(policy: Record<string, unknown>): boolean {
  const { request_headers_mutations: mutations, ...rest } = policy;
  if (mutations !== undefined && !(Array.isArray(mutations) && mutations.length === 0)) return false;
  const fraction = isRecord(rest.runtime_fraction) ? rest.runtime_fraction.default_value : undefined;
  const percent = isRecord(fraction) ? fraction.numerator : undefined;
  if (typeof percent !== 'number') return false;
  const intent = { mirrorCluster: String(rest.cluster), percent, mark: { header: '', value: '' } };
  const { request_headers_mutations: _, ...desired } = asRecord(mirrorPolicy(intent));
  return sameData(rest, desired);
}

/** Whether a header matcher is one that narrows a copied route to methods. */
export function isMethodMatcher(matcher: unknown): boolean {
  if (!isRecord(matcher) || !isRecord(matcher.string_match)) return false;
  const { exact, safe_regex: regex } = matcher.string_match;
  const text = typeof exact === 'string' ? exact : isRecord(regex) ? regex.regex : undefined;
  if (typeof text !== 'string' || !/^[A-Z-]+(\|[A-Z-]+)*$/.test(text)) return false;
  return sameData(matcher, methodMatcher(text.split('|')));
}

/** Whether a cluster is, field by field, one that we add for a mirror. */
export function isMirrorCluster(cluster: unknown): cluster is { name: string } {
  if (!isRecord(cluster) || typeof cluster.name !== 'string') return false;
  const address = at(
    cluster,
    'load_assignment',
    'endpoints',
    0,
    'lb_endpoints',
    0,
    'endpoint',
    'address',
    'socket_address',
  );
  const options = at(cluster, 'typed_extension_protocol_options', HTTP_OPTIONS);
  const seconds = at(options, 'common_http_protocol_options', 'max_stream_duration');
  const maxRequests = at(cluster, 'circuit_breakers', 'thresholds', 0, 'max_requests');
  const host = at(address, 'address');
  const port = at(address, 'port_value');
  if (typeof host !== 'string' || typeof port !== 'number') return false;
  if (typeof seconds !== 'string' || !/^\d+s$/.test(seconds) || typeof maxRequests !== 'number') return false;
  const intent = {
    mirrorCluster: cluster.name,
    mirrorAddress: { host, port },
    maxStreamDurationSeconds: Number.parseInt(seconds, 10),
    maxRequests,
  };
  const family = cluster.dns_lookup_family;
  const traits = {
    http2: at(options, 'explicit_http_config', 'http2_protocol_options') !== undefined,
    dnsLookupFamily: typeof family === 'string' ? family : undefined,
  };
  return sameData(cluster, mirrorClusterConfig(intent, traits, cluster['@type'] !== undefined));
}

/** A repeated field under either of its spellings; Envoy takes a lone map for a list of one. */
function listAt(map: Record<string, unknown>, name: string): unknown[] {
  const camelCase = name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const value = map[name] ?? map[camelCase];
  return value === undefined || value === null ? [] : [value].flat();
}

function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found) && typeof step === 'number') found = found[step];
    else if (isRecord(found)) found = found[String(step)];
    else return undefined;
  }
  return found;
}

function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
