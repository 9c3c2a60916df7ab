import { recordAt } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { perObject } from '../kubernetes/perObject.ts';
import { addMirror } from './envoy/addMirror.ts';
import { removeMirror } from './envoy/removeMirror.ts';
import { sha256 } from './envoy/sha256.ts';
import type { FileEdits, MirroredRoute, MirrorIntent } from './envoy/types.ts';
import {
  annotationBytes,
  type EnvoyChange,
  type Journal,
  type JournalOwner,
  MAX_ANNOTATION_BYTES,
  pointerSegment,
  writeJournal,
} from './journal.ts';

export interface ConfigKeys {
  readonly key: string;
  readonly clustersKey?: string | undefined;
}

export type MirrorOnPlan =
  | {
      readonly kind: 'patch';
      readonly operations: readonly JsonPatchOperation[];
      readonly routes: readonly MirroredRoute[];
      readonly warnings: readonly string[];
      /** SHA-256 of the patched files; changes when and only when their text does. */
      readonly hash: string;
    }
  | { readonly kind: 'refused'; readonly reason: string; readonly message: string };

/** What the journal tells of a write beside the edits. */
export type WriteRecord = Pick<EnvoyChange, 'percent' | 'writtenAt' | 'reload'>;

/** Operations that add the mirror to the Envoy config in a ConfigMap, with the journal in the same patch. */
export function planMirrorOn(
  configMap: KubernetesObject,
  keys: ConfigKeys,
  intent: MirrorIntent,
  owner: JournalOwner,
  record: WriteRecord = {},
): MirrorOnPlan {
  return planFrom(configMap, recordAt(configMap, 'data') ?? {}, keys, intent, owner, record);
}

/**
 * Operations that give a config with a mirror another one, in one write: the mirror is added to the original, so that the
 * way back stays exact. `files`: of the journal, which the texts must fit to the letter.
 */
export function planMirrorAnew(
  configMap: KubernetesObject,
  files: readonly FileEdits[],
  keys: ConfigKeys,
  intent: MirrorIntent,
  owner: JournalOwner,
  record: WriteRecord,
): MirrorOnPlan {
  const data = recordAt(configMap, 'data') ?? {};
  const current = Object.fromEntries(files.map(({ key }) => [key, stringOrUndefined(data[key])]));
  const original = isMirrorInPlace(configMap, files, sha256) ? removeMirror(current, [...files]) : undefined;
  if (original?.kind !== 'restored') {
    const { name } = configMap.metadata;
    return refused(
      'EditUnsafe',
      `ConfigMap ${name}: it is not as the operator wrote it, so that its mirror is not changed`,
    );
  }
  return planFrom(configMap, { ...data, ...original.files }, keys, intent, owner, record);
}

/** `originals`: the data without a mirror. */
function planFrom(
  configMap: KubernetesObject,
  originals: Record<string, unknown>,
  keys: ConfigKeys,
  intent: MirrorIntent,
  owner: JournalOwner,
  record: WriteRecord,
): MirrorOnPlan {
  const name = configMap.metadata.name;
  if (configMap.immutable === true) {
    return refused('ConfigImmutable', `ConfigMap ${name} is immutable; use one that can be patched`);
  }
  for (const key of [keys.key, ...(keys.clustersKey === undefined ? [] : [keys.clustersKey])]) {
    if (typeof originals[key] === 'string') continue;
    const present = Object.keys(originals).join(', ') || 'none';
    const binary = recordAt(configMap, 'binaryData')?.[key] !== undefined;
    return refused(
      'ConfigKeyNotFound',
      binary
        ? `key ${key} of ConfigMap ${name} is binary data; Envoy configuration must be text under data`
        : `ConfigMap ${name} has no key ${key} (it has: ${present}); correct spec.traffic.envoy.configMap`,
    );
  }
  const result = addMirror(
    {
      routes: { key: keys.key, text: String(originals[keys.key]) },
      ...(keys.clustersKey !== undefined && {
        clusters: { key: keys.clustersKey, text: String(originals[keys.clustersKey]) },
      }),
    },
    intent,
  );
  if (result.kind === 'refused') return refused(result.reason, `ConfigMap ${name}: ${result.message}`);
  const journal: Journal = { version: 1, owner, change: { type: 'envoy', files: result.edits, ...record } };
  const size = annotationBytes(configMap, journal);
  if (size.others + size.journal > MAX_ANNOTATION_BYTES) {
    const [needed, present] = [size.journal, size.others].map((bytes) => Math.ceil(bytes / 1024));
    return refused(
      'ConfigTooLarge',
      `ConfigMap ${name}: the way back needs an annotation of ${needed} KiB beside ${present} KiB that are there, and ${MAX_ANNOTATION_BYTES / 1024} KiB is the limit; mirror fewer routes, set methods to ["*"], or use kubectl apply --server-side, which keeps no copy of the object in an annotation`,
    );
  }
  return {
    kind: 'patch',
    operations: [
      ...writeFiles(recordAt(configMap, 'data') ?? {}, { ...textsOf(originals), ...result.files }),
      ...writeJournal(configMap, journal),
    ],
    routes: result.routes,
    warnings: result.warnings,
    hash: result.edits.map((file) => file.patchedSha256).join('-'),
  };
}

/** True while every file is, to the letter, what the run wrote. */
export function isMirrorInPlace(
  configMap: KubernetesObject,
  files: readonly FileEdits[],
  sha256: (text: string) => string,
): boolean {
  const data = recordAt(configMap, 'data') ?? {};
  const hashes = hashesOf(configMap);
  return files.every((file) => {
    const text = stringOrUndefined(data[file.key]);
    if (text === undefined) return false;
    const hash = hashes.get(file.key) ?? sha256(text);
    hashes.set(file.key, hash);
    return hash === file.patchedSha256;
  });
}

/** Of files that have been hashed, by key. */
const hashesOf = perObject(() => new Map<string, string>());

/** Operations that write the files that differ. */
export function writeFiles(data: Record<string, unknown>, files: Record<string, string>): JsonPatchOperation[] {
  return Object.entries(files)
    .filter(([key, text]) => data[key] !== text)
    .map(([key, value]) => ({ op: 'replace', path: `/data/${pointerSegment(key)}`, value }));
}

function refused(reason: string, message: string): MirrorOnPlan {
  return { kind: 'refused', reason, message };
}

function textsOf(data: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, text]): [string, string][] => (typeof text === 'string' ? [[key, text]] : [])),
  );
}

function stringOrUndefined(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
