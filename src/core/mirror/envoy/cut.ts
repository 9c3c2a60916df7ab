import type { Node } from 'yaml';
import { Cursor } from './cursor.ts';
import type { ParsedFile } from './parse.ts';
import { dashOffset, endOf, endOfLine, rangeOf, unsupported } from './splice.ts';
import { lineStart } from './style.ts';

/** A piece of text to take out; `text` is what has to stand there instead, mostly nothing. */
export interface Cut {
  start: number;
  end: number;
  text: string;
}

/** Takes a field out of a map. Throws a Refusal where that cannot be done without rewriting what stands around it. */
export function cutField(map: Cursor, index: number): Cut {
  const pair = map.map?.items[index];
  if (map.map === undefined || pair === undefined) throw unsupported(map, 'is not a map');
  const start = rangeOf(pair.key, map)[0];
  const last = (pair.value ?? pair.key) as Node;
  if (map.map.flow === true) return cutFlow(map, start, rangeOf(last, map)[1]);
  const next = map.map.items[index + 1];
  return cutLines(map, start, endOfLine(map, last), next === undefined ? undefined : rangeOf(next.key, map)[0]);
}

/** Takes an element out of a list that has others. `inFront`: it was put in front of the next one. */
export function cutItem(list: Cursor, index: number, inFront = false): Cut {
  const node = list.list;
  const item = node?.items[index] as Node | null | undefined;
  if (node === undefined || item === undefined || item === null) throw unsupported(list, 'has no such element');
  if (node.flow === true) return cutFlow(list, ...rangeOf(item, list), inFront);
  const next = index + 1 < node.items.length ? dashOffset(list, node, index + 1) : undefined;
  return cutLines(list, dashOffset(list, node, index), endOfLine(list, item), next);
}

/** Empties a list. */
export function emptyList(list: Cursor): Cut {
  const { node } = list;
  if (node === null) throw unsupported(list, 'is not there');
  const flow = list.list?.flow === true || list.map?.flow === true;
  // One column more than the key above, which a list may share its column with and "[]" may not.
  return { start: rangeOf(node, list)[0], end: endOf(list, node), text: flow ? '[]' : ' []' };
}

/** Where an element of a list stands, with the comments on its lines. */
export function itemRange(list: Cursor, index: number): [number, number] {
  const node = list.list;
  const item = node?.items[index] as Node | null | undefined;
  if (node === undefined || item === undefined || item === null) throw unsupported(list, 'has no such element');
  if (node.flow === true) return rangeOf(item, list);
  return [dashOffset(list, node, index), endOfLine(list, item).at];
}

/** Whole lines; or, for the first thing behind a dash, up to the next thing, which takes its place there. */
function cutLines(
  owner: Cursor,
  start: number,
  { at, lineBreak }: { at: number; lineBreak: boolean },
  next: number | undefined,
): Cut {
  const { text } = owner.file;
  const line = lineStart(text, start);
  if (text.slice(line, start).trim() !== '') {
    if (next !== undefined && text.slice(at, next).trim() === '') return { start, end: next, text: '' };
    return { start, end: at, text: '' };
  }
  const lineEnd = lineBreak ? '' : (/^\r?\n/.exec(text.slice(at, at + 2))?.[0] ?? '');
  if (lineBreak || lineEnd !== '') return { start: line, end: at + lineEnd.length, text: '' };
  // The last line of a file that does not end with a line break, and neither shall it afterwards.
  const before = /\r?\n$/.exec(text.slice(0, line))?.[0] ?? '';
  return { start: line - before.length, end: at, text: '' };
}

/**
 * With one comma: the one in front, with which addMirror puts a thing behind another; or the one behind, for the first of a
 * collection and for a copy that was put in front of its original.
 */
function cutFlow(owner: Cursor, start: number, end: number, inFront = false): Cut {
  const { text } = owner.file;
  const before = inFront ? null : /,\s*$/.exec(text.slice(0, start));
  if (before !== null) return { start: start - before[0].length, end, text: '' };
  const behind = /^\s*,[ \t]*/.exec(text.slice(end));
  if (behind === null) return { start, end, text: '' };
  const at = end + behind[0].length;
  // What stands on the next line moves up; a comment between stays with what it is about.
  const space = /^\s*(?![\s#])/.exec(text.slice(at))?.[0] ?? '';
  return { start, end: at + space.length, text: '' };
}

/** A cursor for a node found by walking the tree, for messages and for the cuts. */
export function cursorAt(file: ParsedFile, node: Node | null, what: string): Cursor {
  return new Cursor(file, node, [what]);
}
