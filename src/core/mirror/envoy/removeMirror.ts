import { parseDocument } from 'yaml';
import { isRecord } from '../../kubernetes/fields.ts';
import { sha256 } from './sha256.ts';
import { shapeProblem } from './shape.ts';
import type { Edit, FileEdits, RemoveResult } from './types.ts';

/**
 * Takes the mirror out again. A text that is as we wrote it becomes the original, byte for byte. In a text that
 * somebody has changed since, our pieces are taken out and the change is kept, when every piece can be told apart and
 * no copy to the mirror is left; otherwise the result is a conflict and nothing is to be written.
 *
 * `current`: the ConfigMap's data; a key that is gone stays gone.
 */
export function removeMirror(current: Record<string, string | undefined>, edits: FileEdits[]): RemoveResult {
  const files: Record<string, string> = {};
  for (const file of edits) {
    const text = Object.hasOwn(current, file.key) ? current[file.key] : undefined;
    if (text === undefined) continue;
    const result = restore(text, file);
    if (typeof result !== 'string') return { kind: 'conflict', message: `${file.key}: ${result.conflict}` };
    Object.defineProperty(files, file.key, { value: result, enumerable: true, configurable: true, writable: true });
  }
  return { kind: 'restored', files };
}

type Restored = string | { conflict: string };

function restore(text: string, file: FileEdits): Restored {
  const hash = sha256(text);
  if (hash === file.originalSha256) return text;
  if (hash === file.patchedSha256) {
    const restored = revert(text, file.edits);
    if (restored !== undefined && sha256(restored) === file.originalSha256) return restored;
    return { conflict: 'the recorded edits do not belong to this text. Restore the file by hand.' };
  }
  return restoreChanged(text, file);
}

/** Undoes edits at their offsets, which ascend; undefined when one is not there. */
function revert(text: string, edits: readonly Edit[]): string | undefined {
  const pieces: string[] = [];
  let end = 0;
  for (const { offset, removed, inserted } of edits) {
    if (offset < end || !text.startsWith(inserted, offset)) return undefined;
    pieces.push(text.slice(end, offset), removed);
    end = offset + inserted.length;
  }
  return [...pieces, text.slice(end)].join('');
}

function restoreChanged(text: string, file: FileEdits): Restored {
  const found = locateByOffset(text, file) ?? locate(text, file.edits);
  if (!Array.isArray(found)) return found;
  const restored = revert(text, found) ?? text;

  const before = parse(text);
  const after = parse(restored);
  if (before === undefined || after === undefined) {
    return {
      conflict: 'somebody has changed it, and it is not valid YAML any more. Correct it, or restore it by hand.',
    };
  }
  const left = traces(after, file);
  if (left !== undefined) {
    return { conflict: `somebody has changed it, and ${left} is not as the operator wrote it. Remove it by hand.` };
  }
  if (!isReduced(withoutVersion(after), withoutVersion(before))) {
    return {
      conflict: 'somebody has changed it right beside what the operator wrote. Take the mirror out by hand.',
    };
  }
  return restored;
}

/**
 * Finds the pieces after a change in one place: those in front of it are where they were, those behind it have moved by
 * the difference in length. Undefined when that does not hold, or holds in two ways.
 */
function locateByOffset(text: string, { edits, patchedLength }: FileEdits): Edit[] | undefined {
  const shift = text.length - patchedLength;
  const isAt = ({ offset, inserted }: Edit) => offset >= 0 && text.startsWith(inserted, offset);
  const moved = edits.map((edit) => ({ ...edit, offset: edit.offset + shift }));
  const missing = edits.findIndex((edit) => !isAt(edit));
  // As many as this at most are where they were, and as many as that at least, because the next ones have not moved.
  const most = missing === -1 ? edits.length : missing;
  const least = moved.findLastIndex((edit) => !isAt(edit)) + 1;
  if (least > most) return undefined;
  if (shift !== 0 && least !== most) return undefined;
  const found = [...edits.slice(0, least), ...moved.slice(least)];
  return revert(text, found) === undefined ? undefined : found;
}

/**
 * Finds the inserted pieces in a changed text, ascending. Longer pieces first: a copied route contains the text of a
 * policy. A piece that is missing has been removed by somebody; a piece that is there too often cannot be told apart.
 */
function locate(text: string, edits: readonly Edit[]): Edit[] | { conflict: string } {
  const counts = new Map<string, Edit[]>();
  for (const edit of edits) counts.set(edit.inserted, [...(counts.get(edit.inserted) ?? []), edit]);
  const found: Edit[] = [];
  for (const [inserted, same] of [...counts].toSorted(([a], [b]) => b.length - a.length)) {
    const offsets = occurrences(text, inserted).filter((offset) => {
      return !found.some(
        (edit) => offset < edit.offset + edit.inserted.length && edit.offset < offset + inserted.length,
      );
    });
    if (offsets.length > same.length) {
      return { conflict: 'somebody has copied a part with the mirror in it. Remove the copy of it.' };
    }
    const removed = new Set(same.map((edit) => edit.removed));
    if (removed.size > 1) return { conflict: 'two edits of it cannot be told apart. Restore the file by hand.' };
    for (const offset of offsets) found.push({ offset, inserted, removed: same[0]?.removed ?? '' });
  }
  return found.toSorted((a, b) => a.offset - b.offset);
}

function occurrences(text: string, piece: string): number[] {
  const offsets: number[] = [];
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + piece.length)) offsets.push(at);
  return offsets;
}

function parse(text: string): unknown {
  try {
    const document = parseDocument(text, { logLevel: 'silent', merge: false, prettyErrors: false, uniqueKeys: false });
    const isSound = document.errors.length === 0 && shapeProblem(document.contents, true) === undefined;
    const data: unknown = isSound ? document.toJS() : undefined;
    return data;
  } catch {
    // Too many aliases or too deep: as unreadable to us as a syntax error.
    return undefined;
  }
}

/** A policy to the mirror cluster, or the cluster that we added, anywhere in the data. */
function traces(data: unknown, file: FileEdits): string | undefined {
  if (Array.isArray(data)) return firstOf(data, file);
  if (!isRecord(data)) return undefined;
  const policies = [data.request_mirror_policies ?? data.requestMirrorPolicies ?? []].flat();
  if (policies.some((policy) => isRecord(policy) && policy.cluster === file.mirrorCluster)) {
    return `a mirror policy to the cluster "${file.mirrorCluster}"`;
  }
  const clusters = file.clusterAdded ? [data.clusters ?? [], data.resources ?? []].flat() : [];
  if (clusters.some((cluster) => isRecord(cluster) && cluster.name === file.mirrorCluster && isCluster(cluster))) {
    return `the cluster "${file.mirrorCluster}"`;
  }
  return firstOf(Object.values(data), file);
}

function firstOf(values: readonly unknown[], file: FileEdits): string | undefined {
  for (const value of values) {
    const found = traces(value, file);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Weighted clusters of a route have a name too, and no address. */
function isCluster(value: Record<string, unknown>): boolean {
  return 'load_assignment' in value || 'connect_timeout' in value || 'loadAssignment' in value;
}

function withoutVersion(data: unknown): unknown {
  if (!isRecord(data)) return data;
  return Object.fromEntries(Object.entries(data).filter(([key]) => key !== 'version_info' && key !== 'versionInfo'));
}

/** Whether `less` is `more` with fields and elements left out and nothing else done to it. */
function isReduced(less: unknown, more: unknown): boolean {
  if (Array.isArray(less) && Array.isArray(more)) {
    let next = 0;
    return less.every((item) => {
      while (next < more.length && !isReduced(item, more[next])) next++;
      return next++ < more.length;
    });
  }
  if (isRecord(less) && isRecord(more)) {
    return Object.entries(less).every(([key, value]) => Object.hasOwn(more, key) && isReduced(value, more[key]));
  }
  return Object.is(less, more);
}
