import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { stringify } from 'yaml';
import { CLIENT_ID, QUERY_PORT, TENANT_ID, type Telemetry } from './azureMonitor.ts';
import type { Cluster } from './cluster.ts';
import { splitImage } from './options.ts';

export const OPERATOR_NAMESPACE = 'mirror-experiment-system';
export const OPERATOR = 'mirror-experiment';
export const DEAD_MANS_SWITCH = 'mirror-experiment-dead-mans-switch';
/** In place of the 300 s of deploy/, so that a run does not take that much longer. */
export const DEAD_MANS_SWITCH_SECONDS = 30;

const DEPLOY = join(import.meta.dirname, '..', 'deploy');
const TOKENS = '/var/run/secrets/azure/tokens';
const CERTIFICATES = '/etc/azure-monitor';

/**
 * Writes an overlay of deploy/ as docs/install.md describes it, for the stand-in in place of Azure: image, settings, and what
 * the webhook of workload identity would add to the pods. Gives its folder, for kubectl apply -k.
 */
export async function writeOverlay(
  cluster: Pick<Cluster, 'directory'>,
  operatorImage: string,
  telemetry: Pick<Telemetry, 'host' | 'ca'>,
): Promise<string> {
  const folder = overlayFolder(cluster);
  await mkdir(folder);
  const files = overlay(relative(folder, DEPLOY), operatorImage, telemetry);
  await Promise.all(Object.entries(files).map(([name, value]) => writeFile(join(folder, name), stringify(value))));
  return folder;
}

export function overlayFolder({ directory }: Pick<Cluster, 'directory'>): string {
  return join(directory, 'overlay');
}

/** The overlay's files. @param deploy path of deploy/ from the overlay */
function overlay(
  deploy: string,
  operatorImage: string,
  telemetry: Pick<Telemetry, 'host' | 'ca'>,
): Readonly<Record<string, unknown>> {
  const { name, tag } = splitImage(operatorImage);
  const metadata = { name: OPERATOR, namespace: OPERATOR_NAMESPACE };
  return {
    'kustomization.yaml': {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [deploy, 'certificates.yaml'],
      images: [{ name: 'mirror-experiment', newName: name, ...(tag !== undefined && { newTag: tag }) }],
      patches: [{ path: 'operator.yaml' }, { path: 'deadmansswitch.yaml' }],
    },
    'certificates.yaml': {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: 'azure-monitor' },
      data: { 'ca.pem': telemetry.ca },
    },
    'operator.yaml': {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { template: { spec: operatorPod(telemetry) } },
    },
    'deadmansswitch.yaml': {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { ...metadata, name: DEAD_MANS_SWITCH },
      spec: { jobTemplate: { spec: { template: { spec: deadMansSwitchPod() } } } },
    },
  };
}

function operatorPod({ host }: Pick<Telemetry, 'host'>): unknown {
  const settings = {
    LOG_ANALYTICS_ENDPOINT: `https://${host}:${QUERY_PORT}/v1`,
    AZURE_AUTHORITY_HOST: `https://${host}:${QUERY_PORT}/`,
    AZURE_TENANT_ID: TENANT_ID,
    AZURE_CLIENT_ID: CLIENT_ID,
    AZURE_FEDERATED_TOKEN_FILE: `${TOKENS}/azure-identity-token`,
    NODE_EXTRA_CA_CERTS: `${CERTIFICATES}/ca.pem`,
  };
  const token = { audience: 'api://AzureADTokenExchange', expirationSeconds: 3600, path: 'azure-identity-token' };
  return {
    containers: [
      {
        name: 'operator',
        env: Object.entries(settings).map(([name, value]) => ({ name, value })),
        volumeMounts: [
          { name: 'azure-identity-token', mountPath: TOKENS, readOnly: true },
          { name: 'azure-monitor', mountPath: CERTIFICATES, readOnly: true },
        ],
      },
    ],
    volumes: [
      { name: 'azure-identity-token', projected: { sources: [{ serviceAccountToken: token }] } },
      { name: 'azure-monitor', configMap: { name: 'azure-monitor' } },
    ],
  };
}

function deadMansSwitchPod(): unknown {
  const env = [{ name: 'DEAD_MANS_SWITCH_SECONDS', value: String(DEAD_MANS_SWITCH_SECONDS) }];
  return { containers: [{ name: 'dead-mans-switch', env }] };
}
