import { isMap, isScalar, isSeq, type Node, visit } from 'yaml';
import type { ParsedFile } from './parse.ts';
import type { Style } from './render.ts';

/** The file's own habits: its first line ending, and the indentations that most of its maps and lists have. */
export function styleOf(file: ParsedFile): Style {
  const mapIndents = new Map<number, number>();
  const listIndents = new Map<number, number>();
  visit(file.document, {
    Pair(_key, pair, path) {
      const parent = path.at(-1);
      if (!isScalar(pair.key) || !isMap(parent) || parent.flow === true) return;
      const keyColumn = columnOf(file.text, start(pair.key));
      if (isMap(pair.value) && pair.value.flow !== true) {
        count(mapIndents, columnOf(file.text, start(pair.value)) - keyColumn);
      } else if (isSeq(pair.value) && pair.value.flow !== true) {
        count(listIndents, columnOf(file.text, start(pair.value)) - keyColumn);
      }
    },
  });
  return {
    json: isJson(file.text),
    eol: /\r?\n/.exec(file.text)?.[0] ?? '\n',
    mapIndent: Math.max(1, mostFrequent(mapIndents) ?? 2),
    listIndent: Math.max(0, mostFrequent(listIndents) ?? 0),
  };
}

/** Whether a text is JSON, not only YAML. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\ufeff/, ''));
    return true;
  } catch {
    return false;
  }
}

/** 0-based column of an offset. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

export function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith('\ufeff') ? 1 : start;
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function count(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function mostFrequent(counts: Map<number, number>): number | undefined {
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
