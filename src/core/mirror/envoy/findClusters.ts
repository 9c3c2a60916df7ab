import { isMap, isNode, isScalar, isSeq, type Node, visit, type YAMLSeq } from 'yaml';
import { isRecord } from '../../kubernetes/fields.ts';
import { type ParsedDocument, readDocuments } from './outline.ts';
import { isMirrorCluster } from './recognise.ts';

/** A cluster's definition, in a bootstrap's or a discovery file's list. */
export interface ClusterElement {
  readonly list: YAMLSeq<unknown>;
  readonly index: number;
  readonly node: Node;
  /** Whether it is, field by field, what we add. */
  readonly recognised: boolean;
}

/** The definitions of a cluster of that name. */
export function findClusterElements(document: ParsedDocument, name: string): readonly ClusterElement[] {
  const root = document.contents;
  const lists = [
    document.getIn(['static_resources', 'clusters'], true),
    document.getIn(['staticResources', 'clusters'], true),
    document.getIn(['resources'], true),
  ];
  if (!isMap(root)) return [];
  return lists.filter(isSeq).flatMap((list) =>
    list.items.flatMap((node, index) => {
      if (!isNode(node)) return [];
      const data: unknown = node.toJS(document);
      if (!isRecord(data) || data.name !== name) return [];
      return [{ list, index, node, recognised: isMirrorCluster(data) }];
    }),
  );
}

/** Whether a name occurs as a value anywhere but in `except`. What it is there for is not asked: in doubt it is needed. */
export function refersTo(document: ParsedDocument, name: string, except: Node | undefined): boolean {
  let found = false;
  visit(document, {
    Node(key, node) {
      if (node === except) return visit.SKIP;
      if (key === 'key' || !isScalar(node) || node.value !== name) return undefined;
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

/** Whether a name occurs as a value in any of the texts; one that cannot be read may have it. */
export function isNamed(texts: readonly string[], name: string): boolean {
  return texts.some((text) => {
    const documents = readDocuments(text);
    return 'problem' in documents || documents.some((document) => refersTo(document, name, undefined));
  });
}
