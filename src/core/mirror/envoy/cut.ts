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

/** Takes an element out of a list that has others. */
export function cutItem(list: Cursor, index: number): Cut {
  const node = list.list;
  const item = node?.items[index] as Node | null | undefined;
  if (node === undefined || item === undefined || item === null) throw unsupported(list, 'has no such element');
  if (node.flow === true) return cutFlow(list, ...rangeOf(item, list));
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

/** The text that an element of a list takes up, with the comments on its lines. */
export function itemText(list: Cursor, index: number): string {
  const node = list.list;
  const item = node?.items[index] as Node | null | undefined;
  if (node === undefined || item === undefined || item === null) throw unsupported(list, 'has no such element');
  const { text } = list.file;
  if (node.flow === true) return text.slice(...rangeOf(item, list));
  return text.slice(dashOffset(list, node, index), endOfLine(list, item).at);
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

/** With the comma that belongs to it: the one behind it, or else the one in front. */
function cutFlow(owner: Cursor, start: number, end: number): Cut {
  const { text } = owner.file;
  const behind = /^\s*,[ \t]*/.exec(text.slice(end));
  if (behind === null) {
    const before = /,\s*$/.exec(text.slice(0, start))?.[0] ?? '';
    return { start: start - before.length, end, text: '' };
  }
  const at = end + behind[0].length;
  // What stands on the next line moves up; a comment between stays with what it is about.
  const space = /^\s*(?![\s#])/.exec(text.slice(at))?.[0] ?? '';
  return { start, end: at + space.length, text: '' };
}

/** A cursor for a node found by walking the tree, for messages and for the cuts. */
export function cursorAt(file: ParsedFile, node: Node | null, what: string): Cursor {
  return new Cursor(file, node, [what]);
}
