import { isMap, isNode, isPair, isScalar, isSeq, type Scalar } from 'yaml';

/** Protobuf reads no more levels of messages than this, and neither does Envoy, which reads a config as protobuf. */
export const MAX_DEPTH = 100;

/** Why a parsed text is not worked on. Offsets are UTF-16 units. */
export interface ShapeProblem {
  readonly what: 'too deep' | 'duplicate key';
  readonly offset: number;
}

/**
 * The first thing that makes a parsed text unfit to be worked on. Everything that walks it later calls itself for every
 * level, so that its depth has to be bounded; and the parser's own search for repeated keys compares each with each, which
 * takes minutes for a file of 1 MiB. Neither recurses nor slows down, whatever the text.
 * @param uniqueKeys whether a key that is twice in a map is a problem
 */
export function shapeProblem(root: unknown, uniqueKeys: boolean): ShapeProblem | undefined {
  const open: { node: unknown; depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (depth > MAX_DEPTH) return { what: 'too deep', offset: offsetOf(node) };
    const repeated = uniqueKeys && isMap(node) ? repeatedKey(node.items) : undefined;
    if (repeated !== undefined) return { what: 'duplicate key', offset: offsetOf(repeated) };
    if (!isMap(node) && !isSeq(node)) continue;
    for (const item of node.items.toReversed()) {
      const parts = isPair(item) ? [item.value, item.key] : [item];
      for (const part of parts) open.push({ node: part, depth: depth + 1 });
    }
  }
  return undefined;
}

function repeatedKey(items: readonly { readonly key: unknown }[]): Scalar | undefined {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) return key;
    seen.add(key.value);
  }
  return undefined;
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
