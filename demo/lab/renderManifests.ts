import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What is only known when the lab starts: addresses, which the objects in the API carry as plain values. */
export interface LabValues {
  /** Port of 127.0.0.1 that the front's Service listens on; the poller's target. */
  readonly frontPort: number;
  readonly bookservicePort: number;
  readonly bookservicemirrorPort: number;
  /** Port of the node's DNS. */
  readonly dnsPort: number;
  /** Of Application Insights. */
  readonly connectionString: string;
}

export interface Manifest {
  /** File name. */
  readonly name: string;
  /** YAML; one or more documents. */
  readonly text: string;
}

const directory = join(import.meta.dirname, 'manifests');

/** The lab's manifests, in the order in which to apply them: the namespace first. */
export async function renderManifests(values: LabValues): Promise<readonly Manifest[]> {
  const placeholders: Readonly<Record<string, string>> = {
    FRONT_PORT: String(values.frontPort),
    BOOKSERVICE_PORT: String(values.bookservicePort),
    BOOKSERVICEMIRROR_PORT: String(values.bookservicemirrorPort),
    DNS_PORT: String(values.dnsPort),
    CONNECTION_STRING: JSON.stringify(values.connectionString),
  };
  const names = (await readdir(directory)).sort(
    (a, b) => Number(b === 'namespace.yaml') - Number(a === 'namespace.yaml') || a.localeCompare(b),
  );
  return Promise.all(
    names.map(async (name) => {
      const template = await readFile(join(directory, name), 'utf8');
      const text = template.replaceAll(/__([A-Z_]+)__/g, (_, placeholder: string) => {
        const value = placeholders[placeholder];
        if (value === undefined) throw new Error(`${name}: unknown placeholder __${placeholder}__`);
        return value;
      });
      return { name, text };
    }),
  );
}
