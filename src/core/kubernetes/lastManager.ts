import { isRecord } from './fields.ts';
import type { KubernetesObject } from './object.ts';

/**
 * The field manager that wrote last, apart from `ours` and from controllers that write the status or the scale, as the API
 * server has it. One that owns a field of `paths` comes before one that does not: whoever has put a label on later has not
 * changed these. A path is a list of steps as managedFields writes them (`f:data`, `k:{"name":"x"}`).
 */
export function lastManager(
  object: KubernetesObject,
  ours: string,
  paths: readonly (readonly string[])[],
): string | undefined {
  const entries = (object.metadata.managedFields ?? []).filter(
    (entry) => entry.manager !== ours && entry.subresource === undefined,
  );
  const owners = entries.filter(({ fieldsV1 }) => paths.some((path) => owns(fieldsV1, path)));
  const [latest] = [...(owners.length > 0 ? owners : entries)].sort((a, b) =>
    (a.time ?? '') < (b.time ?? '') ? 1 : -1,
  );
  return latest?.manager;
}

function owns(fields: unknown, path: readonly string[]): boolean {
  return path.reduce<unknown>((value, step) => (isRecord(value) ? value[step] : undefined), fields) !== undefined;
}
