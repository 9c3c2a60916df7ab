import { isMap, parseDocument } from 'yaml';
import { rootOf } from './cursor.ts';
import type { ParsedFile } from './parse.ts';
import type { Style } from './render.ts';
import { sha256 } from './sha256.ts';
import { addFieldInFront, applySplices, replaceScalar, type Splice } from './splice.ts';

/**
 * The version that Envoy reports once it has taken a discovery file: `version_text` of
 * `http.<prefix>.rds.<name>`, `cluster_manager.cds` or `listener_manager.lds`. Empty when the file names none.
 */
export function expectedVersion(text: string): string {
  const { contents } = parseDocument(text, { logLevel: 'silent', prettyErrors: false, uniqueKeys: false });
  if (!isMap(contents)) return '';
  const version: unknown = contents.get('version_info') ?? contents.get('versionInfo');
  return typeof version === 'string' ? version : '';
}

/** Gives a discovery file a version that is a hash of its edited content. */
export function versionSplice(file: ParsedFile, edits: readonly Splice[], style: Style): Splice | undefined {
  const root = rootOf(file);
  const resources = root.field('resources');
  if (resources === undefined) return undefined;
  const version = `mirror-${sha256(applySplices(file.text, edits)).slice(0, 16)}`;
  const existing = root.field('version_info');
  if (existing !== undefined) return replaceScalar(root, existing, version);
  return addFieldInFront(root, root.fields()[0] ?? resources, 'version_info', version, style);
}
