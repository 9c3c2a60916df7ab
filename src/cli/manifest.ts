import { parseAllDocuments } from 'yaml';
import { apiVersion, kind } from '../api/names.ts';
import { isRecord } from '../api/structuralSchema.ts';
import { UsageError } from './usageError.ts';

export interface Manifest {
  /** As it is to be sent; metadata carries no name when the server is to make one. */
  readonly object: Readonly<Record<string, unknown>>;
  /** undefined: the server makes one from metadata.generateName. */
  readonly name: string | undefined;
  readonly namespace: string;
}

export interface ManifestOptions {
  /** For messages. */
  readonly file: string;
  /** Where an experiment without a namespace goes; `given`: by a flag, which must not contradict the file. */
  readonly namespace: { readonly name: string; readonly given: boolean };
  readonly nameSuffix: string | undefined;
}

/** What an API server writes into an object; a file that was read from one is taken without it. */
const WRITTEN_BY_SERVER = ['managedFields', 'resourceVersion', 'uid', 'creationTimestamp', 'generation', 'selfLink'];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const LONGEST_NAME = 63;

/**
 * The one MirrorExperiment of a file.
 * @throws UsageError when there is none, more than one object, or something else
 */
export function readManifest(text: string, options: ManifestOptions): Manifest {
  const { file, namespace, nameSuffix } = options;
  const object = onlyObject(text, file);
  if (object.apiVersion !== apiVersion || object.kind !== kind) {
    throw new UsageError(
      `${file}: holds ${describe(object)}; run takes exactly one ${kind} (${apiVersion}). Apply other objects with kubectl first`,
    );
  }
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  const ownNamespace = textField(metadata, 'namespace', file);
  if (ownNamespace !== undefined && namespace.given && ownNamespace !== namespace.name) {
    throw new UsageError(`${file}: is for the namespace ${ownNamespace}, and --namespace says ${namespace.name}`);
  }
  const name = nameOf(metadata, nameSuffix, file);
  const { status: _, ...rest } = object;
  const used = ownNamespace ?? namespace.name;
  return {
    object: { ...rest, metadata: { ...ownFields(metadata), ...(name !== undefined && { name }), namespace: used } },
    name,
    namespace: used,
  };
}

function onlyObject(text: string, file: string): Readonly<Record<string, unknown>> {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  const objects: unknown[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const [error] = document.errors;
    if (error !== undefined) throw new UsageError(`${file}: is no valid YAML or JSON: ${error.message.split('\n')[0]}`);
    const value = resolved(document, file);
    if (value !== null && value !== undefined) objects.push(value);
  }
  const [object] = objects;
  if (objects.length > 1) {
    const kinds = objects.map((each) => describe(each)).join(', ');
    throw new UsageError(`${file}: holds ${objects.length} objects (${kinds}); run takes exactly one ${kind}`);
  }
  if (!isRecord(object)) throw new UsageError(`${file}: holds no object; run takes exactly one ${kind}`);
  return object;
}

/** Aliases are resolved only here: one without an anchor, or too many of them, is an error. */
function resolved(document: { toJS(): unknown }, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new UsageError(`${file}: is no valid YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function nameOf(
  metadata: Readonly<Record<string, unknown>>,
  suffix: string | undefined,
  file: string,
): string | undefined {
  const name = textField(metadata, 'name', file);
  const generated = textField(metadata, 'generateName', file);
  if (name === undefined) {
    if (generated === undefined) throw new UsageError(`${file}: metadata.name is missing`);
    if (suffix !== undefined) throw new UsageError(`${file}: --name-suffix needs metadata.name, not generateName`);
    return undefined;
  }
  if (suffix === undefined) return name;
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(suffix) || suffix.length >= LONGEST_NAME) {
    throw new UsageError(`--name-suffix ${suffix}: must be lower-case letters, digits and hyphens, as in a name`);
  }
  return `${name.slice(0, LONGEST_NAME - 1 - suffix.length).replace(/[-.]+$/, '')}-${suffix}`;
}

function ownFields(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(metadata).filter(([field]) => !WRITTEN_BY_SERVER.includes(field)));
  if (!isRecord(kept.annotations)) return kept;
  const annotations = Object.entries(kept.annotations).filter(([key]) => key !== LAST_APPLIED);
  return { ...kept, annotations: Object.fromEntries(annotations) };
}

function textField(metadata: Readonly<Record<string, unknown>>, field: string, file: string): string | undefined {
  const value = metadata[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw new UsageError(`${file}: metadata.${field} must be a text; quote it if it looks like a number`);
}

function describe(value: unknown): string {
  const name = isRecord(value) ? value.kind : undefined;
  return typeof name === 'string' ? `a ${name}` : 'something that is no Kubernetes object';
}
