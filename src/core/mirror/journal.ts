import { journalAnnotation } from '../../api/names.ts';
import { isRecord } from '../kubernetes/fields.ts';
import type { JsonPatchOperation, KubernetesObject } from '../kubernetes/object.ts';
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
  | { readonly type: 'envoy'; readonly files: readonly FileEdits[] }
  | { readonly type: 'candidate'; readonly fields: readonly FieldChange[] }
  | { readonly type: 'restart' };

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

/** The journal of an object; undefined: it carries none. An annotation that is not one of ours is `unreadable`. */
export function readJournal(object: KubernetesObject | undefined): Journal | 'unreadable' | undefined {
  const text = object?.metadata.annotations?.[journalAnnotation];
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isJournal(value) ? value : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

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
  const { type, files, fields } = value.change;
  if (type === 'restart') return true;
  if (type === 'envoy') return Array.isArray(files) && files.every(isFileEdits);
  return type === 'candidate' && Array.isArray(fields) && fields.every(isFieldChange);
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
    value.edits.every(
      (edit) =>
        isRecord(edit) &&
        Number.isInteger(edit.offset) &&
        typeof edit.removed === 'string' &&
        typeof edit.inserted === 'string',
    )
  );
}

function isFieldChange(value: unknown): boolean {
  if (!isRecord(value)) return false;
  if (value.field === 'replicas') return typeof value.applied === 'number';
  if (typeof value.container !== 'string' || typeof value.applied !== 'string') return false;
  return value.field === 'image' || (value.field === 'env' && typeof value.name === 'string');
}
