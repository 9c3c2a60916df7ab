import { isMap, isScalar, isSeq, type Node, type YAMLSeq } from 'yaml';
import { type Comment, commentsOf } from './comments.ts';
import { cutField, cutItem, emptyList, itemRange } from './cut.ts';
import { cutPieces, type Piece } from './cutPieces.ts';
import { findClusterElements, refersTo } from './findClusters.ts';
import { isCopyOfNext, mayBeCopyOfNext, type PolicyField, type RouteElement } from './findPolicies.ts';
import { outline, type ParsedDocument, readDocuments } from './outline.ts';
import type { ParsedFile } from './parse.ts';
import { unsupported } from './splice.ts';
import { at, copyingIn, documentsOf, leftIn, parsedFile, policiesIn, type StripTarget, type Trace } from './traces.ts';

export interface StripResult {
  /** The files that have changed, with their new text. */
  readonly files: Record<string, string>;
  /** Policies that still copy requests: they could not be taken out, or may be somebody else's. */
  readonly copying: readonly Trace[];
  /** What was left beside and copies nothing: routes that look like our copies, and the cluster. */
  readonly left: readonly Trace[];
}

/**
 * Takes the mirror out of texts that others have changed, without a record of what was put in: it is recognised by what it
 * says. First every mirror policy of ours; then a copied route that is still identical to the one below it; then the
 * mirror cluster, when it has our form and nothing names it any more; and the version that we gave the file. A copied route
 * or cluster that others have changed stays: without a policy, neither copies anything. All other text stays byte for byte,
 * and what is read from it stays the same.
 *
 * Unlike addMirror it takes texts with templates, aliases and repeated keys, because it only takes out what it recognises.
 * Never throws for what a text contains.
 */
export function stripMirror(current: Readonly<Record<string, string>>, target: StripTarget): StripResult {
  const clusters = new Set(target.mirrorCluster === undefined ? [] : [target.mirrorCluster]);
  const texts = new Map(Object.entries(current));
  const suspects: string[] = [];
  for (const [key, text] of texts) {
    const stripped = stripPolicies({ key, text }, target, suspects, clusters);
    texts.set(key, stripped === text ? text : stripVersion(key, stripped));
  }
  if (target.clusterAdded !== false) {
    for (const cluster of clusters) stripCluster(texts, cluster);
  }
  return {
    files: Object.fromEntries([...texts].filter(([key, text]) => text !== current[key])),
    copying: [...texts].flatMap(([key, text]) => copyingIn(key, text, target)),
    left: [...texts].flatMap(([key, text]) => leftIn(key, text, target, suspects, clusters)),
  };
}

/** Policies, copied routes with them; again and again, as what was taken out may have stood around the next one. */
function stripPolicies(
  file: { key: string; text: string },
  target: StripTarget,
  suspects: string[],
  clusters: Set<string>,
): string {
  let { text } = file;
  for (;;) {
    const documents = documentsOf(text);
    const comments = documents.length > 0 ? commentsOf(text) : [];
    const pieces = documents.flatMap((document) => {
      const parsed = parsedFile(file.key, text, document);
      const ours = policiesIn(document, target).filter(({ policies }) =>
        policies.some(({ owner }) => owner === 'ours'),
      );
      return ours.map((field) => {
        for (const { owner, cluster } of field.policies) {
          if (owner === 'ours' && cluster !== undefined) clusters.add(cluster);
        }
        const policy = policyPiece(parsed, field);
        if (field.route === undefined) return policy;
        if (mayBeCopyOfNext(document, field.route, ours)) suspects.push(outlineWithout(field.route, field, policy));
        return isCopyOfNext(document, field) ? routePiece(parsed, field.route, comments, policy) : policy;
      });
    });
    const next = cutPieces(text, documents, pieces);
    if (next === text) return text;
    text = next;
  }
}

function policyPiece(file: ParsedFile, { map, index, pair, policies }: PolicyField): Piece {
  const list = isSeq(pair.value) ? pair.value : undefined;
  const first = policies.find(({ owner }) => owner === 'ours')?.node;
  const others = policies.some(({ owner }) => owner !== 'ours');
  if (others && list !== undefined && first !== undefined) {
    return { cut: () => cutItem(at(file, list), list.items.indexOf(first)), without: [first] };
  }
  const whole: Piece = { cut: () => cutField(at(file, map), index), without: [pair] };
  if (list === undefined) return whole;
  const emptied: Piece = { cut: () => emptyList(at(file, list)), without: list.items };
  return map.items.length === 1 ? emptied : { ...whole, instead: emptied };
}

/** The whole copy; but not where it has a comment that the route below it does not have: somebody has written into it. */
function routePiece(file: ParsedFile, route: RouteElement, comments: readonly Comment[], instead: Piece): Piece {
  const list = at(file, route.list);
  const commentsIn = ([start, end]: [number, number]): string[] =>
    comments.flatMap(({ offset, text }) => (offset >= start && offset < end ? [text] : []));
  const cut = () => {
    const original = new Set(commentsIn(itemRange(list, route.index + 1)));
    if (commentsIn(itemRange(list, route.index)).some((comment) => !original.has(comment)))
      throw unsupported(at(file, route.item), 'has a comment of its own');
    return cutItem(list, route.index, true);
  };
  return { cut, without: [route.item], instead };
}

/** What a route says once our policies are gone, to find it again when it stays and people are to be told of it. */
function outlineWithout(route: RouteElement, { policies }: PolicyField, piece: Piece): string {
  const ours = policies.flatMap(({ owner, node }) => (owner === 'ours' ? [node] : []));
  const gone = ours.length === policies.length ? piece.without : ours;
  return JSON.stringify(outline(route.item, new Set(gone)));
}

/** The version that addMirror writes; Envoy needs none, and this one says that the mirror is in. */
function stripVersion(key: string, text: string): string {
  const documents = documentsOf(text);
  const pieces = documents.flatMap((document) => {
    const root = document.contents;
    if (!isMap(root)) return [];
    return root.items.flatMap((pair, index): Piece[] => {
      const name = isScalar(pair.key) ? pair.key.value : undefined;
      const version = isScalar(pair.value) ? pair.value.value : undefined;
      if (name !== 'version_info' && name !== 'versionInfo') return [];
      if (typeof version !== 'string' || !/^mirror-[0-9a-f]{16}$/.test(version)) return [];
      return [{ cut: () => cutField(at(parsedFile(key, text, document), root as Node), index), without: [pair] }];
    });
  });
  return cutPieces(text, documents, pieces);
}

function stripCluster(texts: Map<string, string>, name: string): void {
  for (const [key, text] of texts) {
    const documents = documentsOf(text);
    const pieces = documents.flatMap((document) =>
      findClusterElements(document, name)
        .filter(({ recognised, node }) => recognised && !isNeeded(texts, key, documents, name, node))
        .map(({ list, index, node }) => listPiece(parsedFile(key, text, document), list, index, node)),
    );
    texts.set(key, cutPieces(text, documents, pieces));
  }
}

/** Whether anything in any of the files names the cluster; a file that cannot be read may. */
function isNeeded(
  texts: ReadonlyMap<string, string>,
  key: string,
  own: readonly ParsedDocument[],
  name: string,
  definition: Node,
): boolean {
  return [...texts].some(([each, text]) => {
    const documents = each === key ? own : readDocuments(text);
    if ('problem' in documents) return true;
    return documents.some((document) => refersTo(document, name, definition));
  });
}

function listPiece(file: ParsedFile, list: YAMLSeq<unknown>, index: number, node: Node): Piece {
  const cursor = at(file, list);
  return { cut: () => (list.items.length === 1 ? emptyList(cursor) : cutItem(cursor, index)), without: [node] };
}
