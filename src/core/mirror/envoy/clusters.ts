import type { Cursor } from './cursor.ts';
import { HTTP_OPTIONS, type LiveClusterTraits } from './desired.ts';
import { resources } from './findRoutes.ts';

/** A list of clusters that is written out in a file. */
export interface ClusterList {
  list: Cursor;
  clusters: Cursor[];
  /** In a discovery file, where each element carries its type. */
  typed: boolean;
}

const CLUSTER = /\.cluster\.v3\.Cluster$/;

/** The lists of clusters in a file: of a bootstrap, or of a discovery file that has clusters or is empty. */
export function findClusterLists(root: Cursor, expectClusters: boolean): ClusterList[] {
  const lists: ClusterList[] = [];
  const inBootstrap = root.get('static_resources')?.get('clusters');
  if (inBootstrap !== undefined) lists.push({ list: inBootstrap, clusters: inBootstrap.items(), typed: false });
  const list = root.get('resources');
  if (list !== undefined) {
    const clusters = resources(root, CLUSTER);
    if (clusters.length > 0 || (expectClusters && list.items().length === 0))
      lists.push({ list, clusters, typed: true });
  }
  return lists;
}

export function findCluster(lists: readonly ClusterList[], name: string): Cursor | undefined {
  return lists.flatMap(({ clusters }) => clusters).find((cluster) => cluster.get('name')?.string === name);
}

/** What of the live cluster an added mirror cluster has to share. */
export function traitsOf(live: Cursor | undefined): LiveClusterTraits {
  const explicit = httpOptions(live)?.get('explicit_http_config');
  return {
    http2: (explicit ?? live)?.get('http2_protocol_options') !== undefined,
    dnsLookupFamily: live?.get('dns_lookup_family')?.string,
  };
}

/** Where the live cluster and an added mirror cluster will differ in a way that people should know. */
export function differenceWarnings(live: Cursor | undefined, liveName: string, mirrorName: string): string[] {
  if (live === undefined) {
    return [
      `the cluster "${liveName}" is not in the files given, so "${mirrorName}" is added with plain-text HTTP/1.1`,
    ];
  }
  const where = `${live.file.key}, line ${live.line}: `;
  const warnings: string[] = [];
  if (live.get('transport_socket') !== undefined || live.get('transport_socket_matches') !== undefined) {
    warnings.push(
      `${where}the cluster "${liveName}" has a transport socket (such as TLS); "${mirrorName}" is added without one. ` +
        `If the mirror needs it, add the cluster "${mirrorName}" to the config yourself`,
    );
  }
  const options = httpOptions(live);
  if (options?.get('use_downstream_protocol_config') !== undefined || options?.get('auto_config') !== undefined) {
    warnings.push(
      `${where}the cluster "${liveName}" chooses its protocol by the request or by ALPN; "${mirrorName}" is added with HTTP/1.1`,
    );
  }
  return warnings;
}

function httpOptions(cluster: Cursor | undefined): Cursor | undefined {
  return cluster?.get('typed_extension_protocol_options')?.get(HTTP_OPTIONS);
}
