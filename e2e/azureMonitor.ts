import { generateCertificates } from '../demo/azure-monitor/certificates.ts';
import { isRecord } from '../src/core/kubernetes/fields.ts';
import type { Cluster } from './cluster.ts';
import { applyManifests } from './manifests.ts';

/** Those of the stand-in. */
export const TENANT_ID = '2f4a9838-26b7-47ee-be60-ccc1fdec5953';
export const CLIENT_ID = '9b1c0d1e-7a55-4d0c-9f0e-5c3f8f6f7a21';
const WORKSPACE_ID = '6f1b7c7e-93b5-4b0e-8c53-1f4f8a0f2c11';
export const QUERY_PORT = 8443;
const INGESTION_PORT = 8080;
const QUESTIONS_PORT = 9090;

/** The stand-in for Azure Monitor, as a pod. */
export interface Telemetry {
  /** Name of its Service. */
  readonly host: string;
  /** PEM of the certificate authority that its clients have to trust. */
  readonly ca: string;
  /** Of Application Insights. */
  readonly connectionString: string;
  /** What the candidate of this version has reported; undefined: nothing. */
  copies(version: string): Promise<Copies | undefined>;
}

export interface Copies {
  readonly count: number;
  /** When the first and the last of them began. */
  readonly first: Date;
  readonly last: Date;
}

export async function startTelemetry(cluster: Cluster, namespace: string, labImage: string): Promise<Telemetry> {
  const host = `azure-monitor.${namespace}.svc`;
  const { ca, cert, key } = await generateCertificates([host]);
  await cluster.kubectl(['create', 'namespace', namespace]);
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'azure-monitor', namespace },
    stringData: { 'ca.pem': ca, 'cert.pem': cert, 'key.pem': key },
  };
  await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(secret));
  await applyManifests(cluster, ['azure-monitor.yaml'], { NAMESPACE: namespace, LAB_IMAGE: labImage });
  await cluster.kubectl(['rollout', 'status', '-n', namespace, 'deployment/azure-monitor', '--timeout=180s']);
  const ask = async (kql: string): Promise<readonly (readonly unknown[])[]> => {
    const script = `fetch('http://127.0.0.1:${QUESTIONS_PORT}/', { method: 'POST', body: process.argv[1] })
      .then(async (answer) => { console.log(await answer.text()); process.exit(answer.ok ? 0 : 1); })`;
    const exec = ['exec', '-n', namespace, 'deployment/azure-monitor', '--', 'node', '-e', script, kql];
    const table: unknown = JSON.parse(await cluster.kubectl(exec));
    if (!isRecord(table) || !Array.isArray(table.rows)) throw new Error(`no table: ${JSON.stringify(table)}`);
    return table.rows.map((row: unknown) => (Array.isArray(row) ? row : []));
  };
  return {
    host,
    ca,
    connectionString: `InstrumentationKey=${WORKSPACE_ID};IngestionEndpoint=http://${host}:${INGESTION_PORT}/;LiveEndpoint=http://${host}:${INGESTION_PORT}/`,
    copies: async (version) => {
      const rows = await ask(
        `AppRequests | where tostring(Properties.VersionTag) == '${version}' | summarize count(), min(TimeGenerated), max(TimeGenerated)`,
      );
      const [count, first, last] = rows[0] ?? [];
      if (typeof count !== 'number' || count === 0) return undefined;
      return { count, first: new Date(String(first)), last: new Date(String(last)) };
    },
  };
}
