import { isCollection, isMap, isScalar, isSeq, type Node, type YAMLSeq } from 'yaml';
import type { Cursor, Field, Path } from './cursor.ts';
import type { Plain } from './desired.ts';
import { Refusal } from './refusal.ts';
import { renderField, renderFlow, renderFlowField, renderItem, type Style } from './render.ts';
import { columnOf, lineStart } from './style.ts';

/** What a splice does to the plain data; the check after the edit compares with it. */
export type Change =
  | { kind: 'set'; path: Path; key: string; value: Plain }
  | { kind: 'append'; path: Path; value: Plain }
  | { kind: 'copy'; path: Path; index: number; changes: Change[] };

/** Replaces the text from `start` to `end`, offsets in the text as it was. */
export interface Splice {
  start: number;
  end: number;
  text: string;
  change: Change;
}

/** Adds a field to a map, behind the field `after`. */
export function addField(map: Cursor, after: Field | undefined, key: string, value: Plain, style: Style): Splice {
  const change: Change = { kind: 'set', path: map.path, key, value };
  const node = map.map;
  if (node === undefined) throw unsupported(map, 'is not a map');
  if (node.flow === true) {
    const json = style.json || after?.key.type === 'QUOTE_DOUBLE';
    const previous = after === undefined ? undefined : (after.value.node ?? after.key);
    return { ...behindFlowItem(map, previous, after?.key, renderFlowField(key, value, json), style), change };
  }
  if (after === undefined) throw unsupported(map, 'is empty');
  const column = columnOf(map.file.text, rangeOf(after.key, map)[0]);
  return { ...behindBlock(map, after.value.node ?? after.key, column, renderField(key, value, style), style), change };
}

/** Adds a field to a map, in front of the field `before`. */
export function addFieldInFront(map: Cursor, before: Field, key: string, value: Plain, style: Style): Splice {
  const { text } = map.file;
  const change: Change = { kind: 'set', path: map.path, key, value };
  const start = rangeOf(before.key, map)[0];
  const indent = text.slice(lineStart(text, start), start);
  if (map.map?.flow !== true) {
    const lines = renderField(key, value, style);
    const lineBreak = style.eol + ' '.repeat(indent.length);
    return { start, end: start, text: lines.join(lineBreak) + lineBreak, change };
  }
  const separator = indent.trim() === '' && start > indent.length ? style.eol + indent : ' ';
  const json = style.json || before.key.type === 'QUOTE_DOUBLE';
  return { start, end: start, text: `${renderFlowField(key, value, json)},${separator}`, change };
}

/** Adds an element behind the last one of a list. */
export function addItem(list: Cursor, value: Plain, style: Style): Splice {
  const change: Change = { kind: 'append', path: list.path, value };
  const node = list.list;
  if (node === undefined) throw unsupported(list, 'stands where Envoy has a list, and is none');
  const last = node.items.at(-1) as Node | null | undefined;
  if (node.flow === true) {
    return {
      ...behindFlowItem(
        list,
        last ?? undefined,
        last ?? undefined,
        renderFlow(value, style.json || hasQuotedKeys(node)),
        style,
      ),
      change,
    };
  }
  const dash = dashOffset(list, node, node.items.length - 1);
  if (last === undefined || last === null) throw unsupported(list, 'ends with an empty element');
  return { ...behindBlock(list, last, columnOf(list.file.text, dash), renderItem(value, style), style), change };
}

/** Puts a copy of an element, with edits that lie within it, in front of the element. */
export function copyItem(list: Cursor, index: number, edits: readonly Splice[], style: Style): Splice {
  const node = list.list;
  const item = node?.items[index] as Node | null | undefined;
  if (node === undefined || item === undefined || item === null) {
    throw unsupported(list, 'stands where Envoy has a list, and is none');
  }
  const { text } = list.file;
  const flow = node.flow === true;
  const start = flow ? rangeOf(item, list)[0] : dashOffset(list, node, index);
  const end = flow ? rangeOf(item, list)[1] : endOfLine(list, item).at;
  const shifted = edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
  const copy = applySplices(text.slice(start, end), shifted);
  const indent = text.slice(lineStart(text, start), start);
  const change: Change = { kind: 'copy', path: list.path, index, changes: edits.map((edit) => edit.change) };
  if (flow) {
    const separator = indent.trim() === '' && start > indent.length ? `,${style.eol}${indent}` : ', ';
    return { start, end: start, text: copy + separator, change };
  }
  if (indent.trim() !== '') throw unsupported(list, 'begins on the line of another list');
  return { start, end: start, text: copy + (copy.endsWith('\n') ? '' : style.eol) + indent, change };
}

/** Replaces a field's value by a string. */
export function replaceScalar(map: Cursor, field: Field, value: string): Splice {
  const { node } = field.value;
  const change: Change = { kind: 'set', path: map.path, key: String(field.key.value), value };
  if (!isScalar(node) || node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    throw unsupported(map, `has a "${String(field.key.value)}" that does not stand on the line of its key`);
  }
  const [start, end] = rangeOf(node, map);
  const space = /[\s]/.test(map.file.text[start - 1] ?? ' ') ? '' : ' ';
  return { start, end, text: space + renderFlow(value, true), change };
}

/** The text after all splices, which must not overlap. */
export function applySplices(text: string, splices: readonly Omit<Splice, 'change'>[]): string {
  let result = text;
  let bound = Number.POSITIVE_INFINITY;
  for (const { start, end, text: inserted } of splices.toSorted((a, b) => b.start - a.start)) {
    if (end > bound || start === bound || start < 0 || end > text.length) {
      throw new Refusal('EditUnsafe', 'two edits of the config overlap. Please report this config as a bug.');
    }
    bound = start;
    result = result.slice(0, start) + inserted + result.slice(end);
  }
  return result;
}

type Insertion = Omit<Splice, 'change'>;

function behindFlowItem(
  owner: Cursor,
  previous: Node | undefined,
  lead: Node | undefined,
  inserted: string,
  style: Style,
): Insertion {
  const { text } = owner.file;
  if (previous === undefined || lead === undefined) {
    const at = rangeOf(owner.node, owner)[0] + 1;
    return { start: at, end: at, text: inserted };
  }
  const at = rangeOf(previous, owner)[1];
  const begin = rangeOf(lead, owner)[0];
  const indent = text.slice(lineStart(text, begin), begin);
  const separator = indent.trim() === '' && begin > indent.length ? style.eol + indent : ' ';
  return { start: at, end: at, text: `,${separator}${inserted}` };
}

function behindBlock(owner: Cursor, previous: Node, column: number, lines: string[], style: Style): Insertion {
  const { at, lineBreak } = endOfLine(owner, previous);
  const indented = lines.map((line) => ' '.repeat(column) + line).join(style.eol);
  return { start: at, end: at, text: lineBreak ? indented + style.eol : style.eol + indented };
}

/**
 * Where the last line of a block node ends. `lineBreak`: whether that is behind its line break, as for block scalars,
 * whose line breaks are part of them.
 */
export function endOfLine(owner: Cursor, node: Node): { at: number; lineBreak: boolean } {
  const { text } = owner.file;
  const end = endOf(owner, node);
  if (text[end - 1] === '\n') return { at: end, lineBreak: true };
  const rest = /^[ \t]*(?:#[^\r\n]*)?(?=\r?\n|$)/.exec(text.slice(end));
  if (rest === null) throw unsupported(owner, 'has more on its last line than can be told apart');
  return { at: end + rest[0].length, lineBreak: false };
}

/** End of the last thing in a node; block collections' own ranges may reach into the space behind them. */
export function endOf(owner: Cursor, node: Node): number {
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (isMap(node)) {
      const pair = node.items.at(-1);
      const end = pair?.value ?? pair?.key;
      if (isNodeLike(end)) return endOf(owner, end);
    } else if (isNodeLike(last)) {
      return endOf(owner, last);
    }
    throw unsupported(owner, 'ends with something empty');
  }
  return rangeOf(node, owner)[1];
}

/** Lists know where they begin, not where their dashes are; the parser's tokens do. */
export function dashOffset(owner: Cursor, node: YAMLSeq<unknown>, index: number): number {
  const token = node.srcToken;
  if (token?.type === 'block-seq') {
    const dashes = token.items.flatMap((item) => item.start.filter(({ type }) => type === 'seq-item-ind'));
    const dash = dashes[index];
    if (dash !== undefined && dashes.length === node.items.length) return dash.offset;
  }
  throw unsupported(owner, 'is a list whose dashes cannot be found');
}

function hasQuotedKeys(node: YAMLSeq<unknown>): boolean {
  const first = node.items[0];
  const key = isMap(first) ? first.items[0]?.key : undefined;
  return isScalar(key) && key.type === 'QUOTE_DOUBLE';
}

function isNodeLike(value: unknown): value is Node {
  return isScalar(value) || isCollection(value);
}

export function rangeOf(node: unknown, owner: Cursor): [number, number] {
  if (isScalar(node) || isMap(node) || isSeq(node)) {
    if (node.range !== null && node.range !== undefined) return [node.range[0], node.range[1]];
  }
  throw unsupported(owner, 'has a part without a place in the text');
}

export function unsupported(cursor: Cursor, what: string): Refusal {
  return new Refusal(
    'ConfigFormUnsupported',
    `${cursor.file.key}, line ${cursor.line}: "${cursor.path.join('.')}" ${what}, so it cannot be edited without ` +
      'rewriting it. Write it as Envoy documents it: lists with "- ", one field a line.',
  );
}
