import { type Document, isAlias, isMap, isScalar, isSeq, type ParsedNode, parseAllDocuments } from 'yaml';
import { MAX_DEPTH, shapeProblem } from './shape.ts';

export type ParsedDocument = Document.Parsed<ParsedNode>;

/**
 * All documents of a text, or why it cannot be read. Unlike for an edit that adds something, repeated keys, aliases and
 * several documents are no obstacle: what is taken out is told apart from them.
 */
export function readDocuments(text: string): Documents {
  const known = lastRead?.deref();
  if (known?.text === text) return known.documents;
  const documents = parse(text);
  lastRead = new WeakRef({ text, documents });
  return documents;
}

type Documents = readonly ParsedDocument[] | { problem: string; offset: number };

/** One strip reads the same text up to nine times, and a text of 1 MiB takes up to ten seconds. Nobody changes a document. */
let lastRead: WeakRef<{ readonly text: string; readonly documents: Documents }> | undefined;

function parse(text: string): Documents {
  try {
    const documents = parseAllDocuments(text, {
      keepSourceTokens: true,
      merge: false,
      prettyErrors: false,
      uniqueKeys: false,
    });
    if (!Array.isArray(documents)) return [];
    const error = documents.flatMap((document) => document.errors)[0];
    if (error !== undefined) return { problem: error.message.trim(), offset: error.pos[0] };
    const deep = documents
      .map(({ contents }) => shapeProblem(contents, false))
      .find((problem) => problem !== undefined);
    if (deep !== undefined) return { problem: `nested in more than ${MAX_DEPTH} levels`, offset: deep.offset };
    // Without errors every document is a parsed one.
    return documents as readonly ParsedDocument[];
  } catch (error) {
    return { problem: String(error), offset: 0 };
  }
}

/**
 * What a parsed text says, without how it is written: values with their kind, keys in order and also repeated ones, aliases,
 * anchors and tags. `without`: nodes and pairs to leave out.
 */
export function outline(node: unknown, without: ReadonlySet<unknown>): unknown {
  if (isAlias(node)) return ['alias', node.source];
  if (isMap(node)) {
    const pairs = node.items.filter((pair) => !without.has(pair));
    return [
      'map',
      node.anchor,
      node.tag,
      pairs.map(({ key, value }) => [outline(key, without), outline(value, without)]),
    ];
  }
  if (isSeq(node)) {
    const items = node.items.filter((item) => !without.has(item));
    return ['list', node.anchor, node.tag, items.map((item) => outline(item, without))];
  }
  if (isScalar(node)) return [typeof node.value, node.anchor, node.tag, String(node.value)];
  return 'nothing';
}

export function sameOutline(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
