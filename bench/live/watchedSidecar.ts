import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SidecarValues {
  /** Where Envoy finds the three files. */
  readonly directory: string;
  readonly listenerPort: number;
  readonly adminPort: number;
  readonly dnsPort: number;
  readonly bookservicePort: number;
}

/** The ConfigMap default-sidecar, as YAML, with envoy.yaml, rds.yaml and cds.yaml. */
export async function watchedSidecar(values: SidecarValues): Promise<string> {
  const template = await readFile(join(import.meta.dirname, 'watchedSidecar.yaml'), 'utf8');
  return template
    .replaceAll('__DIRECTORY__', values.directory)
    .replaceAll('__LISTENER_PORT__', String(values.listenerPort))
    .replaceAll('__ADMIN_PORT__', String(values.adminPort))
    .replaceAll('__DNS_PORT__', String(values.dnsPort))
    .replaceAll('__BOOKSERVICE_PORT__', String(values.bookservicePort));
}
