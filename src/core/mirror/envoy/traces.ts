import { type Node, visit } from 'yaml';
import { cursorAt } from './cut.ts';
import { findClusterElements } from './findClusters.ts';
import { findPolicies, type PolicyField } from './findPolicies.ts';
import { outline, type ParsedDocument, readDocuments } from './outline.ts';
import type { ParsedFile } from './parse.ts';
import type { Mark } from './recognise.ts';
import { Refusal } from './refusal.ts';
import { endOf } from './splice.ts';

export interface StripTarget {
  /** Copies of the experiment's requests carry it, and so does every policy that the operator writes. */
  readonly mark: Mark;
  /** Where it is known: policies to it in exactly our form are ours also when their mark has been taken out. */
  readonly mirrorCluster?: string | undefined;
  /** Whether the operator has added the mirror cluster; undefined: a cluster in exactly our form counts as added. */
  readonly clusterAdded?: boolean | undefined;
}

/** Lines of a file, for a message; 1-based, in the text as it is after the strip. */
export interface Trace {
  readonly key: string;
  readonly first: number;
  readonly last: number;
  readonly what: string;
}

/** The policies in a text that are ours or may be. */
export function copyingIn(key: string, text: string, target: StripTarget): Trace[] {
  const documents = readDocuments(text);
  if ('problem' in documents) return unreadable(key, text, target, documents);
  return documents.flatMap((document) =>
    policiesIn(document, target)
      .flatMap(({ policies }) => policies)
      .filter(({ owner }) => owner !== 'others')
      .map(({ node, cluster }) => trace(key, text, document, node, `a mirror policy to "${cluster ?? ''}"`)),
  );
}

/** Of a text that cannot be read, the lines that look like it: Envoy keeps the configuration that it has. */
function unreadable(
  key: string,
  text: string,
  { mark, mirrorCluster }: StripTarget,
  { problem, offset }: { problem: string; offset: number },
): Trace[] {
  const marked = text.toLowerCase().includes(mark.header.toLowerCase()) && text.includes(mark.value);
  if (!marked && mirrorCluster === undefined) return [];
  const lines = text.split('\n').flatMap((line, index) => (/request_?mirror_?policies/i.test(line) ? [index + 1] : []));
  const why = `the file cannot be read (line ${lineOf(text, offset)}: ${problem})`;
  return lines.map((line) => ({ key, first: line, last: line, what: `mirror policies; ${why}` }));
}

/** What may be ours and copies nothing. `suspects`: outlines of routes that may be our copies. */
export function leftIn(
  key: string,
  text: string,
  target: StripTarget,
  suspects: readonly string[],
  clusters: ReadonlySet<string>,
): Trace[] {
  const known = new Set(suspects);
  return documentsOf(text).flatMap((document) => {
    const traces: Trace[] = [];
    visit(document, {
      Map(_key, node) {
        if (known.size === 0 || !known.has(JSON.stringify(outline(node, new Set())))) return;
        traces.push(trace(key, text, document, node, 'a route that may be the operator’s copy of the one below it'));
      },
    });
    if (target.clusterAdded === false) return traces;
    const elements = [...clusters].flatMap((name) =>
      findClusterElements(document, name).map((each) => ({ ...each, name })),
    );
    return [
      ...traces,
      ...elements
        .filter(({ recognised }) => recognised || target.clusterAdded === true)
        .map(({ node, name }) => trace(key, text, document, node, `the cluster "${name}"`)),
    ];
  });
}

function trace(key: string, text: string, document: ParsedDocument, node: Node, what: string): Trace {
  const first = node.range?.[0] ?? 0;
  const end = lastOffset(parsedFile(key, text, document), node) ?? first;
  return { key, first: lineOf(text, first), last: lineOf(text, Math.max(first, end - 1)), what };
}

function lastOffset(file: ParsedFile, node: Node): number | undefined {
  try {
    return endOf(at(file, node), node);
  } catch (error) {
    if (error instanceof Refusal) return node.range?.[1];
    throw error;
  }
}

export function policiesIn(document: ParsedDocument, target: StripTarget): readonly PolicyField[] {
  const known = new Set(target.mirrorCluster === undefined ? [] : [target.mirrorCluster]);
  return findPolicies(document, target.mark, known);
}

export function documentsOf(text: string): readonly ParsedDocument[] {
  const documents = readDocuments(text);
  return 'problem' in documents ? [] : documents;
}

export function parsedFile(key: string, text: string, document: ParsedDocument): ParsedFile {
  return { key, text, document, lineAt: (offset) => lineOf(text, offset) };
}

export function at(file: ParsedFile, node: Node) {
  return cursorAt(file, node, 'mirror');
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
