import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from './cluster.ts';

const FOLDER = join(import.meta.dirname, 'manifests');

/** Applies files of manifests/ with __NAME__ replaced by the value of that name; a text is put in as it is. */
export async function applyManifests(
  cluster: Cluster,
  names: readonly string[],
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const texts = await Promise.all(names.map((name) => readFile(join(FOLDER, name), 'utf8')));
  await cluster.kubectl(['apply', '-f', '-'], texts.map((text) => fill(text, values)).join('\n---\n'));
}

/** Throws when a value is missing. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/__([A-Z_]+)__/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`there is no value for ${placeholder}`);
    return String(value);
  });
}
