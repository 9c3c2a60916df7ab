import { journalAnnotation } from '../../api/names.ts';
import { isRecord } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
import { perObject } from '../kubernetes/perObject.ts';
import type { FileEdits } from './envoy/types.ts';

/**
 * What was changed on a patched object, enough to restore it exactly. It is an annotation of that object, written in the
 * same write as the change, so that there is no moment at which a change exists without the way back.
 */
export interface Journal {
  readonly version: 1;
  readonly owner: JournalOwner;
  readonly change: JournalChange;
}

/** The run that made the change. */
export interface JournalOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
}

export type JournalChange =
  | EnvoyChange
  | { readonly type: 'candidate'; readonly fields: readonly FieldChange[] }
  /** `config`: the hash of the configuration that the pods were restarted for; absent: they are still to be restarted. */
  | { readonly type: 'restart'; readonly config?: string };

export interface EnvoyChange {
  readonly type: 'envoy';
  readonly files: readonly FileEdits[];
  /** Share of the requests that these files copy; absent in a journal of an operator that knew no ramp. */
  readonly percent?: number;
  /** When these files were written (RFC 3339, whole seconds); absent as `percent`. */
  readonly writtenAt?: string;
  /** What has to be restarted after a restore, because its pods may have started with these files. */
  readonly reload?: { readonly kind: string; readonly name: string };
}

/** A changed field of a Deployment; `original` undefined: the field was not there. */
export type FieldChange =
  | { readonly field: 'replicas'; readonly original?: number; readonly applied: number }
  | { readonly field: 'image'; readonly container: string; readonly original?: string; readonly applied: string }
  | {
      readonly field: 'env';
      readonly container: string;
      readonly name: string;
      readonly original?: unknown;
      readonly applied: string;
    };

/** The API server allows this much for the names and values of all annotations of an object. */
export const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Bytes of an object's annotations: of those that others have put there, and of the journal that is to be added. */
export function annotationBytes(object: KubernetesObject, journal: Journal): { others: number; journal: number } {
  const bytes = (texts: readonly string[]) => new TextEncoder().encode(texts.join('')).length;
  const others = Object.entries(object.metadata.annotations ?? {}).filter(([name]) => name !== journalAnnotation);
  return { others: bytes(others.flat()), journal: bytes([journalAnnotation, JSON.stringify(journal)]) };
}

/**
 * The journal of an object; undefined: it carries none. An annotation that cannot be one of ours is `unreadable`: whoever
 * may edit the object may write one, and restoring by it must neither fail, nor go on for ever, nor do anything that the
 * operator's own journals do not.
 */
export function readJournal(object: KubernetesObject | undefined): Journal | 'unreadable' | undefined {
  return object === undefined ? undefined : journalOf(object);
}

const journalOf = perObject((object): Journal | 'unreadable' | undefined => {
  const text = object.metadata.annotations?.[journalAnnotation];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return !isDeep(value) && isJournal(value) && CARRIERS[value.change.type].has(object.kind) ? value : 'unreadable';
  } catch {
    return 'unreadable';
  }
});

/** Operations that put the journal on an object. */
export function writeJournal(object: KubernetesObject, journal: Journal): JsonPatchOperation[] {
  const value = JSON.stringify(journal);
  return object.metadata.annotations === undefined
    ? [{ op: 'add', path: '/metadata/annotations', value: { [journalAnnotation]: value } }]
    : [{ op: 'add', path: annotationPath, value }];
}

/** Operations that take the journal off; the annotations map goes with its last entry. */
export function removeJournal(object: KubernetesObject): JsonPatchOperation[] {
  const names = Object.keys(object.metadata.annotations ?? {});
  if (!names.includes(journalAnnotation)) return [];
  return [{ op: 'remove', path: names.length === 1 ? '/metadata/annotations' : annotationPath }];
}

/** One segment of a JSON pointer (RFC 6901). */
export function pointerSegment(text: string): string {
  return text.replaceAll('~', '~0').replaceAll('/', '~1');
}

const annotationPath = `/metadata/annotations/${pointerSegment(journalAnnotation)}`;

function isJournal(value: unknown): value is Journal {
  if (!isRecord(value) || value.version !== 1 || !isRecord(value.owner) || !isRecord(value.change)) return false;
  const { namespace, name, uid, generation } = value.owner;
  if (![namespace, name, uid].every((text) => typeof text === 'string') || !Number.isInteger(generation)) return false;
  const { type, files, fields, config } = value.change;
  if (type === 'restart') return config === undefined || typeof config === 'string';
  if (type === 'envoy') return Array.isArray(files) && files.every(isFileEdits) && isWritten(value.change);
  return type === 'candidate' && Array.isArray(fields) && fields.every(isFieldChange);
}

const CARRIERS: Readonly<Record<JournalChange['type'], ReadonlySet<string>>> = {
  envoy: new Set(['ConfigMap']),
  candidate: new Set(['Deployment']),
  restart: new Set(['Deployment', 'DaemonSet', 'StatefulSet']),
};

/** An edit takes 300 bytes and more, so that an annotation holds fewer than this. */
const MAX_EDITS = 1000;

function isWritten({ percent, writtenAt, reload }: Record<string, unknown>): boolean {
  return (
    (percent === undefined || Number.isInteger(percent)) &&
    (writtenAt === undefined || (typeof writtenAt === 'string' && !Number.isNaN(Date.parse(writtenAt)))) &&
    (reload === undefined || (isRecord(reload) && typeof reload.kind === 'string' && typeof reload.name === 'string'))
  );
}

function isFileEdits(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.key === 'string' &&
    typeof value.originalSha256 === 'string' &&
    typeof value.patchedSha256 === 'string' &&
    Number.isInteger(value.patchedLength) &&
    typeof value.mirrorCluster === 'string' &&
    typeof value.clusterAdded === 'boolean' &&
    Array.isArray(value.edits) &&
    isListOfEdits(value.edits)
  );
}

/** Ascending and apart from each other; each inserts something. */
function isListOfEdits(edits: readonly unknown[]): boolean {
  let end = 0;
  return (
    edits.length <= MAX_EDITS &&
    edits.every((edit) => {
      if (!isRecord(edit) || typeof edit.removed !== 'string' || typeof edit.inserted !== 'string') return false;
      const { offset, inserted } = edit;
      if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < end || inserted === '') return false;
      end = offset + inserted.length;
      return true;
    })
  );
}

function isFieldChange(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { field, applied, original } = value;
  if (field === 'replicas') return isCount(applied) && (original === undefined || isCount(original));
  if (typeof value.container !== 'string' || typeof applied !== 'string') return false;
  if (field === 'image') return original === undefined || typeof original === 'string';
  if (field !== 'env' || typeof value.name !== 'string') return false;
  return original === undefined || (isRecord(original) && original.name === value.name);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** What is parsed from a nesting without end cannot be written again. An environment variable's source has 5 levels. */
const MAX_LEVELS = 16;

function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_LEVELS) return true;
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return false;
}
